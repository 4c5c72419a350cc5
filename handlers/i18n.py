"""Texts in the reader's language: one Fluent file a language, dates and names by Babel.

A language is there as soon as `locales/xx.ftl` is; nothing else has to be told about it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_skeleton, format_timedelta, get_timezone_location
from fluent.runtime import FluentBundle, FluentResource

from handlers.services import service_of

MAIN_LANGUAGE = "en"
_LOCALES = Path(__file__).parent / "locales"


class MissingTextError(LookupError):
    """A text that no locale file has: a mistake of ours, found by the tests."""


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages there is a file for, the main one first."""
    found = sorted(path.stem for path in _LOCALES.glob("*.ftl"))
    return tuple(sorted(found, key=lambda code: code != MAIN_LANGUAGE))


def known_language(tag: str) -> str:
    """The language we have for a client's tag ("en-GB", "ru"); "" if none."""
    code = tag.replace("_", "-").partition("-")[0].lower()
    return code if code in languages() else ""


@lru_cache(maxsize=32)
def _bundle(language: str) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource((_LOCALES / f"{language}.ftl").read_text("utf-8")))
    return bundle


def prefix_of(platform: str) -> str:
    """What commands begin with: Element keeps "/" for itself, so Matrix has "!"."""
    return "!" if service_of(platform) == "matrix" else "/"


@lru_cache(maxsize=256)
def _former_names(zone: str) -> tuple[str, ...]:
    """What a time zone was called before it was renamed."""
    return tuple(old for old, new in get_global("zone_aliases").items() if new == zone)


class Translator:
    """Says things in one language; `prefix` is what commands begin with on the platform."""

    def __init__(self, language: str, prefix: str = "/") -> None:
        self.language = known_language(language) or MAIN_LANGUAGE
        self._locale = "en_GB" if self.language == "en" else self.language  # day before month
        self.prefix = prefix

    def t(self, key: str, /, **args: str | int) -> str:
        """The text under `key`; `{$p}` in it is the command prefix."""
        for language in (self.language, MAIN_LANGUAGE):
            bundle = _bundle(language)
            pattern = bundle.get_message(key).value if bundle.has_message(key) else None
            if pattern is not None:
                text, errors = bundle.format_pattern(pattern, {**args, "p": self.prefix})
                if errors:
                    raise MissingTextError(f"{language}: {key}: {errors[0]}")
                return str(text)
        raise MissingTextError(key)

    def has(self, key: str) -> bool:
        """Is there a text under `key`?"""
        return bool(_bundle(MAIN_LANGUAGE).has_message(key))

    def moment(self, at: int, zone: str) -> str:
        """A point in time as a clock in `zone` shows it: "Wednesday 12 October 2016, 10:30"."""
        local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
        return self.wall_time(local)

    def wall_time(self, local: datetime) -> str:
        """A wall time without its zone."""
        day = format_date(local, "full", locale=self._locale)
        return f"{day}, {local:%H:%M}"

    def clock(self, at: int, zone: str) -> str:
        """Day and time, short: "12 Oct, 10:30"."""
        local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
        return f"{format_skeleton('MMMd', local, locale=self._locale)}, {local:%H:%M}"

    def day(self, iso: str) -> str:
        """A date ("2016-10-11"), month ("2016-10") or year as people write it."""
        parts = [int(part) for part in iso.split("-")]
        if len(parts) == 1:
            return iso
        if len(parts) == 2:
            return format_skeleton("yMMMM", date(parts[0], parts[1], 1), locale=self._locale)
        return format_date(date(*parts), "long", locale=self._locale)

    def zone(self, zone: str) -> str:
        """The place a time zone is named after: "Atyrau"."""
        known = Locale.parse(self._locale).time_zones
        for name in (zone, *_former_names(zone)):  # CLDR goes on calling Kyiv's "Europe/Kiev"
            if "city" in known.get(name, ()):
                return str(known[name]["city"])
        return get_timezone_location(zone, locale=self._locale, return_city=True)

    def span(self, seconds: int) -> str:
        """How long something lasts: "2 hours"."""
        return format_timedelta(seconds, threshold=1.2, locale=self._locale)

    def name_of_language(self, code: str) -> str:
        """A language's own name, for those who look for theirs: "русский"."""
        return Locale.parse(code).get_display_name(code) or code

    def language_called(self, code: str) -> str:
        """A language's name in ours, within a sentence: "Russian"."""
        return Locale.parse(code).get_display_name(self._locale) or code
