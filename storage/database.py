"""Opening the database: one writer on SQLite, a pool on PostgreSQL; every write in a transaction.

SQLite's defaults lose updates and forget foreign keys; the settings here are the ones that
measured safe: BEGIN IMMEDIATE on a single writer connection, WAL, synchronous FULL.
On PostgreSQL a transaction that queued deliveries tells the other processes so once it is over.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult, Result, event, func, select
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import NullPool

from storage.vault import Vault

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=5000",
    "foreign_keys=ON",
    "secure_delete=ON",
)
_READER = ("query_only=ON",)
# kB for the pages that a fan-out touches: with SQLite's own 2 MB it takes much longer.
_WRITER = (
    "cache_size=-32000",
    # Pages, 80 MB: else what a fan-out wrote is moved before its first notice may leave.
    "wal_autocheckpoint=20000",
)

CHANNEL = "tocsin_queued"
"""Where processes on one PostgreSQL database tell each other that there is something to send."""

_QUEUED = "queued"  # noted on a connection whose transaction put rows into the outbox
_GATHER = 0.05  # seconds in which transactions share one nudge
_GOODBYE = 2.0  # seconds the last nudge may take when the database is closed
# How soon the two ends of a connection of its own miss each other: PostgreSQL after 8 seconds,
# we after 5 (see bot/duty.py), so that nobody takes over a duty that is still being done.
_MISSED = {
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "8000",
}
_ANSWER = 3.0  # seconds an answer on such a connection may take


class Database:
    """One database: `write()` for a transaction that commits at its end, `read()` to look."""

    def __init__(self, url: str, vault: Vault) -> None:
        self.url = async_url(url)
        self.vault = vault
        self.name = secrets.token_hex(4)  # tells this process's nudges from others'
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.writer = _sqlite_engine(self.url) if self.is_sqlite else _pool(self.url)
        self._reader = _sqlite_engine(self.url, read_only=True) if self.is_sqlite else self.writer
        info = {"vault": vault}
        self._writing = async_sessionmaker(self.writer, expire_on_commit=False, info=info)
        self._reading = async_sessionmaker(self._reader, expire_on_commit=False, info=info)
        self.on_queued: Callable[[], None] = lambda: None
        """Called when a transaction that put something into the outbox has been committed."""
        self._untold = False
        self._telling: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction: commits when the block ends well, leaves no trace when it raises."""
        async with self._writing.begin() as session:
            yield session
            queued = await _has_queued(session)
        if queued:
            self.on_queued()
            if not self.is_sqlite:
                self._tell_others()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A consistent look at the rows; nothing can be changed in it."""
        async with self._reading() as session:
            yield session

    @asynccontextmanager
    async def line(self, purpose: str) -> AsyncIterator[Any]:
        """A PostgreSQL connection (asyncpg's) beside the pool, for as long as the block."""
        settings = {**_MISSED, "application_name": f"tocsin {purpose} {os.getpid()}"}
        engine = create_async_engine(
            self.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"server_settings": settings, "timeout": 5, "command_timeout": _ANSWER},
        )
        try:
            async with engine.connect() as connection:
                try:
                    yield (await connection.get_raw_connection()).driver_connection
                finally:
                    await connection.invalidate()  # closed, not tidied up: it may be broken
        finally:
            await engine.dispose()

    def _tell_others(self) -> None:
        """Nudge the other processes soon; many transactions at once share one nudge."""
        self._untold = True
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._untold:
            await asyncio.sleep(_GATHER)
            self._untold = False
            with suppress(DBAPIError, OSError):  # a hint: they look by themselves every second
                async with self.writer.connect() as connection:
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                    await connection.execute(select(func.pg_notify(CHANNEL, self.name)))

    async def scrub(self) -> None:
        """Leave no trace of erased rows in SQLite's log; PostgreSQL cleans up by itself.

        Deleted rows are overwritten at once (secure_delete), but older copies stay in the
        write-ahead log until it is emptied.
        """
        if not self.is_sqlite:
            return
        async with self.writer.connect() as connection:
            raw = await connection.get_raw_connection()  # a checkpoint cannot be in a transaction
            writer = raw.driver_connection
            if writer is not None:
                await writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def copy_to(self, target: Path) -> None:
        """Write a consistent copy of a SQLite database, readable by us only, and check it."""
        target.touch(mode=0o600, exist_ok=False)
        async with self.writer.connect() as connection:
            raw = await connection.get_raw_connection()  # VACUUM cannot be in a transaction
            writer = raw.driver_connection
            if writer is not None:
                await writer.execute("VACUUM INTO ?", (str(target),))
        check = sqlite3.connect(target)
        try:
            (result,) = check.execute("PRAGMA integrity_check").fetchone()
        finally:
            check.close()
        if result != "ok":
            raise sqlite3.DatabaseError("database disk image is malformed")

    async def close(self) -> None:
        """Close every connection."""
        if self._telling is not None:
            await asyncio.wait([self._telling], timeout=_GOODBYE)
        await self.writer.dispose()
        await self._reader.dispose()


def async_url(url: str) -> URL:
    """The URL of the configuration with the driver this program uses."""
    parsed = make_url(url)
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    return parsed.set(drivername=drivers[parsed.get_backend_name()])


def _pool(url: URL) -> AsyncEngine:
    names = {"server_settings": {"application_name": f"tocsin {os.getpid()}"}}
    engine = create_async_engine(url, pool_size=10, pool_pre_ping=True, connect_args=names)

    _note_what_is_queued(engine)
    return engine


def _note_what_is_queued(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        if statement.startswith("INSERT INTO deliveries"):
            connection.info[_QUEUED] = True


async def _has_queued(session: AsyncSession) -> bool:
    """Did this transaction put something into the outbox?"""
    await session.flush()
    connection = await session.connection()
    return bool(connection.info.pop(_QUEUED, False))


def _sqlite_engine(url: URL, *, read_only: bool = False) -> AsyncEngine:
    if url.database and not read_only:
        path = Path(url.database)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    engine = create_async_engine(
        url,
        pool_size=4 if read_only else 1,  # one writer: nobody upgrades a lock and fails
        max_overflow=0,
        pool_timeout=300,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, *(_READER if read_only else _WRITER)):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    if not read_only:
        _note_what_is_queued(engine)
    return engine


def rows_of(result: Result[Any]) -> int:
    """How many rows a statement has changed."""
    return result.rowcount if isinstance(result, CursorResult) else 0
