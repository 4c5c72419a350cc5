"""A large installation: memory in mid-broadcast, the first notice, the start after a kill."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.broadcast import prepare
from benchmarks.enqueue import Enqueued, enqueue, rows_of
from benchmarks.installation import OWNER, Installation, install
from benchmarks.ledger import Policy
from benchmarks.process import Tocsin, most_memory
from benchmarks.service import Service

_LOOK = 0.001  # seconds between two looks for the commit


@dataclass(frozen=True, slots=True)
class Crowd:
    """What it took."""

    people: int
    enqueued: Enqueued
    memory: float  # MB
    first: float  # seconds from the alert's commit to its first notice on the wire
    rows: int  # of the outbox, at the kill
    ready: float  # seconds from the start after the kill until it says that it is ready


async def crowd(people: int, history: int, sent: int) -> Crowd:
    """So many subscribers who have had so many alerts; kill the next after so many notices."""
    with tempfile.TemporaryDirectory() as folder:
        async with Service(Policy()) as service:
            made = await install(Path(folder), service.url, people)
            enqueued = await enqueue(made, history)
            async with Tocsin(made.config, unpaced=True) as program:
                await prepare(service)
                witness = _Witness(made)
                await service.presses(OWNER, "Send")
                await _until_sent(service, sent)
                first = (await service.figures()).first - witness.committed_at()
                memory = most_memory(program.pid)
                await program.kill()
            rows = rows_of(made)
            async with Tocsin(made.config, unpaced=True) as again:
                return Crowd(people, enqueued, memory, first, rows, again.seconds_to_ready)


async def _until_sent(service: Service, sent: int) -> None:
    async with asyncio.timeout(60 + sent / 20):
        while (await service.figures()).notices < sent:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)


class _Witness:
    """Looks into the database until it shows the alert's notice.

    Both clocks are the machine's: every process reads the same.
    """

    def __init__(self, made: Installation) -> None:
        self._made = made
        self._seen = 0.0
        self._before = self._notices()
        self._looking = threading.Thread(target=self._look, daemon=True)
        self._looking.start()

    def committed_at(self) -> float:
        """When another process could see it."""
        self._looking.join(timeout=60)
        return self._seen

    def _notices(self) -> int:
        with closing(sqlite3.connect(self._made.database)) as database:
            return int(database.execute("SELECT max(id) FROM notices").fetchone()[0] or 0)

    def _look(self) -> None:
        with closing(sqlite3.connect(self._made.database)) as database:
            while database.execute("SELECT max(id) FROM notices").fetchone()[0] == self._before:
                time.sleep(_LOOK)
            self._seen = time.monotonic()
