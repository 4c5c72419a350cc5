"""`tocsin check`: what is wrong with this installation, and the remedy."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import aiohttp
import typer

from bot.app import open_storage
from bot.cli_errors import explain
from bot.config import Config, MatrixConfig
from bot.directory.refresh import folder_of, is_outdated, open_directory
from bot.platforms.base import Unusable
from handlers import casebook
from handlers.casebook import Dossier
from storage import schema
from storage.database import Database
from storage.directory import DirectoryError
from storage.vault import VaultError, open_vault

if TYPE_CHECKING:
    from bot.platforms.matrix.cross_signing import Own

_MARKS = {"ok": "✓", "warning": "!", "failure": "✗"}
_LEAST_FREE = 200 * 1024 * 1024  # bytes
_MOST_SKEW = 30  # seconds
_SAFE_SQLITE = (3, 51, 3)  # earlier ones can corrupt a WAL with several writers


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what, how it is, what to do about it."""

    result: Literal["ok", "warning", "failure"]
    subject: str
    said: str


Check = Callable[[Config], AsyncIterator[Finding]]


async def check(config: Config) -> int:
    """Look at everything and print it; 1 if something must be mended."""
    failures = set()
    for subject, examine in CHECKS.items():
        async for finding in _findings(subject, examine, config):
            if finding.said in failures:
                continue  # the same trouble, met again by the next check
            if finding.result == "failure":
                failures.add(finding.said)
            typer.echo(f"{_MARKS[finding.result]} {finding.subject}: {finding.said}")
    typer.echo("Nothing to mend." if not failures else f"To mend: {len(failures)}.")
    return 1 if failures else 0


async def _findings(subject: str, examine: Check, config: Config) -> AsyncIterator[Finding]:
    """What a check finds; what stops it is a finding too, and the next one is tried."""
    try:
        async for finding in examine(config):
            yield finding
    except Exception as error:
        lines = explain(error)
        if lines is None:
            raise
        yield Finding("failure", subject, " ".join(lines))


async def _configuration(config: Config) -> AsyncIterator[Finding]:
    names = ["telegram"] if config.telegram is not None else []
    names += [account.name for account in config.matrix]
    names += ["built-in chat"] if config.local.enabled else []
    yield Finding("ok", "configuration", f"talks on {', '.join(names)}")
    for warning in config.warnings:
        yield Finding("warning", "configuration", warning)
    if not config.organisers.owners:
        yield Finding(
            "warning",
            "organisers",
            "nobody may alert yet. Write /id to the bot; put its answer into [organisers] owners.",
        )


async def _key(config: Config) -> AsyncIterator[Finding]:
    path = config.secrets.key_file
    try:
        open_vault(path)
    except (VaultError, OSError) as error:
        yield Finding("failure", "key", str(error))
        return
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("failure", "key", f"others can read {path}. Run: chmod 600 {path}")
    else:
        yield Finding("ok", "key", str(path))


async def _database(config: Config) -> AsyncIterator[Finding]:
    async with _looked_at(config) as database:
        current = await schema.revision(database)
    refusal = schema.too_new(current)
    if refusal is not None:
        yield Finding("failure", "database", str(refusal))
    elif current is None:
        yield Finding("ok", "database", "new, made at the first start")
    elif current != schema.newest_revision():
        yield Finding("ok", "database", f"schema {current}, brought up to date at the next start")
    else:
        yield Finding("ok", "database", f"schema {current}")
    if database.is_sqlite and sqlite3.sqlite_version_info < _SAFE_SQLITE:
        yield Finding(
            "warning",
            "SQLite",
            f"{sqlite3.sqlite_version} can damage a database that several programs write. "
            "Tocsin writes through one connection only; do not write to it with other tools.",
        )


@asynccontextmanager
async def _looked_at(config: Config) -> AsyncIterator[Database]:
    """The database as it is: a check changes nothing in it."""
    database = Database(config.database.url, open_vault(config.secrets.key_file))
    try:
        yield database
    finally:
        await database.close()


async def _disk(config: Config) -> AsyncIterator[Finding]:
    folder = config.secrets.key_file.parent
    free = shutil.disk_usage(_existing(folder)).free
    said = f"{free // (1024 * 1024)} MB free at {folder}"
    if free < _LEAST_FREE:
        yield Finding("failure", "disk", f"only {said}. Free some space.")
    else:
        yield Finding("ok", "disk", said)


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


async def _directory(config: Config) -> AsyncIterator[Finding]:
    directory = open_directory(config)
    try:
        count = directory.check()
    except DirectoryError as error:
        yield Finding("failure", "embassy directory", str(error))
        return
    where = (
        f", refreshed: {directory.path}"
        if directory.path.is_relative_to(folder_of(config))
        else ""
    )
    if is_outdated(folder_of(config), directory):
        said = "This release brings a newer one. To use it: tocsin directory refresh"
        yield Finding("warning", "embassy directory", said)
    yield Finding("ok", "embassy directory", f"{count} missions{where}")


async def _campaigns(config: Config) -> AsyncIterator[Finding]:
    async with _looked_at(config) as database:
        current = await schema.revision(database)
        if current not in (None, schema.newest_revision()):
            return  # only readable once it is brought up to date
        dossiers = await _open_cases(database) if current else []
    if dossiers:
        yield Finding("ok", "cases", f"{len(dossiers)} open")
    else:
        yield Finding("warning", "cases", "none yet. Bring some in: tocsin import FILE.toml")


async def _open_cases(database: Database) -> list[Dossier]:
    async with database.read() as session:
        return await casebook.open_dossiers(session)


async def _telegram(config: Config) -> AsyncIterator[Finding]:
    if config.telegram is None:
        return
    from bot.platforms.telegram import Telegram  # noqa: PLC0415 - 40 MB, only if used

    account = Telegram(config.telegram.token.reveal(), api_url=config.telegram.api_url)
    yield await _account("telegram", account.describe)
    yield await _clock("telegram", config.telegram.api_url or "https://api.telegram.org")


async def _matrix(config: Config) -> AsyncIterator[Finding]:
    for account in config.matrix:
        async for finding in _findings(account.name, partial(_matrix_account, account), config):
            yield finding


async def _matrix_account(account: MatrixConfig, config: Config) -> AsyncIterator[Finding]:
    from bot.accounts import matrix_account  # noqa: PLC0415 - 40 MB, only if used

    async with open_storage(config) as storage:
        platform = matrix_account(account, storage.database)
        known = await _account(account.name, platform.describe)
        yield known
        if known.result == "ok":
            yield _identity(await platform.identity(), account)
    yield await _clock(account.name, account.homeserver)


async def _account(name: str, describe: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding("ok", name, await describe())
    except Unusable as error:
        return Finding("failure", name, str(error))


def _identity(own: Own, account: MatrixConfig) -> Finding:
    """Others compare the fingerprint; strict clients hide devices it does not vouch for."""
    subject = f"{account.name} identity"
    if own.vouched(account.user_id):
        return Finding("ok", subject, own.fingerprint)
    if own.master is None:
        said = "none yet, made at the first start: tocsin run"
    else:
        said = (
            f"{own.fingerprint} does not vouch for this device, so Element may hide what it "
            "writes. If `tocsin run` does not mend it within an hour, its log says why"
        )
    return Finding("warning", subject, said)


async def _clock(name: str, url: str) -> Finding:
    """Compare our clock with the server's: a wrong one reminds at the wrong time."""
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url) as answer:
            theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
        return Finding("warning", "clock", f"could not be compared with {name}'s")
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    if skew > _MOST_SKEW:
        return Finding(
            "failure",
            "clock",
            f"differs from {name}'s by {skew:.0f} seconds. Set up time synchronisation (NTP).",
        )
    return Finding("ok", "clock", f"agrees with {name}'s")


CHECKS: Mapping[str, Check] = {
    "configuration": _configuration,
    "key": _key,
    "disk": _disk,
    "database": _database,
    "cases": _campaigns,
    "embassy directory": _directory,
    "telegram": _telegram,
    "matrix": _matrix,
}
