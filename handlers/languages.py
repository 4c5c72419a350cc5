"""Understands which language somebody wants to read."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from handlers.country_names import LANGUAGES, locale
from handlers.spellings import LONGEST, fold

# ISO 639-2 codes, as some clients and some people write them.
_THREE_LETTERS = {
    "eng": "en", "rus": "ru", "kaz": "kk", "ukr": "uk", "ger": "de", "deu": "de", "fre": "fr",
    "fra": "fr", "spa": "es", "ita": "it", "pol": "pl", "tur": "tr",
}  # fmt: skip
_SHORTEST = 3  # letters; "англ" means English, "ру" may be a slip


def find_language(text: str, available: Collection[str]) -> str | None:
    """The one of the available languages that a text means.

    Takes codes ("en-GB", "RU"), names in the language itself, in English, in Russian and in other
    large ones, and their beginnings if only one language begins so.
    """
    folded = fold(text[:LONGEST])
    words = folded.split()
    code = _THREE_LETTERS.get(words[0], words[0]) if words else ""
    if code in available:
        return code
    exact = {it for it in available if folded in _names(it)}
    begun = {it for it in available if any(_begins(name, folded) for name in _names(it))}
    found = exact or begun
    return found.pop() if len(found) == 1 else None


def _begins(name: str, folded: str) -> bool:
    return len(folded) >= _SHORTEST and name.startswith(folded)


def _names(code: str) -> Iterator[str]:
    wanted = locale(code)
    for spoken in (code, *LANGUAGES):
        if wanted:
            yield fold(wanted.get_language_name(spoken) or "")
