"""Writes down how attempts ended: one writer, many outcomes a commit.

A commit costs the same for one outcome as for a hundred; whoever waits, waits a few milliseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from storage import outbox
from storage.database import Database
from storage.outbox import Outcome

_BATCH = 100


class Settler:
    """Collects outcomes and commits them together."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[Outcome, asyncio.Future[None]]] = asyncio.Queue()

    async def settle(self, outcome: Outcome) -> None:
        """Return when this outcome is durable."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((outcome, done))
        await asyncio.shield(done)  # a cancelled sender must not lose what is known already

    async def run(self) -> None:
        """Commit what comes, for ever."""
        while True:
            await self._commit([await self._waiting.get()])

    async def _commit(self, batch: list[tuple[Outcome, asyncio.Future[None]]]) -> None:
        while len(batch) < _BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        async with self._database.write() as session:
            await outbox.settle(session, [outcome for outcome, _ in batch], self._clock())
        for _, done in batch:
            if not done.done():
                done.set_result(None)

    async def drain(self) -> None:
        """Commit what is known before the process ends."""
        while not self._waiting.empty():
            await self._commit([self._waiting.get_nowait()])
