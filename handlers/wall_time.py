"""The time on the clocks of a city: read from what people write, turned into a point in time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from handlers.campaign_fields import wall_time_fault
from handlers.command import UserError
from handlers.i18n import Translator, languages
from handlers.words import matchable

_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})(?:\.(?P<year>\d{4}))?(?![\d:])\.?")
_YEAR = r"(?:,?\s+(?P<year>\d{4})(?![\d:.])(?:\s*(?:года|г\.))?)?"
_DAY_FIRST = re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|-?го)?\s+(?P<name>[^\W\d]+)\.?{_YEAR}")
_NAME_FIRST = re.compile(
    rf"(?P<name>[^\W\d]+)\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.]){_YEAR}"
)
_WORD = re.compile(r"[^\W\d]+")
_TIME = re.compile(
    r"(?:[\s,]*(?:T|\bat\b|\bв\b)?\s*)(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?!\d)"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?",
    re.IGNORECASE,
)
_SPOKEN_DAYS = {"when-word-today": 0, "when-word-tomorrow": 1}


@dataclass(frozen=True, slots=True)
class When:
    """A date and a time as written, before it is known where: "30 November 10:30".

    `day` turns today's date into the one that is meant, None where there is no such day.
    """

    text: str
    day: Callable[[date], date | None]
    clock: time

    def local(self, zone: str, now: int) -> str:
        """The wall time in `zone`, "2026-11-30T10:30". Raises `UserError` for no real date."""
        today = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone)).date()
        day = self.day(today)
        if day is None:
            raise UserError("when-no-such-day", text=self.text)
        return datetime.combine(day, self.clock).isoformat(timespec="minutes")


def parse_when(text: str, zone: str, now: int) -> str:
    """The wall time that a text means to somebody in `zone`, as "2026-11-30T10:30".

    Understands "2026-11-30 10:30", "30.11.2026 10:30", "30 November 10:30", "завтра 10:30". A
    date without a year is the next one. Raises `UserError` for anything else.
    """
    found = read_when(text.strip())
    if found is None or found[1]:
        raise UserError("when-unreadable", text=text.strip()[:60])
    return found[0].local(zone, now)


def read_when(text: str) -> tuple[When, str] | None:
    """The date and time a text begins with, and what follows; None if it begins otherwise.

    Raises `UserError` for a date without a time, or a time no clock shows.
    """
    found = _read_day(text)
    if found is None:
        return None
    day, end = found
    match = _TIME.match(text, end)
    if match is None:
        raise UserError("when-no-time", text=text[:end].strip())
    written = text[: match.end()].strip()
    return When(written, day, _clock(match)), text[match.end() :].strip(" ,;\n")


def _clock(match: re.Match[str]) -> time:
    hour, minute = int(match["hour"]), int(match["minute"])
    if match["half"]:
        if not 1 <= hour <= 12:
            raise UserError("when-no-such-time", text=match[0].strip(" ,"))
        hour = hour % 12 + (12 if match["half"] in "pP" else 0)
    if hour > 23 or minute > 59:
        raise UserError("when-no-such-time", text=match[0].strip(" ,"))
    return time(hour, minute)


_Day = Callable[[date], date | None]
"""Today → the day that is meant."""


def _read_day(text: str) -> tuple[_Day, int] | None:
    """The day a text begins with, and where it ends."""
    for form in (_ISO, _DOTTED, _DAY_FIRST, _NAME_FIRST):
        match = form.match(text)
        month = _month(match) if match else None
        if match and month:
            year = int(match["year"]) if match["year"] else None
            return _dated(year, month, int(match["day"])), match.end()
    word = _WORD.match(text)
    ahead = _spoken_days().get(matchable(word[0])) if word else None
    if word is None or ahead is None:
        return None
    return _in_days(ahead), word.end()


def _month(match: re.Match[str]) -> int | None:
    parts = match.groupdict()
    if "month" in parts:
        return int(parts["month"])
    return _month_named(matchable(parts["name"]))


def _month_named(word: str) -> int | None:
    """The month of this name, or the only one whose name begins so: "sept", "нояб"."""
    if len(word) < 3:
        return None
    numbers = {number for name, number in _months().items() if name.startswith(word)}
    return _months().get(word) or (numbers.pop() if len(numbers) == 1 else None)


def _in_days(ahead: int) -> _Day:
    return lambda today: today + timedelta(days=ahead)


def _dated(year: int | None, month: int, day: int) -> _Day:
    """That day; without a year the next one, which may be today."""

    def meant(today: date) -> date | None:
        years = [year] if year else range(today.year, today.year + 5)  # 29 February waits
        days = filter(None, (_date(it, month, day) for it in years))
        return next((it for it in days if year or it >= today), None)

    return meant


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@cache
def _months() -> dict[str, int]:
    """What months are called in every language we speak, in full and short: "ноября" → 11."""
    found: dict[str, int] = {}
    for language in languages():
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                names = get_month_names(width, context=context, locale=language)
                found |= {matchable(str(name)): number for number, name in names.items()}
    return found


@cache
def _spoken_days() -> dict[str, int]:
    """ "tomorrow" in every language we speak, as days ahead."""
    return {
        matchable(Translator(language).t(key)): days
        for language in languages()
        for key, days in _SPOKEN_DAYS.items()
    }


# --------------------------------------------------------------------------- points in time


def instant(local: str, zone: str) -> int:
    """When the clocks in `zone` show this wall time, Unix seconds UTC.

    Raises `UserError` for an hour that does not exist there, naming the nearest that do, and
    for one that comes twice.
    """
    fault = wall_time_fault(local, zone)
    if fault == "gap":
        before, after = _beside_gap(local, zone)
        raise UserError("hour-skipped", when=_shown(local), zone=zone, before=before, after=after)
    if fault == "overlap":
        raise UserError("hour-twice", when=_shown(local), zone=zone)
    return likely_instant(local, zone)


def likely_instant(local: str, zone: str) -> int:
    """The same for a time that was right once, whatever has become of it: never raises.

    A skipped hour counts on from before the gap, a doubled one is its first.
    """
    return _utc(local, zone, fold=0)


def told_apart(local: str, zone: str, *, second: bool) -> str:
    """One of the two times an hour comes, as the UTC wall time: nothing else names it clearly."""
    at = datetime.fromtimestamp(_utc(local, zone, fold=int(second)), UTC)
    return at.replace(tzinfo=None).isoformat(timespec="minutes")


def _utc(local: str, zone: str, *, fold: int) -> int:
    wall = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(wall.timestamp())


def _beside_gap(local: str, zone: str) -> tuple[str, str]:
    """The last minute before the clocks jump and the first after it."""
    low, high = _utc(local, zone, fold=1), _utc(local, zone, fold=0)
    there = ZoneInfo(zone)

    def offset(at: int) -> timedelta | None:
        return datetime.fromtimestamp(at, there).utcoffset()

    while high - low > 60:  # the jump lies after `low`, not after `high`
        middle = (low + high) // 120 * 60
        low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
    return _wall(high - 60, there), _wall(high, there)


def _wall(at: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def _shown(local: str) -> str:
    return local.replace("T", " ")
