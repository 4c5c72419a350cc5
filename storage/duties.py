"""Who does what when several processes share one PostgreSQL database: session-level locks.

A lock lives as long as the connection that took it, so a process that dies gives its duties back
by dying. The connection is a session of its own, straight to PostgreSQL: a pooler that hands it to
others between statements would lose the locks, which `still_held` notices.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from storage.database import Database


class LocksLostError(Exception):
    """The connection that held this process's duties is gone: others may have them by now."""


class Locks:
    """The duties this process has, by name. One statement at a time on one connection."""

    def __init__(self, connection: Any, installation: str) -> None:  # noqa: ANN401 - asyncpg has no types
        self._connection = connection
        self._installation = installation
        self._turn = asyncio.Lock()
        self._held: set[str] = set()
        self.broken = asyncio.Event()
        connection.add_termination_listener(lambda _connection: self.broken.set())

    async def take(self, duty: str) -> bool:
        """Try to get it; False when another process has it. Raises `LocksLostError`."""
        got = await self._ask("SELECT pg_try_advisory_lock($1)", self._key(duty))
        if got:
            self._held.add(duty)
        return bool(got)

    async def give_back(self, duty: str) -> None:
        """Let another process have it. Raises `LocksLostError`."""
        await self._ask("SELECT pg_advisory_unlock($1)", self._key(duty))
        self._held.discard(duty)

    async def still_held(self) -> bool:
        """Does PostgreSQL agree on what we have? Raises `LocksLostError` if it does not answer."""
        async with self._turn:
            expected = len(self._held)
            found = await self._fetch(
                "SELECT count(*) FROM pg_locks "
                "WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"
            )
        return bool(found == expected)

    async def _ask(self, statement: str, *args: object) -> object:
        async with self._turn:
            return await self._fetch(statement, *args)

    async def _fetch(self, statement: str, *args: object) -> object:
        try:
            return await self._connection.fetchval(statement, *args)
        except Exception as error:
            raise LocksLostError(type(error).__name__) from None

    def _key(self, duty: str) -> int:
        return lock_key(f"{self._installation}/{duty}")


@asynccontextmanager
async def open_locks(database: Database, installation: str) -> AsyncIterator[Locks]:
    """The locks of this process; leaving gives all of them back."""
    async with database.line("duties") as connection:
        yield Locks(connection, installation)


async def take_turn(session: AsyncSession) -> None:
    """Let one process at a time decide things, until the transaction ends.

    On SQLite a writing transaction is alone anyway. Handlers read, decide and write; on
    PostgreSQL two at once could each miss what the other is just writing.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(TURN)


def lock_key(name: str) -> int:
    """The number PostgreSQL knows a lock by."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


TURN = text(f"SELECT pg_advisory_xact_lock({lock_key('tocsin/turn')})")
"""Waits until no other transaction of this database has its turn."""
