"""What an organiser writes about a hearing: when, in which city, in which court."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from handlers.campaign_fields import wall_time_fault
from handlers.command import UserError
from handlers.i18n import Translator, languages
from handlers.timezones import country_timezones, timezone_named
from handlers.wall_time import When, instant, read_when, told_apart
from handlers.words import matchable, one_line

_ZONE = re.compile(r"UTC\b|[A-Za-z_]+/[A-Za-z_/+-]+")
_LONGEST_COURT = 200
_FARTHEST = 5 * 366 * 86400  # seconds; a hearing later than that is a slip of the pen


@dataclass(frozen=True, slots=True)
class Sitting:
    """When and where a hearing is, as far as was written; "" for what was not."""

    local: str
    timezone: str
    starts_at: int
    city: str
    court: str


def split_when(text: str) -> tuple[str, When, str]:
    """The words before a date and time (which case or hearing), these, and what follows.

    Raises `UserError` if there is no date and time.
    """
    words = one_line(text).split()
    for count in range(1, min(len(words), 12)):
        found = read_when(" ".join(words[count:]))
        if found is not None:
            return " ".join(words[:count]), *found
    raise UserError("hearing-no-when", text=" ".join(words)[:60])


def read_sitting(when: When, text: str, *, country: str, zone: str, now: int) -> Sitting:
    """When and where: `text` is what follows the time, `zone` holds unless it says otherwise.

    Raises `UserError` for a time that is over, does not exist or comes twice.
    """
    written, text = _zone(text)
    found, city, court = _city(text, country)
    zone = written or found or zone
    sitting = Sitting(when.local(zone, now), zone, 0, city, court)
    sitting = _told_apart(sitting)
    sitting = replace(sitting, starts_at=instant(sitting.local, sitting.timezone))
    _check(sitting, now)
    return sitting


def _zone(text: str) -> tuple[str, str]:
    match = _ZONE.match(text)
    if match is None:
        return "", text
    zone = timezone_named(match[0])
    if not zone:
        raise UserError("hearing-zone-unknown", text=match[0][:40])
    return zone, text[match.end() :].strip(" ,;")


def _city(text: str, country: str) -> tuple[str, str, str]:
    """The zone of the city a text begins with, the city, and the court: "Atyrau, Court No. 2".

    Without a comma the city's name is part of the court's.
    """
    words = text.split()
    for count in range(min(3, len(words)), 0, -1):
        city = " ".join(words[:count])
        zone = timezone_named(city.rstrip(","), country)
        if zone and zone in country_timezones(country):
            rest = " ".join(words[count:])
            apart = city.endswith(",") or not rest
            return zone, city.rstrip(","), rest if apart else text
    return "", "", text


def _told_apart(sitting: Sitting) -> Sitting:
    """Where clocks show the hour twice and the text ends with which is meant, that one."""
    last = matchable(sitting.court.rpartition(" ")[2])
    choices = _choices()
    if last not in choices or wall_time_fault(sitting.local, sitting.timezone) != "overlap":
        return sitting
    utc = told_apart(sitting.local, sitting.timezone, second=choices[last])
    return replace(sitting, local=utc, timezone="UTC", court=sitting.court.rpartition(" ")[0])


def _choices() -> dict[str, bool]:
    spoken = [Translator(language) for language in languages()]
    return {
        matchable(it.t(key)): key == "when-word-second"
        for it in spoken
        for key in ("when-word-first", "when-word-second")
    }


def _check(sitting: Sitting, now: int) -> None:
    shown = sitting.local.replace("T", " ")
    if sitting.starts_at <= now:
        raise UserError("hearing-past", when=shown, zone=sitting.timezone)
    if sitting.starts_at > now + _FARTHEST:
        raise UserError("hearing-far", when=shown)
    if len(sitting.court) > _LONGEST_COURT:
        raise UserError("hearing-long-court", count=len(sitting.court), most=_LONGEST_COURT)
