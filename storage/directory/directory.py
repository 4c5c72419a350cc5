"""Reads the embassy directory: which state has a mission where, for which countries.

It is a published list that changes with a release, not with use, so it stays a file that people
can read, compare and correct line by line; no table, no migration, nothing to keep in step.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from storage.directory.merging import GONE
from storage.directory.rows import FIELDS, Note, read_notes

KINDS = frozenset({
    "embassy", "high-commission", "nunciature", "de-facto-embassy", "diplomatic-mission",
    "interests-section", "representative-office", "permanent-mission",
    "consulate-general", "consulate", "de-facto-consulate",
})  # fmt: skip

_COUNTRY = re.compile(r"[A-Z]{2}")


class DirectoryError(Exception):
    """The directory's file is missing or damaged; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Mission:
    """One embassy or consulate: who sent it, where it stands, for whom it is responsible."""

    id: str
    sending: str  # ISO 3166-1 alpha-2, plus XK
    host: str  # the country the building stands in, which is not always one it serves
    kind: str  # one of KINDS
    name: str  # English
    city: str  # the city people know, not the district the source names; "" if unknown
    jurisdictions: tuple[str, ...]  # the countries it is responsible for; empty for consulates
    address: str
    phone: str  # E.164
    fax: str  # E.164
    email: str
    website: str
    as_of: str  # ISO date of the newest thing known about it
    age: Mapping[str, str]  # for each filled field: the ISO date of what its source said
    source: Mapping[str, str]  # for each filled field: the source's name
    checked: str  # ISO date when a second source agreed on a phone or an e-mail; mostly ""
    flags: tuple[str, ...]  # known doubts about the row, explained in SOURCES.md
    # For each field: the ISO date when a second source said the same.
    confirmed: Mapping[str, str] = field(default_factory=dict)
    phone_raw: str = ""  # the number as its source prints it, also where it cannot be called


class Directory:
    """The directory; reads the rows of a sending state when it is first asked for them."""

    def __init__(self, ours: Path, refreshed: Path | None = None) -> None:
        self._ours = ours
        self._refreshed = refreshed
        self._stamp: tuple[Path, int] = (ours, -1)
        self._sources: dict[str, str] = {}  # key → name
        self._cities: dict[str, str] = {}  # "GB City of Westminster" → "London"
        self._read: dict[str, tuple[Mission, ...]] = {}
        self._version = ""
        self._look()

    @classmethod
    def open(cls, path: Path | None = None, *, refreshed: Path | None = None) -> Directory:
        """The directory in `path` (missions.csv with its tables beside it), or our own.

        As soon as there is a file at `refreshed`, that one is read instead.
        """
        return cls(path or Path(__file__).with_name("missions.csv"), refreshed)

    @property
    def shipped(self) -> Path:
        """The file that came with this release."""
        return self._ours

    @property
    def path(self) -> Path:
        """The file that is read now."""
        refreshed = self._refreshed
        return refreshed if refreshed is not None and refreshed.exists() else self._ours

    def _look(self) -> None:
        """Whether the file has changed since it was read; then everything is read anew."""
        path = self.path
        stamp = (path, path.stat().st_mtime_ns if path.exists() else 0)
        if stamp != self._stamp:
            self._read, self._version, self._stamp = {}, "", stamp
            self._sources = {it[0]: it[1] for it in _table(path.with_name("sources.csv"), 3)}
            districts = _table(path.with_name("districts.csv"), 3)
            self._cities = {f"{host} {district}": city for host, district, city in districts}

    def missions(self, sending: str) -> tuple[Mission, ...]:
        """The missions of one state, in the file's order; empty for a state without any.

        Without those that two refreshes in a row did not find any more. A file that was refreshed
        meanwhile is read anew.
        """
        self._look()
        if sending not in self._read:
            found = self._missions(lambda line: line.split(",", 2)[1:2] == [sending])
            self._read[sending] = tuple(it for it in found if not _is_gone(it))
        return self._read[sending]

    def check(self) -> int:
        """Read every row and count them; raises `DirectoryError` at the first bad one."""
        self._look()
        return sum(1 for _ in self._missions(lambda _: True))

    def version(self) -> str:
        """Twelve hex digits that change when any of the directory's files does."""
        self._look()
        if not self._version:
            names = (self.path.name, "sources.csv", "districts.csv")
            files = (self.path.with_name(name).read_bytes() for name in names)
            self._version = hashlib.sha256(b"\0".join(files)).hexdigest()[:12]
        return self._version

    def _missions(self, wanted: Callable[[str], bool]) -> Iterator[Mission]:
        """Rows whose raw line is wanted. One row is one line, so most need no CSV parsing."""
        lines = _lines(self.path)
        columns = _columns(self.path, next(lines, ""))
        for number, line in enumerate(lines, start=2):
            if wanted(line):
                try:
                    yield self._mission(_cells(line, columns))
                except (ValueError, csv.Error) as why:
                    raise DirectoryError(f"{self.path.name}, line {number}: {why}") from None

    def _mission(self, row: dict[str, str]) -> Mission:
        _require_codes(row)
        notes = self._notes(row["field_sources"])
        if set(notes) != {field for field in FIELDS if row[field]}:
            raise ValueError("field_sources does not name exactly the filled fields")
        return Mission(
            id=row["mission_id"],
            sending=row["sending"],
            host=row["host"],
            kind=row["kind"],
            name=row["name"],
            city=self._cities.get(f"{row['host']} {row['city']}", row["city"]),
            jurisdictions=tuple(row["jurisdictions"].split()),
            phone_raw=row["phone_raw"],
            **{field: row[field] for field in FIELDS},
            as_of=_iso(row["as_of"]),
            age={field: note.day for field, note in notes.items()},
            source={field: self._sources[note.source] for field, note in notes.items()},
            confirmed={field: it.checked for field, it in notes.items() if it.checked},
            checked=_iso(row["date_checked"]) if row["date_checked"] else "",
            flags=tuple(row["flags"].split()),
        )

    def _notes(self, text: str) -> dict[str, Note]:
        """Each field's date and source."""
        notes = read_notes(text)
        for note in notes.values():
            if note.source not in self._sources:
                raise ValueError(f"source {note.source!r} is not in sources.csv")
            for day in filter(None, (note.day, note.checked)):
                _iso(day)
        return notes


def _is_gone(mission: Mission) -> bool:
    return any(flag.startswith(GONE) for flag in mission.flags)


def _require_codes(row: dict[str, str]) -> None:
    for code in (row["sending"], row["host"], *row["jurisdictions"].split()):
        if not _COUNTRY.fullmatch(code):
            raise ValueError(f"{code!r} is not a two-letter country code")
    if row["kind"] not in KINDS:
        raise ValueError(f"{row['kind']!r} is not a kind of mission")


def _iso(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _cells(line: str, columns: list[str]) -> dict[str, str]:
    cells = next(csv.reader([line], strict=True), [])
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells, but {len(columns)} columns")
    return dict(zip(columns, cells, strict=True))


_COLUMNS = {
    "mission_id", "sending", "host", "kind", "name", "city", "jurisdictions",
    "as_of", "date_checked", "flags", "field_sources", "phone_raw", *FIELDS,
}  # fmt: skip


def _columns(path: Path, header: str) -> list[str]:
    columns = header.split(",")
    if columns[:2] != ["mission_id", "sending"] or not _COLUMNS.issubset(columns):
        missing = ", ".join(sorted(_COLUMNS - set(columns))) or "mission_id, sending first"
        raise DirectoryError(f"{path.name}, line 1: the header lacks {missing}")
    return columns


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from (line.rstrip("\r\n") for line in file)
    except (OSError, UnicodeDecodeError) as why:
        raise DirectoryError(f"{path.name} cannot be read: {why}") from why


def _table(path: Path, width: int) -> list[list[str]]:
    """The rows of one of the small tables, without its header."""
    rows = list(csv.reader(_lines(path)))[1:]
    for number, row in enumerate(rows, start=2):
        if len(row) != width:
            raise DirectoryError(f"{path.name}, line {number}: {len(row)} cells, not {width}")
    return rows
