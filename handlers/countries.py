"""Understands which country somebody means, in whatever language and spelling they say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from handlers.country_names import (
    LANGUAGES,
    common_names,
    country_codes,
    every_name,
    locale,
    loose_names,
    names,
    shared_names,
    three_letter_codes,
)
from handlers.spellings import LONGEST, closest, fold
from handlers.timezones import country_of_city

__all__ = [
    "FEWEST_NAMED",
    "CountryMatch",
    "country_codes",
    "country_name",
    "find_country",
    "suggest_countries",
]

FEWEST_NAMED = 5
"""Readers in a country before organisers are told how many: a few people can be guessed."""

_ALIKE = 0.8  # one letter wrong in five; less is a suggestion, not a guess
_CLEARLY_BETTER = 0.06  # "Austrlia" is not: Australia 0.94, Austria 0.93
_REMOTELY_ALIKE = 0.65
_MOST = 6  # a longer list is no question any more

# Codes in small letters that are more often just words.
_WORDS = frozenset({
    "am", "as", "at", "be", "by", "de", "do", "es", "in", "io", "is", "it", "la", "me", "my", "no",
    "so", "to", "and", "are", "can", "fin", "guy", "mac", "mar", "pan", "per", "sen", "sur", "ton",
})  # fmt: skip

_BEFORE = re.compile(r"^(?:(?:i am |i live )?(?:in|from)|the|в|во|из|на|я в|я из) (?=\w)")
# "Республика Казахстан" and "Kingdom of Norway" are the plain name with a form of state before it.
_STATE_FORM = re.compile(
    r"^(?:(?:federal|federative|islamic|peoples|socialist|democratic|plurinational|bolivarian|"
    r"independent|hashemite|федеративная|исламская|народная|демократическая|социалистическая) )*"
    r"(?:(?:republic|kingdom|state|commonwealth|principality|sultanate|union|grand duchy) of|"
    r"республика|королевство|государство|княжество|republik|republique|republica|repubblica|"
    r"republika) (?:the |de |du |di |del |la )*(?=\w)"
)

_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_PART_FLAG = re.compile("\U0001f3f4([\U000e0061-\U000e007a]{2,6})\U000e007f")  # Scotland's


@dataclass(frozen=True, slots=True)
class CountryMatch:
    """What a text means: a country, one of a few (ask which), or none (offer `suggestions`)."""

    code: str = ""  # ISO 3166-1 alpha-2; with `exact` false it is a guess: ask "Did you mean …?"
    exact: bool = False
    candidates: tuple[str, ...] = ()  # two or more codes, if it may be any of them
    suggestions: tuple[str, ...] = ()  # codes with names remotely like the text, the best first


def find_country(text: str, languages: Sequence[str] = ()) -> CountryMatch:
    """The country a text means; names in `languages` are tried before all the others.

    Takes names in many languages, old and short ones, codes, flags, large cities, and
    misspellings. A guess is never passed off as certain.
    """
    text = text[:LONGEST]
    flagged, words = _flags(text)
    match = _named(words, languages) if fold(words) else CountryMatch()
    if not flagged or match.code in flagged:
        return match if not match.code or not flagged else CountryMatch(match.code, exact=True)
    return _one_of([*flagged, match.code] if match.exact else flagged, exact=True)


def country_name(code: str, language: str) -> str:
    """The country's name in a language; in English, or just the code, where there is none."""
    for spoken in (locale(language), locale("en")):
        if spoken and code in spoken.territories:
            return str(spoken.territories[code])
    return code


# ---------------------------------------------------------------------------- from sure to guess


def _named(words: str, languages: Sequence[str]) -> CountryMatch:
    folded = _joined_initials(fold(words))
    for spelling in _without_trimmings(folded):
        certain = _certain(spelling, words.strip(), languages)
        if certain != CountryMatch():
            return certain
    spelling = list(_without_trimmings(folded))[-1]
    return _part_of_a_name(spelling) or _misspelt(spelling)


def _without_trimmings(folded: str) -> Iterator[str]:
    """The text as typed, then without "in the", then without "Republic of"."""
    yield folded
    while (shorter := _BEFORE.sub("", folded)) != folded:
        folded = shorter
        yield folded
    if (shorter := _STATE_FORM.sub("", folded)) != folded:
        yield shorter


def _certain(folded: str, typed: str, languages: Sequence[str]) -> CountryMatch:
    """What the text is the very name or code of; the empty match if of nothing."""
    if folded in shared_names():
        return CountryMatch(candidates=shared_names()[folded])
    if folded in loose_names():
        return CountryMatch(loose_names()[folded])
    if code := common_names().get(folded) or _by_code(folded):
        return CountryMatch(code, exact=typed not in _WORDS)
    for language in (*languages, *LANGUAGES):
        if folded in names(language):
            return CountryMatch(names(language)[folded], exact=True)
    return CountryMatch(country_of_city(folded))


def _by_code(folded: str) -> str:
    code = folded.upper()
    return code if code in country_codes() else three_letter_codes().get(code, "")


def _part_of_a_name(folded: str) -> CountryMatch | None:
    """The countries with these whole words in their name: "virgin islands", "leste"."""
    if len(folded) < 4:
        return None
    whole = f" {folded} "
    found = _distinct(code for name, code in every_name().items() if whole in f" {name} ")
    if len(found) > _MOST:
        return CountryMatch()
    return _one_of(found, exact=False) if found else None


def _misspelt(folded: str) -> CountryMatch:
    alike = closest(folded, every_name(), _REMOTELY_ALIKE) if len(folded) >= 4 else []
    best = alike[0][0] if alike else 0.0
    if best < _ALIKE:
        return CountryMatch(suggestions=_codes(alike)[:3])
    close = [it for it in alike if it[0] >= best - _CLEARLY_BETTER]
    return _one_of(_codes(close)[:_MOST], exact=False)


def _codes(alike: Iterable[tuple[float, str]]) -> tuple[str, ...]:
    return _distinct(every_name()[name] for _, name in alike)


def _one_of(codes: Iterable[str], *, exact: bool) -> CountryMatch:
    found = _distinct(codes)
    if len(found) > 1:
        return CountryMatch(candidates=found)
    return CountryMatch(found[0], exact=exact)


def _distinct(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


def _joined_initials(folded: str) -> str:
    """ "u s a" is "usa"."""
    initials = folded.split()
    return "".join(initials) if all(len(it) == 1 for it in initials) else folded


def _flags(text: str) -> tuple[list[str], str]:
    """The countries whose flags are in the text, and the text without them."""
    pairs = ["".join(chr(ord(it) - 0x1F1E6 + ord("A")) for it in f) for f in _FLAG.findall(text)]
    parts = ["".join(chr(ord(it) - 0xE0000) for it in f[:2]) for f in _PART_FLAG.findall(text)]
    found = [code for code in (*pairs, *(it.upper() for it in parts)) if code in country_codes()]
    return found, _PART_FLAG.sub(" ", _FLAG.sub(" ", text))


# ------------------------------------------------------------------------------ the first buttons

_SUGGESTED = {
    "en": ("GB", "US", "IE", "CA", "AU", "NZ"),
    "ru": ("KZ", "RU", "BY", "UA", "KG", "UZ", "GE", "DE"),
    "kk": ("KZ", "RU", "CN", "MN", "UZ", "TR", "DE"),
    "uk": ("UA", "PL", "DE", "CZ", "IT", "GB"),
    "de": ("DE", "AT", "CH", "LI", "LU"),
    "fr": ("FR", "BE", "CH", "CA", "LU"),
    "es": ("ES", "MX", "AR", "CO", "CL", "US"),
    "it": ("IT", "CH", "SM"),
    "pl": ("PL", "DE", "GB", "IE"),
    "tr": ("TR", "DE", "NL", "AT"),
    "pt": ("PT", "BR", "AO", "MZ"),
    "nl": ("NL", "BE"),
    "sv": ("SE", "FI"),
}
_ANYWHERE = ("GB", "DE", "FR", "BE", "AT", "US")
_FEW, _MANY = 3, 9  # buttons


def suggest_countries(language: str) -> list[str]:
    """The countries to offer first to somebody whose client speaks `language` ("en-GB")."""
    base, *rest = language.replace("_", "-").split("-")
    spoken = locale(language)
    usual = spoken.territory if spoken and rest else None
    first = [usual] if usual in country_codes() else []
    own = list(_distinct([*first, *_SUGGESTED.get(base.lower(), ())]))
    return own if len(own) >= _FEW else list(_distinct([*own, *_ANYWHERE]))[:_MANY]
