"""What one installation is: its database and key, opened; and that SQLite has one process only."""

from __future__ import annotations

import fcntl
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.config import Config
from storage import keepsakes, organisers, schema
from storage.database import Database
from storage.duties import take_turn
from storage.vault import Vault, open_vault


class AlreadyRunningError(Exception):
    """Another Tocsin works on this database."""


@dataclass(slots=True)
class Storage:
    """The opened database of one installation."""

    database: Database
    vault: Vault


@asynccontextmanager
async def open_storage(config: Config) -> AsyncIterator[Storage]:
    """The database, brought to this program's schema, with its owners as configured."""
    vault = open_vault(config.secrets.key_file)
    database = Database(config.database.url, vault)
    try:
        await schema.upgrade(database)
        async with database.write() as session:
            await take_turn(session)
            await organisers.keep_owners(session, config.organisers.owners, clock())
        yield Storage(database, vault)
    finally:
        await database.close()


def clock() -> int:
    """The time, in Unix seconds UTC."""
    return int(time.time())


async def installation_name(database: Database) -> str:
    """What makes this database unlike any other; made at the first start."""
    async with database.write() as session:
        await take_turn(session)
        name = await keepsakes.load(session, "tocsin", "installation")
        if name is None:
            name = secrets.token_hex(8)
            await keepsakes.save(session, "tocsin", "installation", name)
    return name


@asynccontextmanager
async def only_one(config: Config) -> AsyncIterator[None]:
    """Hold the lock of this installation. Raises `AlreadyRunningError` if somebody else does.

    SQLite takes one process. On PostgreSQL there may be several, which share out the duties.
    """
    if not config.database.url.startswith("sqlite"):
        yield
        return
    with _lock_file(Path(f"{config.secrets.key_file}.lock")) as file:
        _lock(file)
        yield


def _lock_file(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path.open("w")


def _lock(file: IO[str]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunningError(
            "Another Tocsin is running on this database. Stop it first, "
            "or give this one a configuration of its own."
        ) from None
