"""Merging what a source lists into the directory, field by field, with a report of every change.

Who wins: the host state's own list, then any other official list, then Wikidata. What a source no
longer shows is not deleted: it is marked, and offered no more once a later refresh misses it too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from storage.directory.rows import FIELDS, Note, Row, read_notes, write_notes

CONSULAR = frozenset({"consulate-general", "consulate", "de-facto-consulate"})
# The nearer to the front, the more of an embassy. A permanent mission speaks to an organisation,
# not to a country, and is on neither list: campaigns name it as a target of its own.
EMBASSY_LIKE = (
    "embassy", "high-commission", "nunciature", "de-facto-embassy",
    "diplomatic-mission", "interests-section", "representative-office",
)  # fmt: skip
MISSING, GONE = "missing:", "gone:"  # flags with a date behind them
ASSUMED = "jurisdiction_assumed"  # the source names no country; the host was taken

_OWN_LIST_OF = {"de": "DE", "ie": "IE", "wf": "US"}  # the host state whose own list a source is
_WIKIDATA = {"wd", "wq"}  # an export of 2022 and the service itself are one source
_FOR_TRAVELLERS = re.compile(r"acs|cons|visa|passport", re.IGNORECASE)
_SECOND_LOOK = 7  # days between two refreshes that count as two
_MOST_CHANGED, _MOST_GONE, _AT_LEAST = 0.10, 0.20, 10
_MOST_ADDED, _MOST_NEW = 0.50, 0.20


class Outcome(StrEnum):
    """What became of one value or mission."""

    ADDED = "added"  # nothing was known before
    CHANGED = "changed"  # the same source says something else now
    REPLACED = "replaced"  # a better source says something else
    KEPT = "kept"  # a lesser source says something else
    CONFIRMED = "confirmed"  # a second source says the same
    NEW = "new mission"
    MISSING = "missing"  # its source does not show it any more
    GONE = "gone"  # and did not show it in an earlier refresh either
    BACK = "back"
    REFUSED = "refused"  # cannot be used, or must not


@dataclass(frozen=True, slots=True)
class Listed:
    """One mission as a source lists it; `values` by field, normalised, only what can be used."""

    source: str  # key of sources.csv
    source_id: str
    sending: str
    host: str
    kind: str
    name: str  # English, made by us
    as_of: str  # ISO date
    city: str = ""
    jurisdictions: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    phone_raw: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the report."""

    outcome: Outcome
    mission_id: str
    sending: str
    host: str
    what: str  # a field, or "mission"
    old: str = ""
    old_source: str = ""
    new: str = ""
    new_source: str = ""


class Merge:
    """The rows of the directory while sources are merged into them."""

    def __init__(self, rows: Sequence[Row], today: date) -> None:
        self.rows = [dict(row) for row in rows]
        self.changes: list[Change] = []
        self._today = today
        self._shown: set[str] = set()  # rows that a source has shown in this refresh
        self._by_id = {row["mission_id"]: row for row in self.rows}
        self._by_place: dict[tuple[str, ...], list[Row]] = {}
        for row in self.rows:
            self._by_place.setdefault(_place(row), []).append(row)
        self._before = rows
        self._asked: dict[str, set[str]] = {}  # family → sending states

    def take(self, listed: Listed) -> None:
        """Merge one mission."""
        row = self._row_of(listed) or self._new_row(listed)
        self._shown.add(row["mission_id"])
        if not row["city"]:
            row["city"] = listed.city
        _unite(row, listed)
        notes = read_notes(row["field_sources"])
        for name in FIELDS:
            if listed.values.get(name):
                self._take_value(row, notes, name, listed)
        if listed.phone_raw and not row["phone"] and not row["phone_raw"]:
            row["phone_raw"] = listed.phone_raw
        row["field_sources"] = write_notes(notes)
        row["as_of"] = max([row["as_of"], listed.as_of, *(it.day for it in notes.values())])

    def refuse(self, listed: Listed, what: str, value: str) -> None:
        """Note a value that a source gives and that must not be used."""
        old = self._row_of(listed)
        known = old["mission_id"] if old else _id_of(listed)
        if what == "email":  # it may be somebody's own: where it is, is enough to look it up
            value = "…@" + value.rpartition("@")[2]
        self._note(Outcome.REFUSED, known, listed, what, new=value)

    def miss(self, source: str, sendings: Iterable[str], host: str = "") -> None:
        """Mark what a source no longer shows, of the states (and in the country) it was asked for.

        Only missions that nobody else lists: another source may know better.
        """
        asked = set(sendings)
        self._asked.setdefault(_family(source), set()).update(asked)
        for row in self.rows:
            if row["sending"] not in asked or (host and row["host"] != host):
                continue
            if _first_family(row) != _family(source):
                continue
            if row["mission_id"] in self._shown:
                self._is_back(row, source)
            else:
                self._is_missing(row, source)

    def suspicion(self) -> list[str]:
        """Why these changes should be looked at before they are used; empty if they are usual."""
        found = []
        counts = Counter((it.outcome, _family(it.old_source)) for it in self.changes)
        everybody = set().union(*self._asked.values())
        replaced = {
            _family(it.old_source) for it in self.changes if it.outcome is Outcome.REPLACED
        }
        for family in {*self._asked, *replaced}:
            asked = self._asked.get(family, everybody)
            rows = [row for row in self._before if row["sending"] in asked]
            values, missions = _values_of(family, rows), _missions_of(family, rows)
            changed = counts[Outcome.CHANGED, family] + counts[Outcome.REPLACED, family]
            if changed >= _AT_LEAST and changed > values * _MOST_CHANGED:
                found.append(f"{changed} of {values} values of {family} changed")
            gone = counts[Outcome.MISSING, family]
            if gone >= _AT_LEAST and gone > missions * _MOST_GONE:
                found.append(f"{gone} of {missions} missions of {family} are no longer listed")
        return [*found, *self._too_much_new(everybody)]

    def _too_much_new(self, asked: set[str]) -> Iterator[str]:
        """Addresses and missions out of nowhere: anybody may write into some sources."""
        rows = [row for row in self._before if row["sending"] in asked]
        mailboxes = sum(bool(row["email"]) for row in rows)
        added = sum(it.outcome is Outcome.ADDED and it.what == "email" for it in self.changes)
        if added >= _AT_LEAST and added > mailboxes * _MOST_ADDED:
            yield f"{added} e-mail addresses are added to {mailboxes}"
        new = sum(it.outcome is Outcome.NEW for it in self.changes)
        if new >= _AT_LEAST and new > len(rows) * _MOST_NEW:
            yield f"{new} missions are added to {len(rows)}"

    # ------------------------------------------------------------------------------- rows

    def _row_of(self, listed: Listed) -> Row | None:
        """The row of the same mission: by its id, else by states, kind and a consulate's city."""
        known = self._by_id.get(_id_of(listed))
        if known is not None:
            return known
        there = self._by_place.get(_place_of(listed), [])
        if listed.source in _WIKIDATA:  # two of its items are two missions
            there = [row for row in there if not row["mission_id"].startswith("wd-")]
        return there[0] if there else None

    def _new_row(self, listed: Listed) -> Row:
        row = {
            "mission_id": _id_of(listed),
            "sending": listed.sending,
            "host": listed.host,
            "kind": listed.kind,
            "name": listed.name,
            "city": listed.city,
            **dict.fromkeys(FIELDS, ""),
            "phone_raw": "",
            "jurisdictions": " ".join(listed.jurisdictions),
            "jurisdiction_areas": "|".join(listed.areas),
            "sources": listed.source,
            "source_id": listed.source_id,
            "as_of": listed.as_of,
            "date_checked": "",
            "flags": " ".join(listed.flags),
            "field_sources": "",
        }
        self.rows.append(row)
        self._by_id[row["mission_id"]] = row
        self._by_place.setdefault(_place(row), []).append(row)
        self._note(Outcome.NEW, row["mission_id"], listed, "mission", new=listed.name)
        return row

    def _is_missing(self, row: Row, source: str) -> None:
        flags = row["flags"].split()
        since = next((it.removeprefix(MISSING) for it in flags if it.startswith(MISSING)), "")
        if any(it.startswith(GONE) for it in flags):
            return
        if not since:
            flags.append(f"{MISSING}{self._today}")
            outcome = Outcome.MISSING
        elif (self._today - date.fromisoformat(since)).days >= _SECOND_LOOK:
            flags = [it for it in flags if not it.startswith(MISSING)] + [f"{GONE}{self._today}"]
            outcome = Outcome.GONE
        else:
            return
        row["flags"] = " ".join(flags)
        self._note_row(outcome, row, source)

    def _is_back(self, row: Row, source: str) -> None:
        flags = [it for it in row["flags"].split() if not it.startswith((MISSING, GONE))]
        if len(flags) < len(row["flags"].split()):
            row["flags"] = " ".join(flags)
            self._note_row(Outcome.BACK, row, source)

    # ----------------------------------------------------------------------------- values

    def _take_value(self, row: Row, notes: dict[str, Note], name: str, listed: Listed) -> None:
        new, note = listed.values[name], notes.get(name)
        source_id = "" if listed.source_id == row["source_id"] else listed.source_id
        theirs = Note(listed.source, listed.as_of, source_id)
        if note is None:
            outcome = Outcome.ADDED
        elif _alike(row[name], new):
            self._take_same(row, notes, name, theirs)
            return
        else:
            outcome = _verdict(row, name, note, listed)
        known = row["mission_id"]
        old_source = note.source if note else ""
        self._note(outcome, known, listed, name, old=row[name], old_source=old_source, new=new)
        if outcome is not Outcome.KEPT:
            row[name], notes[name] = new, theirs
            _contributes(row, listed.source)

    def _take_same(self, row: Row, notes: dict[str, Note], name: str, theirs: Note) -> None:
        """The same value: the same source is newer, another official one confirms."""
        ours = notes[name]
        if _family(ours.source) == _family(theirs.source):
            if theirs.day > ours.day:
                notes[name] = replace(ours, source=theirs.source, day=theirs.day)
        elif theirs.source not in _WIKIDATA and theirs.day > ours.checked:
            notes[name] = replace(ours, checked=theirs.day)
            self._note_row(Outcome.CONFIRMED, row, theirs.source, name, row[name])

    def _note(
        self,
        outcome: Outcome,
        mission_id: str,
        listed: Listed,
        what: str,
        **about: str,
    ) -> None:
        where = listed.sending, listed.host
        self.changes.append(
            Change(outcome, mission_id, *where, what, new_source=listed.source, **about)
        )

    def _note_row(
        self, outcome: Outcome, row: Row, source: str, what: str = "mission", new: str = ""
    ) -> None:
        self.changes.append(
            Change(
                outcome,
                row["mission_id"],
                row["sending"],
                row["host"],
                what,
                old=row["name"] if what == "mission" else "",
                old_source=source,
                new=new,
                new_source=source,
            )
        )


def _verdict(row: Row, name: str, note: Note, listed: Listed) -> Outcome:
    """Two sources, two values: whose is used?"""
    old, new = row[name], listed.values[name]
    if name == "email" and _for_travellers(new) and not _for_travellers(old):
        return Outcome.KEPT
    if _family(note.source) == _family(listed.source):
        return Outcome.CHANGED if listed.as_of >= note.day else Outcome.KEPT
    ours, theirs = _rank(note.source, row["host"]), _rank(listed.source, row["host"])
    better = theirs < ours or (theirs == ours and listed.as_of > note.day)
    return Outcome.REPLACED if better else Outcome.KEPT


def _rank(source: str, host: str) -> int:
    """0 for the host state's own list, 1 for another official one, 2 for Wikidata."""
    if source in _WIKIDATA:
        return 2
    return 0 if _OWN_LIST_OF.get(source) == host else 1


def _family(source: str) -> str:
    return "wikidata" if source in _WIKIDATA else source


def _first_family(row: Row) -> str:
    """The source that a row began with: it is for that one to say that the mission is gone."""
    return _family(row["sources"].partition(" ")[0])


def _for_travellers(email: str) -> bool:
    return bool(_FOR_TRAVELLERS.search(email.partition("@")[0]))


def _alike(old: str, new: str) -> bool:
    return _bare(old) == _bare(new)


def _bare(value: str) -> str:
    """What is the same address: with or without a slash at its end, https or http, any case."""
    return re.sub(r"^https?://(?:www\.)?|/$", "", " ".join(value.split()).casefold())


def _id_of(listed: Listed) -> str:
    return f"{'wd' if listed.source in _WIKIDATA else listed.source}-{listed.source_id}"


def _place(row: Row) -> tuple[str, ...]:
    return _place_key(row["sending"], row["host"], row["kind"], row["city"])


def _place_of(listed: Listed) -> tuple[str, ...]:
    return _place_key(listed.sending, listed.host, listed.kind, listed.city)


def _place_key(sending: str, host: str, kind: str, city: str) -> tuple[str, ...]:
    if kind in CONSULAR:
        return sending, host, "consular", city.casefold()
    if kind in EMBASSY_LIKE:
        return sending, host, "embassy"
    return sending, host, kind, city.casefold()


def _unite(row: Row, listed: Listed) -> None:
    """The countries that either knows of; an assumption gives way to knowledge."""
    if ASSUMED in listed.flags or not listed.jurisdictions:
        return
    flags = row["flags"].split()
    known = row["jurisdictions"].split()
    if ASSUMED in flags:
        flags.remove(ASSUMED)
        known = []
    row["flags"] = " ".join(flags)
    row["jurisdictions"] = " ".join(dict.fromkeys([*known, *listed.jurisdictions]))


def _contributes(row: Row, source: str) -> None:
    row["sources"] = " ".join(dict.fromkeys([*row["sources"].split(), source]))


def _values_of(family: str, rows: Iterable[Row]) -> int:
    notes = (it for row in rows for it in read_notes(row["field_sources"]).values())
    return sum(_family(note.source) == family for note in notes)


def _missions_of(family: str, rows: Iterable[Row]) -> int:
    return sum(_first_family(row) == family for row in rows)
