"""Enqueueing: how long a notice for everybody takes, and how long the loop stands still."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass

from benchmarks.installation import CASE, Installation
from bot.app import clock, open_storage
from bot.config import load_config
from storage import notices, subscribers
from storage.database import Database
from storage.notices import About
from storage.outbox import ALERTS

_TICK = 0.001  # seconds


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What it took."""

    rows: int
    seconds: float  # with the commit
    stall: float  # the longest time nothing else could run in the loop


async def enqueue(made: Installation, times: int) -> Enqueued:
    """Tell everybody so many times, as an alert does; the slowest of them.

    Afterwards all of it counts as sent: it is what an installation has behind it.
    """
    async with open_storage(load_config(made.config)) as storage:
        await asyncio.to_thread(_settle, made)  # the loop's first thread is not what is measured
        took = [await _one(storage.database) for _ in range(times)]
    _settle(made)
    rows = min(it.rows for it in took)
    return Enqueued(rows, max(it.seconds for it in took), max(it.stall for it in took))


async def _one(database: Database) -> Enqueued:
    gaps: list[float] = [0.0]
    watching = asyncio.create_task(_watch(gaps))
    await asyncio.sleep(0.05)
    gaps.clear()
    began = time.perf_counter()
    async with database.write() as session:
        about = About(CASE, "KZ", ALERTS)
        notice = await notices.add(session, "alert", "{}", about, clock())
        who = subscribers.wants(CASE, "KZ", urgent=True)
        rows = await notices.fan_out(session, notice, who, clock())
    seconds = time.perf_counter() - began
    await asyncio.sleep(2 * _TICK)
    watching.cancel()
    return Enqueued(rows, seconds, max(gaps) - _TICK)


async def _watch(gaps: list[float]) -> None:
    """How far apart two turns of the loop are that should be a millisecond apart."""
    before = time.perf_counter()
    while True:
        await asyncio.sleep(_TICK)
        now = time.perf_counter()
        gaps.append(now - before)
        before = now


def _settle(made: Installation) -> None:
    with closing(sqlite3.connect(made.database)) as database, database:
        database.execute(
            "UPDATE deliveries SET state = 'sent', settled_at = due_at, attempts = 1, part = 1,"
            " refs = id WHERE state = 'pending'"
        )
        database.execute("UPDATE notices SET finished_at = created_at WHERE finished_at IS NULL")


def rows_of(made: Installation) -> int:
    """How many rows the outbox has."""
    with closing(sqlite3.connect(made.database)) as database:
        return int(database.execute("SELECT count(*) FROM deliveries").fetchone()[0])
