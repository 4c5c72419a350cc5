"""A TrueType font, as far as a PDF needs it: which glyph draws a letter, and how wide it is."""

from __future__ import annotations

import struct
from functools import cached_property, lru_cache
from pathlib import Path

_SUBTABLE_BY_SEGMENTS = 4  # of "cmap": the format every font has for the letters below U+10000


class Font:
    """The font in a file (OpenType specification, "cmap", "hmtx", "head", "hhea")."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        count = struct.unpack_from(">H", data, 4)[0]
        entries = (struct.unpack_from(">4s4xII", data, 12 + 16 * n) for n in range(count))
        self._tables = {tag.decode(): data[at : at + size] for tag, at, size in entries}

    @cached_property
    def units(self) -> int:
        """Units that make the letter's size."""
        return int(struct.unpack_from(">H", self._tables["head"], 18)[0])

    @cached_property
    def box(self) -> tuple[int, ...]:
        """What no glyph reaches out of: left, bottom, right, top, in thousandths of the size."""
        corners = struct.unpack_from(">4h", self._tables["head"], 36)
        return tuple(self._thousandths(it) for it in corners)

    @cached_property
    def rise_and_fall(self) -> tuple[int, int]:
        """How far letters reach above and below the line, in thousandths of the size."""
        rise, fall = struct.unpack_from(">2h", self._tables["hhea"], 4)
        return self._thousandths(rise), self._thousandths(fall)

    @cached_property
    def glyphs(self) -> dict[int, int]:
        """Letter → glyph."""
        table = self._tables["cmap"]
        count = struct.unpack_from(">H", table, 2)[0]
        places = (struct.unpack_from(">4xI", table, 4 + 8 * n)[0] for n in range(count))
        for at in places:
            if struct.unpack_from(">H", table, at)[0] == _SUBTABLE_BY_SEGMENTS:
                return _by_segments(table[at:])
        raise ValueError("the font has no table of letters that we can read")

    @cached_property
    def widths(self) -> list[int]:
        """Width of each glyph, in thousandths of the size."""
        count = struct.unpack_from(">H", self._tables["hhea"], 34)[0]
        written = struct.unpack_from(">" + "H2x" * count, self._tables["hmtx"])
        return [self._thousandths(width) for width in written]

    def width(self, text: str) -> int:
        """How wide a text is, in thousandths of the size."""
        last = len(self.widths) - 1
        return sum(self.widths[min(self.glyphs.get(ord(letter), 0), last)] for letter in text)

    def draws(self, text: str) -> bool:
        """Has it a glyph for every letter of the text?"""
        return all(ord(letter) in self.glyphs for letter in text if letter != "\n")

    def _thousandths(self, units: int) -> int:
        return round(units * 1000 / self.units)


def _by_segments(table: bytes) -> dict[int, int]:
    half = struct.unpack_from(">H", table, 6)[0]  # bytes of each of the four lists
    count = half // 2
    ends = struct.unpack_from(f">{count}H", table, 14)
    starts = struct.unpack_from(f">{count}H", table, 16 + half)
    deltas = struct.unpack_from(f">{count}h", table, 16 + 2 * half)
    offsets = struct.unpack_from(f">{count}H", table, 16 + 3 * half)
    found: dict[int, int] = {}
    for n in range(count):
        for letter in range(starts[n], min(ends[n], 0xFFFE) + 1):
            glyph = letter
            if offsets[n]:
                at = 16 + 3 * half + 2 * n + offsets[n] + 2 * (letter - starts[n])
                glyph = struct.unpack_from(">H", table, at)[0]
            if glyph:
                found[letter] = (glyph + deltas[n]) & 0xFFFF
    return found


@lru_cache(maxsize=1)
def sans() -> Font:
    """The font of our papers: Latin and Cyrillic letters."""
    return Font((Path(__file__).parent / "fonts" / "DejaVuSans.ttf").read_bytes())
