"""`tocsin directory refresh`: ask the sources, merge what they list, and use it if it is sane.

The new file is written beside the old one, read as a whole, and only then put in its place; the
one before is kept. Whatever fails leaves the directory as it was.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import os
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import astuple, fields
from datetime import date, timedelta
from pathlib import Path

import aiohttp

from bot.config import Config
from bot.directory.germany import Germany
from bot.directory.sources import Courtesy, Source, SourceError
from bot.directory.wikidata import Wikidata
from storage.directory import Directory
from storage.directory.merging import Change, Merge, Outcome
from storage.directory.rows import read_rows, written

_RAW_DAYS = 90  # how long answers are kept: they hold names of diplomats
_TABLES = ("sources.csv", "districts.csv")
_STAMP = "release.sha256"  # of the shipped file that the refreshed one began with
_SAID = {
    Outcome.NEW: "new missions",
    Outcome.ADDED: "contacts added",
    Outcome.CHANGED: "contacts changed by their source",
    Outcome.REPLACED: "contacts replaced by a better source's",
    Outcome.KEPT: "contacts kept against a lesser source",
    Outcome.CONFIRMED: "contacts confirmed by a second source",
    Outcome.REFUSED: "contacts refused (unusable, or a person's own)",
    Outcome.MISSING: "missions no longer listed, for the first time",
    Outcome.GONE: "missions no longer listed, and offered no more",
    Outcome.BACK: "missions listed again",
}


class RefreshError(Exception):
    """The directory was left as it was; the message says why and what can be done."""


def folder_of(config: Config) -> Path:
    """Where the refreshed directory is kept."""
    return config.secrets.key_file.parent / "directory"


def open_directory(config: Config) -> Directory:
    """The embassy directory of an installation: the refreshed one, else the one we ship."""
    return Directory.open(refreshed=folder_of(config) / "missions.csv")


def sources_of(config: Config) -> list[Source]:
    """The sources that are switched on. Raises `RefreshError` if none is."""
    urls = {"wikidata": config.directory.wikidata_url, "germany": config.directory.germany_url}
    made: Mapping[str, Callable[[str], Source]] = {"wikidata": Wikidata, "germany": Germany}
    found = [made[name](urls[name]) for name in config.directory.sources]
    if not found:
        raise RefreshError("No source is switched on. Name some in [directory] sources.")
    return found


def contact_of(config: Config) -> str:
    """Who asks. Raises `RefreshError` if nobody can be named."""
    contact = config.directory.contact or config.web.public_url
    if not contact:
        raise RefreshError(
            "The sources want to know whom they can ask. "
            'Write contact = "you@example.org" into [directory].'
        )
    return contact


async def refresh(
    config: Config,
    wanted: Collection[str] = (),
    *,
    accept: bool = False,
    today: date,
    say: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[Change]:
    """Refresh it all, or only the missions of the `wanted` states; what has changed.

    `accept`: also changes so many that they look like a fault. Raises `RefreshError`.
    """
    folder, directory = folder_of(config), open_directory(config)
    sources, contact = sources_of(config), contact_of(config)
    directory.check()
    begin = _begin(folder, directory, wanted, say)
    columns, rows = read_rows(begin)
    merge = Merge(rows, today)
    raw = folder / "raw" / today.isoformat()
    _forget_raw(folder / "raw", today)
    seen = 0
    async with aiohttp.ClientSession() as http:
        for source in sources:
            keep = _keeper(raw)
            ask = Courtesy(http, contact, today, sleep=sleep, keep=keep)
            seen += await _merge_source(merge, source, ask, wanted, say)
    if not seen:
        raise RefreshError(f"Nothing is listed for {', '.join(wanted)}. Write codes as KZ.")
    report = folder / f"report-{today}.csv"
    report.touch(mode=0o600)
    report.write_text(_report(merge.changes), "utf-8")
    doubts = merge.suspicion()
    if doubts and not accept:
        raise RefreshError(
            f"So much at once looks like a fault: {'; '.join(doubts)}. Nothing was changed. "
            f"Read {report}, and if it is right, run this again with --accept."
        )
    _put_in_place(folder, begin, written(columns, merge.rows), sources)
    if begin == directory.shipped:
        (folder / _STAMP).write_text(_digest(begin), "utf-8")
    for line in summary(merge.changes):
        say(line)
    say(f"Every change is in {report}.")
    return merge.changes


def is_outdated(folder: Path, directory: Directory) -> bool:
    """Has a release brought newer rows than those that were once refreshed into `folder`?"""
    stamp = folder / _STAMP
    known = stamp.read_text("utf-8") if stamp.exists() else ""
    return (folder / "missions.csv").exists() and known != _digest(directory.shipped)


def _begin(
    folder: Path, directory: Directory, wanted: Collection[str], say: Callable[[str], None]
) -> Path:
    """The file that is refreshed: a new release's, once all states are asked about anyway."""
    if not is_outdated(folder, directory):
        return directory.path
    if wanted:
        say(
            "This release brings a newer directory. To use it, refresh once without naming states."
        )
        return directory.path
    say("This release brings a newer directory: it is the one that is refreshed.")
    return directory.shipped


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def _merge_source(
    merge: Merge,
    source: Source,
    ask: Courtesy,
    wanted: Collection[str],
    say: Callable[[str], None],
) -> int:
    """How many missions it lists."""
    seen = states = 0
    failed: list[str] = []
    try:
        async for answer in source.answers(ask, wanted):
            for listed in answer.listed:
                merge.take(listed)
            for listed, what, value in answer.refused:
                merge.refuse(listed, what, value)
            merge.miss(source.key, answer.sendings, answer.host)
            seen += len(answer.listed)
            states += len(answer.sendings)
            failed += answer.failed
    except SourceError as error:
        raise RefreshError(f"{source.called} gave no usable answer. {error}") from None
    if not seen and not wanted:
        raise RefreshError(f"{source.called} lists nothing. Nothing was changed; try again later.")
    say(f"{source.called}: {seen} missions of {states} states")
    if failed and wanted:
        raise RefreshError(
            f"{source.called} did not answer about {', '.join(failed)}. Nothing was changed; try "
            "again later."
        )
    if failed:
        say(f"  No answer about {', '.join(failed)}: what is known of them stays as it is.")
    return seen


def summary(changes: Collection[Change]) -> list[str]:
    """How often what has happened, in words."""
    counts = Counter(change.outcome for change in changes)
    found = [f"  {counts[outcome]} {said}" for outcome, said in _SAID.items() if counts[outcome]]
    return found or ["  nothing has changed"]


def _report(changes: Collection[Change]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.name for field in fields(Change))
    writer.writerows(astuple(change) for change in changes)
    return out.getvalue()


def _keeper(raw: Path) -> Callable[[str, bytes], None]:
    def keep(name: str, answer: bytes) -> None:
        raw.mkdir(parents=True, exist_ok=True, mode=0o700)
        (raw / f"{name}.json").write_bytes(answer)

    return keep


def _forget_raw(raw: Path, today: date) -> None:
    raw.mkdir(parents=True, exist_ok=True, mode=0o700)
    oldest = (today - timedelta(days=_RAW_DAYS)).isoformat()
    for day in raw.iterdir():
        if day.name < oldest:
            shutil.rmtree(day)


def _put_in_place(folder: Path, old: Path, text: str, sources: Collection[Source]) -> None:
    """Write it beside the old one, read it as a whole, and only then let it take its place."""
    new = folder / "new"
    new.mkdir(exist_ok=True)
    for name in _TABLES:
        shutil.copy(old.with_name(name), new / name)
    _add_sources(new / "sources.csv", sources)
    (new / "missions.csv").write_text(text, "utf-8")
    Directory.open(new / "missions.csv").check()
    current = folder / "missions.csv"
    if current.exists():
        shutil.copy(current, folder / "missions.before.csv")
    for name in (*_TABLES, "missions.csv"):  # missions last: their sources must be known by then
        os.replace(new / name, folder / name)  # noqa: PTH105 -- says that it is atomic
    new.rmdir()


def _add_sources(path: Path, sources: Collection[Source]) -> None:
    known = {line.partition(",")[0] for line in path.read_text("utf-8").splitlines()}
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for source in sources:
            if source.key not in known:
                writer.writerow([source.key, source.called, source.licence])
