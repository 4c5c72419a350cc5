"""Duties: what exactly one process does at a time, however many share the database.

Each platform account is a duty (listening, its inbox rows and its outbox rows belong together:
the pace is per account, and a chat's order must hold), and so is the clock. On SQLite there is one
process and every duty is its own. On PostgreSQL a duty is a lock on one connection: whoever dies
gives it back by dying, and a process that stands by takes it over at its next try.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from storage.database import Database
from storage.duties import Locks, LocksLostError, open_locks

log = structlog.get_logger()

RETRY = 2.0
"""Seconds between two looks: whether a duty is free, and whether ours are still ours.

A lost connection is missed here after RETRY and the database's time-out for an answer (3 s), and
by PostgreSQL after 8 s: whoever is cut off stops before another begins.
"""


class DutyLostError(Exception):
    """This process may no longer do what it does: another one may be doing it already."""


class Duties:
    """What this process is to do. `locks` is None where there can be no other process."""

    def __init__(self, locks: Locks | None) -> None:
        self._locks = locks

    @asynccontextmanager
    async def hold(self, duty: str, stand_by: Callable[[], None]) -> AsyncIterator[None]:
        """Wait until the duty is ours, and give it back at the end.

        `stand_by` is called when another process has it. Raises `DutyLostError`.
        """
        if self._locks is not None:
            await self._wait_for(self._locks, duty, stand_by)
        try:
            yield
        finally:
            if self._locks is not None:
                await self._give_back(self._locks, duty)

    async def watch(self) -> None:
        """Make sure, for ever, that what was taken is still ours. Raises `DutyLostError`."""
        if self._locks is None:
            await asyncio.Event().wait()
            return
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY):
                    await self._locks.broken.wait()
            try:
                ours = await self._locks.still_held()
            except LocksLostError as error:
                raise _lost(str(error)) from None
            if not ours:
                raise _lost("the locks are gone")

    async def _wait_for(self, locks: Locks, duty: str, stand_by: Callable[[], None]) -> None:
        waited = False
        try:
            while not await locks.take(duty):
                if not waited:
                    log.info("standing by", duty=duty)
                    stand_by()
                waited = True
                await asyncio.sleep(RETRY)
        except LocksLostError as error:
            raise _lost(str(error)) from None
        log.info("taking over" if waited else "on duty", duty=duty)

    async def _give_back(self, locks: Locks, duty: str) -> None:
        with suppress(LocksLostError):  # then it is given back already
            await locks.give_back(duty)


def _lost(reason: str) -> DutyLostError:
    log.error("duties lost", reason=reason)
    return DutyLostError(
        "The connection to PostgreSQL that keeps this process's duties was lost, so it stops. "
        "Nothing accepted is lost; start it again (a supervisor does). If this comes again, check "
        "that [database] url leads straight to PostgreSQL, not through a pooler."
    )


@asynccontextmanager
async def open_duties(database: Database, installation: str) -> AsyncIterator[Duties]:
    """The duties of this process; leaving gives all of them back."""
    if database.is_sqlite:
        yield Duties(None)
        return
    async with open_locks(database, installation) as locks:
        yield Duties(locks)
