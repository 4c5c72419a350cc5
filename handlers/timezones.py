"""Time zones by country and by the cities people name, out of the IANA database."""

from __future__ import annotations

from functools import cache
from importlib import resources
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from handlers.country_names import LANGUAGES, locale
from handlers.spellings import LONGEST, closest, fold

# The zone most people of a country live in, where IANA's list starts with another.
_MAIN = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "FM": "Pacific/Pohnpei",
    "PS": "Asia/Hebron",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UZ": "Asia/Tashkent",
    "XK": "Europe/Belgrade",
}
# Cities people name that give their name to no zone; English and Russian.
_CITIES = {
    "America/Chicago": "Houston, Dallas, Austin, Хьюстон, Даллас",
    "America/Los_Angeles": "San Francisco, Seattle, San Diego, Сан-Франциско, Сиэтл",
    "America/New_York": "Washington, Washington DC, Boston, Miami, Philadelphia, NYC, "
    "Вашингтон, Бостон, Майами, Филадельфия",
    "America/Sao_Paulo": "Rio de Janeiro, Brasília, Рио-де-Жанейро",
    "America/Toronto": "Ottawa, Montreal, Оттава, Монреаль",
    "Asia/Almaty": "Astana, Nur-Sultan, Shymkent, Karaganda, Taraz, Pavlodar, Semey, Alma-Ata, "
    "Астана, Нур-Султан, Шымкент, Чимкент, Караганда, Тараз, Павлодар, Семей, Алма-Ата",
    "Asia/Aqtau": "Zhanaozen, Жанаозен, Актау",
    "Asia/Aqtobe": "Aktobe, Актобе",
    "Asia/Atyrau": "Atirau",
    "Asia/Kolkata": "Delhi, New Delhi, Mumbai, Дели, Мумбаи",
    "Asia/Oral": "Uralsk, Уральск",
    "Asia/Qostanay": "Kostanay, Костанай",
    "Asia/Qyzylorda": "Kyzylorda, Кызылорда",
    "Asia/Shanghai": "Beijing, Peking, Пекин",
    "Australia/Sydney": "Canberra, Канберра",
    "Europe/Berlin": "Munich, Hamburg, Frankfurt, Cologne, Düsseldorf, Stuttgart, Leipzig, "
    "München, Köln, Мюнхен, Гамбург, Франкфурт, Кёльн, Дюссельдорф, Штутгарт, Лейпциг",
    "Europe/Brussels": "Antwerp, Ghent, Антверпен",
    "Europe/Istanbul": "Ankara, Izmir, Анкара",
    "Europe/Kyiv": "Lviv, Kharkiv, Odesa, Odessa, Dnipro, Львов, Харьков, Одесса, Днепр",
    "Europe/London": "Manchester, Birmingham, Glasgow, Edinburgh, Leeds, Liverpool, Bristol, "
    "Cardiff, Belfast, Манчестер, Глазго, Эдинбург",
    "Europe/Madrid": "Barcelona, Valencia, Seville, Барселона, Валенсия",
    "Europe/Moscow": "Saint Petersburg, Petersburg, Санкт-Петербург, Петербург, Питер, Мск, MSK",
    "Europe/Paris": "Lyon, Marseille, Strasbourg, Toulouse, Лион, Марсель, Страсбург",
    "Europe/Rome": "Milan, Turin, Naples, Florence, Милан, Турин, Неаполь",
    "Europe/Amsterdam": "The Hague, Rotterdam, Гаага, Роттердам",
    "Europe/Warsaw": "Kraków, Gdańsk, Wrocław, Краков, Гданьск, Вроцлав",
    "Europe/Zurich": "Geneva, Bern, Basel, Genève, Женева, Берн, Базель",
    "UTC": "UTC, GMT, Zulu",
}
_ALIKE = 0.75


def country_timezones(code: str) -> list[str]:
    """The zones of a country, the main one first; empty where nobody lives."""
    zones = [zone for zone, country in _zones().items() if country == code]
    main = country_timezone(code)
    return [main, *(zone for zone in zones if zone != main)] if zones or code in _MAIN else []


def country_timezone(code: str) -> str:
    """The zone most people of a country live in; UTC where nobody does."""
    first = next((zone for zone, country in _zones().items() if country == code), "UTC")
    return _MAIN.get(code, first)


def timezone_named(text: str, country: str = "") -> str:
    """The zone a text names for certain: an IANA name or a city. "" if none or several."""
    found = _named(text, country)
    return found[0] if len(found) == 1 else ""


def find_timezone(text: str, country: str) -> list[str]:
    """The zones a text may mean, for somebody in `country` ("" if unknown), the likeliest first.

    No text: the country's own. A name or city: that one. Misspelt: what is most like it, to be
    asked about (`timezone_named` tells the two apart). Nothing like it: none.
    """
    text = text[:LONGEST]
    if not text.strip():
        return country_timezones(country)
    return _named(text, country) or _alike(text)


def country_of_city(folded: str) -> str:
    """The country of a city that names a time zone, or is well known; "" if there is none."""
    countries = {_zones().get(zone, "") for zone in _cities().get(folded, ())}
    return countries.pop() if len(countries) == 1 else ""


def _named(text: str, country: str) -> list[str]:
    folded = fold(text[:LONGEST].replace("/", " "))
    found = _iana_names().get(folded)
    zones = [found] if found else list(_cities().get(folded, ()))
    at_home = [zone for zone in zones if _zones().get(zone) == country]
    return at_home or zones


def _alike(text: str) -> list[str]:
    if any(character.isdigit() for character in text):
        return []  # "UTC+5": an offset is no zone, it does not know about summer time
    close = closest(fold(text), _cities(), _ALIKE)
    found = dict.fromkeys(zone for _, city in close for zone in _cities()[city])
    return list(found)[:5]


@cache
def _zones() -> MappingProxyType[str, str]:
    """Zone → country, in the order of IANA's zone.tab."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return MappingProxyType({zone: code for code, _, zone, *_ in rows})


@cache
def _iana_names() -> MappingProxyType[str, str]:
    """Every IANA name, old ones too, folded: "europe kiev" → "Europe/Kiev"."""
    listed = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    usable = [it for it in listed if "/" in it and not it.startswith("Etc/") and _loads(it)]
    return MappingProxyType({fold(it.replace("/", " ")): it for it in usable})


def _loads(zone: str) -> bool:
    """Whether this machine's own time zone data, which comes first, knows the zone too."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@cache
def _cities() -> MappingProxyType[str, tuple[str, ...]]:
    """Folded city names in several languages, with the zones named after them."""
    found: dict[str, dict[str, None]] = {}
    for zone in _zones():
        for name in _city_names(zone):
            found.setdefault(fold(name), {})[zone] = None
    for zone, listed in _CITIES.items():
        for name in listed.split(", "):
            found.setdefault(fold(name), {})[zone] = None
    return MappingProxyType({name: tuple(zones) for name, zones in found.items()})


def _city_names(zone: str) -> list[str]:
    """A zone's city in English from its own name, in other languages from CLDR."""
    cldr = get_global("zone_aliases").get(zone, zone)
    spoken = [it for it in map(locale, LANGUAGES) if it]
    translated = [it.time_zones.get(cldr, {}).get("city", "") for it in spoken]
    return [zone.rsplit("/", maxsplit=1)[-1], *filter(None, translated)]
