"""Compares what people type with names: without case, accents, punctuation or stray marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

LONGEST = 80  # characters; nothing we look for is longer, and comparing costs time

_APOSTROPHES = re.compile(r"['’ʼ`´.]")
_WORD = re.compile(r"\w+")
# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "&": " and ", "_": " "}
)
_SHORT = {"st": "saint", "о ва": "острова", "о в": "остров"}
_SHORT_FORM = re.compile(r"\b(st|о ва|о в)\b")


def fold(text: str) -> str:
    """The text as it is compared: "  Côte d’Ivoire " becomes "cote divoire"."""
    text = text.translate(_LETTERS).casefold().translate(_LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not _is_mark(c))
    words = " ".join(_WORD.findall(_APOSTROPHES.sub("", plain)))
    return _SHORT_FORM.sub(lambda short: _SHORT[short[0]], words)


def _is_mark(character: str) -> bool:
    """Accents, and the invisible characters that travel with copied text."""
    return unicodedata.category(character) in {"Mn", "Cf"}


def closest(folded: str, names: Iterable[str], cutoff: float) -> list[tuple[float, str]]:
    """The names at least this similar (1.0 is equal), the most similar first."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(folded)  # the side difflib remembers
    found = []
    for name in names:
        matcher.set_seq1(name)
        bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
        if all(bound() >= cutoff for bound in bounds):
            found.append((matcher.ratio(), name))
    return sorted(found, key=lambda it: (-it[0], it[1]))
