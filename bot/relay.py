"""Outbox → platform, one relay a platform: claim, compose, send, settle.

The claim is committed before the request leaves and the outcome after it, so whenever the
process dies, exactly the rows it was sending are doubtful, never more than `WORKERS`. One
transaction writes down what has landed and claims what goes next: a commit costs the same for
one row as for many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.attempt import Attempt
from bot.bell import Bell
from bot.buttons import Signer
from bot.composer import Composer
from bot.inquiry import Inquiry
from bot.pacer import Pacer
from bot.platforms.base import Platform
from bot.stock import Stock
from bot.watch import Watch
from handlers.registry import HELD_WHEN_DOUBTFUL
from storage import keepsakes, outbox, settling
from storage.crashpoints import crashpoint
from storage.database import Database
from storage.outbox import Claim
from storage.settling import Outcome

log = structlog.get_logger()

WORKERS = 8
"""Requests in flight at once, and so the most that can be doubtful after a crash."""

_NOTICE_WORKERS = 6  # two stay free for replies
_QUEUED = 2  # notices claimed ahead of their moment: more would only be more doubt
_POLL = 1.0  # seconds; the bell is usually faster
_GRACE = 6.0  # seconds for what is on its way when the program is asked to stop
_LOOKING_BACK = 30.0  # seconds at most before anything new is sent
_LONG_FREEZE = 10.0  # seconds from which on a freeze is remembered over a restart

_PACED_STOCK, _UNPACED_STOCK = 16, 64  # notices looked up at once


class Relay:
    """Carries one platform's part of the outbox. `pacer` tells how fast, and until when not."""

    def __init__(
        self,
        database: Database,
        platform: Platform,
        pacer: Pacer,
        composer: Composer,
        signer: Signer,
        *,
        queued: Bell,
        key_prefix: str,
        clock: Callable[[], int],
    ) -> None:
        self.pacer = pacer
        self._database = database
        self._platform = platform
        self._stirred = Bell(rung_by=queued)
        self._clock = clock
        self._inquiry = Inquiry(platform, pacer)
        self._attempt = Attempt(
            platform, pacer, composer, signer, self._inquiry, key_prefix=key_prefix, clock=clock
        )
        self._watch = Watch()
        self._turning: asyncio.Task[bool] | None = None
        self._sending: dict[asyncio.Task[None], Claim] = {}
        self._landed: list[Outcome] = []
        self._stock = Stock(platform.name, queued, _PACED_STOCK if pacer.rate else _UNPACED_STOCK)
        self._frozen_noted = 0

    async def run(self) -> None:
        """Recover from the last stop, then carry for ever."""
        async with asyncio.TaskGroup() as tasks:
            pacing = tasks.create_task(self.pacer.run())
            try:
                await self._recover()
                await self._carry(tasks)
            except asyncio.CancelledError:
                await self._finish()
                raise
            finally:
                pacing.cancel()

    async def _recover(self) -> None:
        name = self._platform.name
        async with self._database.read() as session:
            until = await keepsakes.load(session, name, "frozen until")
        if until and int(until) > self._clock():
            self.pacer.stay_frozen(int(until) - self._clock())
        arrived = await self._look_back()
        async with self._database.write() as session:
            now = self._clock()
            await settling.settle(session, arrived, now)
            doubtful = await settling.recover(
                session,
                name,
                idempotent=self._platform.idempotent,
                hold=HELD_WHEN_DOUBTFUL,
                now=now,
            )
            crashpoint("recovering")
        crashpoint("recovered")
        if doubtful:
            log.warning("deliveries in doubt", platform=name, count=doubtful)

    async def _look_back(self) -> list[Outcome]:
        """What has certainly arrived of the deliveries that were on their way."""
        if not self._inquiry.possible:
            return []
        async with self._database.read() as session:
            claims = await outbox.in_flight(session, self._platform.name)
            await self._inquiry.load(session)
        arrived: list[Outcome] = []

        async def look(claim: Claim) -> None:
            outcome = await self._attempt.look_back(claim)
            if outcome is not None:
                arrived.append(outcome)

        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOKING_BACK), asyncio.TaskGroup() as looking:
                for claim in claims:
                    looking.create_task(look(claim))
        return arrived

    async def _carry(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            rounds = self._stirred.rounds
            self._turning = tasks.create_task(self._turn(tasks))
            if not await asyncio.shield(self._turning):  # a claim never goes without its sending
                await self._stirred.wait(rounds, self._patience())

    def _patience(self) -> float:
        """Seconds until there may be something to do though no bell rings."""
        frozen = self.pacer.frozen_for
        return min(frozen, _POLL) if frozen else _POLL

    async def _turn(self, tasks: asyncio.TaskGroup) -> bool:
        """Settle what has landed, claim what goes next, begin to send it; was there anything?"""
        landed, self._landed = self._landed, []
        async with self._database.write() as session:
            now = self._clock()
            await settling.settle(session, landed, now)
            await self._watch.over(session, landed, now)
            await self._note_freeze(session, now)
            claims = await self._claim(session, landed, now)
            await self._inquiry.note(session, claims, self._sending.values(), now)
            if landed:
                crashpoint("settling")
        if landed:
            crashpoint("settled")
        if claims:
            crashpoint("claimed")
        for claim in claims:
            task = tasks.create_task(self._deliver(claim))
            self._sending[task] = claim
        return bool(landed or claims)

    async def _claim(
        self, session: AsyncSession, landed: Sequence[Outcome], now: int
    ) -> Sequence[Claim]:
        free = WORKERS - len(self._sending)
        if free <= 0 or self.pacer.frozen_for > 0:
            return ()
        notices = sum(claim.lane != outbox.REPLIES for claim in self._sending.values())
        ahead = _QUEUED - self.pacer.waiting if self.pacer.rate else free
        room = max(0, min(free, _NOTICE_WORKERS - notices, ahead))
        busy = {claim.address for claim in self._sending.values()}
        return await self._stock.draw(session, landed, now, replies=free, notices=room, busy=busy)

    async def _deliver(self, claim: Claim) -> None:
        task = asyncio.current_task()
        outcome = await self._attempt.make(claim)
        self._landed.append(outcome)
        if task is not None:
            del self._sending[task]
        self._stirred.ring()

    async def _note_freeze(self, session: AsyncSession, now: int) -> None:
        """A long flood wait outlives a restart: sending into it would only make it longer."""
        frozen = self.pacer.frozen_for
        if frozen > _LONG_FREEZE and abs(self._frozen_noted - now - int(frozen)) > 1:
            self._frozen_noted = now + int(frozen)
            until = str(self._frozen_noted + 1)
            await keepsakes.save(session, self._platform.name, "frozen until", until)

    async def _finish(self) -> None:
        """Let what is on its way arrive and be written down, so that nothing is in doubt."""
        self.pacer.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                if self._turning is not None:
                    await asyncio.wait([self._turning])
                if self._sending:
                    await asyncio.wait(list(self._sending))
        landed, self._landed = self._landed, []
        async with self._database.write() as session:
            await settling.settle(session, landed, self._clock())
