"""Nudges from process to process over PostgreSQL: something was queued, look at the outbox.

They are hints. A lost one costs the second until the next look; rows are the truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from storage.database import CHANNEL, Database

log = structlog.get_logger()

_PROBE = 30.0  # seconds after which a silent connection is tried
_AGAIN = 2.0  # seconds between attempts to connect


async def hear(database: Database, ring: Callable[[], None]) -> None:
    """Ring whenever another process has queued something, for ever, whatever fails."""
    while True:
        try:
            await _hear_until_lost(database, ring)
        except Exception as error:
            log.warning("no nudges from other processes", fault=type(error).__name__)
        await asyncio.sleep(_AGAIN)


async def _hear_until_lost(database: Database, ring: Callable[[], None]) -> None:
    def heard(_connection: object, _pid: int, _channel: str, sender: str) -> None:
        if sender != database.name:
            ring()

    lost = asyncio.Event()
    async with database.line("chimes") as connection:
        connection.add_termination_listener(lambda _connection: lost.set())
        await connection.add_listener(CHANNEL, heard)
        ring()  # for what was missed meanwhile
        while not lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROBE):
                    await lost.wait()
            if not lost.is_set():
                await connection.fetchval("SELECT 1")
