"""What readers may expect: who follows what, what was told to whom, when reminders are due.

A model of the promises, written down a second time and as simply as possible: no database, no
code of ours but the points before a hearing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from handlers.message import ChatKind
from handlers.reminders import POINTS

COUNTRY = "DE"
CASES = {"now": True, "soon": False}  # case → is it urgent?
REMEMBERED = 7 * 86400  # seconds for which it is known who got what


@dataclass(eq=False)
class Reader:
    """A chat that may subscribe, as its people see it."""

    name: str
    service: str
    address: str
    kind: ChatKind = ChatKind.PRIVATE
    language: str = "en"
    addresses: list[str] = field(default_factory=list)  # all it ever had
    known: bool = False
    born: int = 0
    state: str = "visitor"
    follows: set[tuple[str, str]] = field(default_factory=set)
    urgent_only: bool = False
    paused_until: int = 0
    organises: bool = False
    replies_least: int = 0
    replies_most: int = 0

    def __post_init__(self) -> None:
        self.addresses.append(self.address)

    def __repr__(self) -> str:
        return self.name

    def covers(self, case: str) -> bool:
        return bool(self.follows & {("all", ""), ("country", COUNTRY), ("case", case)})

    def wants(self, case: str, *, urgent: bool) -> bool:
        """Is a notice about this case for them?"""
        fits = urgent or not self.urgent_only
        return self.known and self.state == "active" and self.covers(case) and fits

    def heard_again(self) -> None:
        """They have written to us, or let us in again."""
        if self.state == "gone":
            self.state = "active" if self.follows else "visitor"

    def follow(self, kind: str, value: str) -> None:
        self.follows.add((kind, value))
        self.state, self.paused_until = "active", 0

    def unfollow(self, *what: tuple[str, str]) -> None:
        """Stop following these, or everything."""
        self.follows -= set(what) or set(self.follows)
        if not self.follows and self.state in ("active", "paused"):
            self.state = "stopped"

    def be_forgotten(self) -> None:
        self.known, self.state, self.urgent_only = False, "visitor", False
        self.follows.clear()


@dataclass(eq=False)
class Told:
    """Something many were told: a notice as it was fanned out."""

    number: int
    kind: str  # of notice
    case: str
    alert: int  # the number of the alert it comes from or corrects; 0
    token: str  # a word that no other notice contains
    marks: tuple[str, ...]  # words it contains, in their order
    at: int
    rows: dict[int, Reader] = field(default_factory=dict)  # delivery → who gets it
    edits: dict[int, int] = field(default_factory=dict)  # delivery → the one it changes
    edit_rows: dict[int, Reader] = field(default_factory=dict)
    ranks: dict[int, int] = field(default_factory=dict)  # delivery → who is served before whom
    reasons: dict[Reader, set[str]] = field(default_factory=dict)  # why they may not have it
    shifted: set[Reader] = field(default_factory=set)  # may have read it in two languages
    hearing: int = 0
    point: str = ""

    def excuse(self, reader: Reader, reason: str) -> None:
        self.reasons.setdefault(reader, set()).add(reason)

    def excuse_all(self, reason: str) -> None:
        for reader in self.rows.values():
            self.excuse(reader, reason)


def ranks(rows: dict[int, Reader], owners: Iterable[Reader]) -> dict[int, int]:
    """Organisers, the first of each language on each service, who wants only what is urgent, all
    others.
    """
    found, seen, own = dict[int, int](), set[tuple[str, str]](), set(owners)
    for row, reader in sorted(rows.items(), key=lambda it: it[1].born):
        kind = (reader.service, reader.language)
        found[row] = 1 if kind not in seen else 2 if reader.urgent_only else 3
        seen.add(kind)
        if reader in own:
            found[row] = 0
    return found


@dataclass
class Sitting:
    """A hearing as it was announced, with what is to be reminded of it."""

    number: int
    case: str
    token: str
    starts_at: int
    waiting: dict[str, int] = field(default_factory=dict)  # point → when
    version: int = 1
    is_off: bool = False

    def plan(self, now: int, *, anew: bool) -> None:
        """The points that lie ahead; the first time, all that are past become one reminder."""
        ahead = {name: self.starts_at - before for name, before in POINTS.items()}
        self.waiting = {name: at for name, at in ahead.items() if at > now}
        if anew and len(self.waiting) < len(ahead):
            self.waiting["now"] = now

    def tick(self, now: int) -> str:
        """The point to remind of now, or "": after a standstill only the newest counts."""
        due = sorted((at, name) for name, at in self.waiting.items() if at <= now)
        for _, name in due:
            del self.waiting[name]
        return due[-1][1] if due and self.starts_at > now else ""
