"""Cleaning what people typed: nothing invisible, nothing that turns a line around."""

from __future__ import annotations

import re
import unicodedata

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\u180e\u2061-\u2064]")
_LONE_JOINERS = re.compile(
    "(?<![\u0600-\u06ff\u0900-\u0dff\ufe0f\u2600-\u27bf\U0001f000-\U0001faff])[\u200c\u200d]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufff9-\ufffb]")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def clean(text: str) -> str:
    """The text without bidirectional overrides, invisible and control characters.

    Joiners stay where a script or an emoji needs them; line breaks stay, at most one blank
    line in a row.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    for pattern in (_TURNING, _INVISIBLE, _LONE_JOINERS, _CONTROL):
        text = pattern.sub("", text)
    return _BLANK_LINES.sub("\n\n", text).strip()


def one_line(text: str) -> str:
    """The cleaned text on one line."""
    return " ".join(clean(text).split())


def matchable(text: str) -> str:
    """A form in which spellings compare: no case, no accents, no punctuation."""
    plain = unicodedata.normalize("NFKD", clean(text).casefold())
    letters = "".join(ch for ch in plain if not unicodedata.combining(ch))
    return " ".join(re.sub(r"[^\w]+", " ", letters).split())
