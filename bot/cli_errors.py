"""Errors that people can put right, as one sentence and a remedy."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Sequence

from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from bot.app import AlreadyRunningError
from bot.backup import BackupError
from bot.config import ConfigError
from bot.directory.refresh import RefreshError
from bot.directory.shown import CoverageError
from bot.duty import DutyLostError
from bot.import_campaign import RefusedError
from bot.organiser import OrganiserError
from bot.platforms.base import Unusable
from storage.cases import CaseElsewhereError
from storage.directory import DirectoryError
from storage.schema import SchemaError
from storage.vault import VaultError

_SPEAKING = (
    AlreadyRunningError,
    BackupError,
    CoverageError,
    DirectoryError,
    DutyLostError,
    OrganiserError,
    RefreshError,
    SchemaError,
    Unusable,
    VaultError,
)
_DISK_FULL = (
    "The disk is full. Nothing that was accepted is lost. Free some space and start Tocsin again."
)
_NO_ANSWER = (
    "Nothing answers at the address in [database] url. Check it, and that the server runs."
)
_DATABASE = (
    ("disk is full", _DISK_FULL),
    (
        "readonly",
        "The database cannot be written. Give Tocsin's user the right to write its folder.",
    ),
    (
        "not a database",
        "The database file is damaged or something else. Restore it from a backup.",
    ),
    ("malformed", "The database file is damaged. Restore it from a backup."),
    ("locked", "Another program holds the database. Stop it, then start Tocsin again."),
)


def explain(error: BaseException) -> list[str] | None:
    """What to tell the person; None for a fault of ours, which deserves a traceback."""
    for cause in _causes(error):
        lines = _explain_one(cause)
        if lines is not None:
            return lines
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The errors inside groups, outermost first."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)


def _explain_one(error: BaseException) -> list[str] | None:
    lines: list[str] | None = None
    match error:
        case ConfigError():
            lines = ["The configuration cannot be used:", *_listed(error.problems)]
        case RefusedError():
            lines = ["Nothing was imported:", *_listed(error.lines)]
        case CaseElsewhereError():
            lines = [f"The case {error} belongs to another campaign. Give this one another id."]
        case DBAPIError():
            lines = [_database(error)]
        case PostgresError():  # refused while connecting: nothing has wrapped it yet
            lines = [f"The database refuses: {error}. Check [database] url."]
        case ConnectionError() | TimeoutError() | socket.gaierror():
            lines = [_NO_ANSWER]
        case OSError():
            lines = [_system(error)]
        case _ if isinstance(error, _SPEAKING):
            lines = [str(error)]
    return lines


def _listed(problems: Sequence[object]) -> list[str]:
    return [f"  {problem}" for problem in problems]


def _database(error: DBAPIError) -> str:
    said = str(error.orig).lower()
    for sign, sentence in _DATABASE:
        if sign in said:
            return sentence
    return (
        f"The database cannot be used ({type(error.orig).__name__}). "
        "Check [database] url, and that the server runs, then start it again."
    )


def _system(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return _DISK_FULL
    if error.errno == errno.EADDRINUSE:
        return "The address of [web] listen is taken. Stop what uses it, or choose another port."
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or type(error).__name__}{where}. Check the path and its rights."
