"""Opening the database: one writer on SQLite, a pool on PostgreSQL; every write in a transaction.

SQLite's defaults lose updates and forget foreign keys; the settings here are the ones that
measured safe: BEGIN IMMEDIATE on a single writer connection, WAL, synchronous FULL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult, Result, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from storage.vault import Vault

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=5000",
    "foreign_keys=ON",
    "secure_delete=ON",
)


class Database:
    """One database: `write()` for a transaction that commits at its end, `read()` to look."""

    def __init__(self, url: str, vault: Vault) -> None:
        self.url = async_url(url)
        self.vault = vault
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.writer = _sqlite_engine(self.url) if self.is_sqlite else _pool(self.url)
        self._reader = _sqlite_engine(self.url, read_only=True) if self.is_sqlite else self.writer
        info = {"vault": vault}
        self._writing = async_sessionmaker(self.writer, expire_on_commit=False, info=info)
        self._reading = async_sessionmaker(self._reader, expire_on_commit=False, info=info)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction: commits when the block ends well, leaves no trace when it raises."""
        async with self._writing.begin() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A consistent look at the rows; nothing can be changed in it."""
        async with self._reading() as session:
            yield session

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
        await self.writer.dispose()
        await self._reader.dispose()


def async_url(url: str) -> URL:
    """The URL of the configuration with the driver this program uses."""
    parsed = make_url(url)
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    return parsed.set(drivername=drivers[parsed.get_backend_name()])


def _pool(url: URL) -> AsyncEngine:
    return create_async_engine(url, pool_size=10, pool_pre_ping=True)


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
        for pragma in (*_PRAGMAS, *(["query_only=ON"] if read_only else [])):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def rows_of(result: Result[Any]) -> int:
    """How many rows a statement has changed."""
    return result.rowcount if isinstance(result, CursorResult) else 0
