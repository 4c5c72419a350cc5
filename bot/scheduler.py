"""APScheduler ticking the JOBS table. It holds no state: what is due stands in the database.

Its default would skip a tick that is a second late; here late ticks run once, as soon as they can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.bell import Bell
from handlers.registry import JOBS, Job
from storage.crashpoints import crashpoint
from storage.database import Database
from storage.duties import take_turn
from storage.trouble import trouble_of

log = structlog.get_logger()

TICK = 1  # seconds
_SCRUB_EVERY = 600  # seconds after which no copy of an erased row is left in SQLite's log


class Scheduler:
    """Runs every job once a second, each in its own transaction."""

    def __init__(
        self,
        database: Database,
        *,
        queued: Bell,
        clock: Callable[[], int],
        jobs: Sequence[Job] = JOBS,
        ticked: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._queued = queued
        self._clock = clock
        self._jobs = jobs
        self._broken: asyncio.Future[None] | None = None
        self._ticked = ticked
        self._scrubbed = 0

    async def run(self) -> None:
        """Tick for ever. Raises when the database itself cannot be used any more."""
        self._broken = asyncio.get_running_loop().create_future()
        ticker = AsyncIOScheduler(timezone="UTC")
        ticker.add_job(
            self._tick_safely,
            "interval",
            seconds=TICK,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        await self._tick_safely()
        ticker.start()
        try:
            await self._broken
        finally:
            ticker.shutdown(wait=False)

    async def _tick_safely(self) -> None:
        try:
            await self.tick()
        except Exception as error:
            if self._broken is not None and not self._broken.done():
                self._broken.set_exception(error)

    async def tick(self) -> None:
        """Run every job now; one that fails does not stop the others."""
        now = self._clock()
        for job in self._jobs:
            try:
                async with self._database.write() as session:
                    await take_turn(session)
                    await job(session, now)
                    crashpoint("ticking")
                crashpoint("ticked")
            except Exception as error:
                if trouble_of(error) is not None:
                    raise
                log.error("job failed", job=job.__name__, fault=type(error).__name__)
        if now - self._scrubbed >= _SCRUB_EVERY:
            self._scrubbed = now
            await self._database.scrub()
        self._ticked()
        self._queued.ring()
