"""What the directory is worth: who can reach which embassy, and how, as the resolver sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from handlers.embassies import Found, Override, Reason, resolve
from handlers.embassy_channels import Age
from storage.directory import Mission


class Level(StrEnum):
    """The best way to reach a mission that is not older than five years."""

    EMAIL = "email"
    CALL = "call"  # telephone or fax
    POST = "post"  # an address, a website, or something older
    NOTHING = "nothing"  # the mission is known, no contact is
    UNKNOWN = "unknown"  # nothing is known


LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Reach:
    """What readers in one country have for one sending state."""

    sending: str
    country: str
    found: Found

    @property
    def level(self) -> Level:
        """How well they can reach it."""
        if self.found.reason is Reason.NONE:
            return Level.UNKNOWN
        good = {it.kind for it in self.found.channels if it.age is not Age.STALE}
        if "email" in good:
            return Level.EMAIL
        if good & {"phone", "fax"}:
            return Level.CALL
        return Level.POST if self.found.channels else Level.NOTHING

    @property
    def from_elsewhere(self) -> bool:
        """Does the mission stand in another country?"""
        return bool(self.found.host) and self.found.host != self.country


def coverage(
    missions: Callable[[str], Sequence[Mission]],
    sendings: Iterable[str],
    countries: Sequence[str],
    overrides: Callable[[str], Sequence[Override]] = lambda _: (),
    *,
    today: date,
) -> list[Reach]:
    """Every pair of a sending state and a reader's country; never a state's own country."""
    found = []
    for sending in sendings:
        theirs, ours = missions(sending), overrides(sending)
        for country in countries:
            if country != sending:
                known = resolve(theirs, country, ours, today=today)
                found.append(Reach(sending, country, known))
    return found


def counted(reaches: Iterable[Reach]) -> tuple[Counter[Reason], Counter[Level]]:
    """How many pairs have their mission for which reason, and how they can reach it."""
    known = list(reaches)
    return Counter(it.found.reason for it in known), Counter(it.level for it in known)
