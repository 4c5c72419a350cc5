"""The small values a campaign is made of: words, days, wall times, zones, countries, languages.

Each checks itself and, if wrong, raises a `PydanticCustomError` whose type is the Fluent key of
the sentence to show and whose context holds that sentence's arguments.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

from handlers.words import clean

# Codes of the CLDR territory list that look like countries but are groups, tests or "unknown".
_NO_COUNTRIES = {
    "AC",
    "CP",
    "CQ",
    "DG",
    "EA",
    "EU",
    "EZ",
    "IC",
    "QO",
    "TA",
    "UN",
    "XA",
    "XB",
    "ZZ",
}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_WALL_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::00)?")


def fault(key: str, **args: object) -> PydanticCustomError:
    """An error that carries the key and the arguments of the sentence to show."""
    return PydanticCustomError(key, "{key}", {"key": key, **args})


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, "" if none is close."""
    found = difflib.get_close_matches(word.casefold(), list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


@cache
def countries() -> dict[str, str]:
    """ISO 3166 alpha-2 codes, and XK for Kosovo, with their English names."""
    names: dict[str, str] = dict(Locale("en").territories)
    return {
        code: name
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }


def known_country(code: str) -> str:
    """A country code as it is; a name or an unknown code is refused, with the code meant."""
    if code in countries():
        return code
    by_name = {name.casefold(): known for known, name in countries().items()}
    guess = code.upper() if code.upper() in countries() else ""
    guess = guess or by_name.get(nearest(code, by_name), "")
    raise fault("import-unknown-country", value=code, suggestion=guess)


def known_language(code: str) -> str:
    """A language code as it is; an unknown one is refused."""
    if re.fullmatch(r"[a-z]{2,3}", code) and code in Locale("en").languages:
        return code
    names = {name.casefold(): known for known, name in Locale("en").languages.items()}
    guess = names.get(code.casefold(), "")
    raise fault("import-unknown-language", value=code, suggestion=guess)


@cache
def _zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name) | {"UTC"}


def known_zone(name: str) -> str:
    """The name of an IANA time zone as it is; an unknown one is refused, with the one meant."""
    if name in _zones():
        return name
    by_name = {zone.casefold(): zone for zone in _zones()}
    by_name |= {
        zone.rsplit("/", 1)[1].casefold(): zone for zone in sorted(_zones()) if "/" in zone
    }
    guess = by_name.get(nearest(name, by_name), "")
    raise fault("import-unknown-timezone", value=name, suggestion=guess)


def wall_time_fault(local: str, timezone: str) -> Literal["", "gap", "overlap"]:
    """Whether clocks in `timezone` skip this hour ("gap") or show it twice ("overlap")."""
    zone = ZoneInfo(timezone)
    first = datetime.datetime.fromisoformat(local).replace(tzinfo=zone)
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return ""
    back = first.astimezone(datetime.UTC).astimezone(zone)
    return "overlap" if back.replace(tzinfo=None) == first.replace(tzinfo=None) else "gap"


def _as_text(value: object) -> object:
    """TOML has dates and times of its own: take them as if they had been written in quotes."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def _day(text: str, form: str = "%Y-%m-%d") -> str:
    try:
        return datetime.datetime.strptime(text, form).strftime(form)  # noqa: DTZ007 # a date has no zone
    except ValueError:
        raise fault("import-bad-date", value=text) from None


def _full_day(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise fault("import-bad-date", value=text)
    return _day(text)


def _known_part(text: str) -> str:
    if re.fullmatch(r"\d{4}", text):
        return text
    if re.fullmatch(r"\d{4}-\d\d", text):
        return _day(text, "%Y-%m")
    return _full_day(text)


def _wall_time(text: str) -> str:
    match = _WALL_TIME.fullmatch(text)
    if not match:
        raise fault("import-bad-time", value=text)
    try:
        moment = datetime.datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError:
        raise fault("import-bad-time", value=text) from None
    return moment.isoformat(timespec="minutes")


def _is_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise fault("import-bad-id", value=text)
    return text


def _not_blank(text: str) -> str:
    cleaned = clean(text)
    if not cleaned:
        raise fault("import-empty")
    return cleaned


def _as_words(value: object, asked: ValidationInfo) -> object:
    """A plain string is a text in the campaign's main language."""
    if isinstance(value, str):
        main = (asked.context or {}).get("language", "en")
        return {main: value} if value.strip() else {}
    if not isinstance(value, dict):
        raise fault("import-not-words")
    return value


def _some(words: dict[str, str]) -> dict[str, str]:
    if not words:
        raise fault("import-empty")
    return words


Language = Annotated[str, AfterValidator(known_language)]
MaybeLanguage = Annotated[str, AfterValidator(lambda code: code and known_language(code))]
"""A language, or "" where none is said."""

Country = Annotated[str, AfterValidator(known_country)]
Zone = Annotated[str, AfterValidator(known_zone)]
Id = Annotated[str, AfterValidator(_is_id)]
Text = Annotated[str, AfterValidator(_not_blank)]

FullDay = Annotated[str, BeforeValidator(_as_text), AfterValidator(lambda t: t and _full_day(t))]
"""An ISO date, or "" where there is none."""

Day = Annotated[str, BeforeValidator(_as_text), AfterValidator(lambda t: t and _known_part(t))]
"""An ISO date, only its month or year where no more is known, or ""."""

WallTime = Annotated[str, BeforeValidator(_as_text), AfterValidator(_wall_time)]
"""What the clock on the wall shows: "2016-10-12T10:30", without a zone."""

Words = Annotated[dict[Language, Text], BeforeValidator(_as_words)]
"""The same text in several languages, by language code; empty where there is none."""

SomeWords = Annotated[Words, AfterValidator(_some)]
"""`Words` that must be there, in at least one language."""


def pick(words: dict[str, str], language: str, main: str = "en") -> str:
    """The text in `language`, else in the campaign's `main` one, else in any; "" if none."""
    for wanted in (language, language.partition("-")[0], main):
        if wanted in words:
            return words[wanted]
    return next(iter(words.values()), "")


class Part(BaseModel):
    """A piece of a campaign: never changed, nothing unknown in it, no type guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
