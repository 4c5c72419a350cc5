"""A sheet of paper as PDF (ISO 32000-1): lines of text in one font that comes with the file.

Only what a letter or a fax needs. Whatever the font cannot draw is not made into a PDF at all.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.render.font import Font, sans

WIDTH, HEIGHT = 595, 842  # A4 in points
MARGIN = 51
_LEADING = 1.4  # from line to line, as a multiple of the size
_PARAGRAPH = 0.55


@dataclass(frozen=True, slots=True)
class Text:
    """A text below the one before; `label` stands to its left, `ruled` underlines its place."""

    text: str
    size: float = 10.5
    label: str = ""
    ruled: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    x: float
    y: float
    size: float
    text: str
    rule: bool = False


def drawable(*texts: str) -> bool:
    """Can all of these be drawn?"""
    return all(sans().draws(text) for text in texts)


def paper(texts: Sequence[Text], title: str) -> bytes:
    """The texts one below the other on as many A4 pages as they need.

    Raises `ValueError` for letters the font does not have.
    """
    if not drawable(title, *(it.text for it in texts), *(it.label for it in texts)):
        raise ValueError("the font lacks a letter")
    pages = list(_pages(texts))
    return _file(pages, title, sans())


# ----------------------------------------------------------------------------------- layout


def _pages(texts: Sequence[Text]) -> Iterator[list[_Line]]:
    page: list[_Line] = []
    y = float(HEIGHT - MARGIN)
    indent = max((_points(it.label, it.size) for it in texts if it.label), default=0) + 16
    for it in texts:
        x = MARGIN + (indent if it.label else 0)
        for number, line in enumerate(_wrapped(it.text, it.size, WIDTH - MARGIN - x)):
            y -= it.size * _LEADING
            if y < MARGIN:
                yield page
                page, y = [], HEIGHT - MARGIN - it.size * _LEADING
            if it.label and not number:
                page.append(_Line(MARGIN, y, it.size, it.label))
            page.append(_Line(x, y, it.size, line, it.ruled))
        y -= it.size * _PARAGRAPH
    yield page


def _points(text: str, size: float) -> float:
    return sans().width(text) * size / 1000


def _wrapped(text: str, size: float, room: float) -> Iterator[str]:
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and _points(longer, size) > room:
                yield line
                longer = word
            line = longer
        yield line


# ------------------------------------------------------------------------------------ writing


def _file(pages: Sequence[Sequence[_Line]], title: str, font: Font) -> bytes:
    first = 8  # the objects before: catalogue, list of pages, font in five, title
    kids = " ".join(f"{first + 1 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode(),
        *_font_objects(font),
        f"<</Title<feff{title.encode('utf-16-be').hex()}>>>".encode(),
    ]
    for number, page in enumerate(pages):
        content = first + 2 + 2 * number
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]"
            f"/Resources<</Font<</F 3 0 R>>>>/Contents {content} 0 R>>".encode()
        )
        objects.append(_stream("\n".join(_drawn(line, font) for line in page).encode()))
    return _assembled(objects)


def _drawn(line: _Line, font: Font) -> str:
    glyphs = "".join(f"{font.glyphs[ord(letter)]:04x}" for letter in line.text)
    text = f"BT /F {line.size} Tf {line.x:.1f} {line.y:.1f} Td <{glyphs}> Tj ET"
    rule = f"\n{line.x:.1f} {line.y - 3:.1f} m {WIDTH - MARGIN} {line.y - 3:.1f} l 0.5 w S"
    return text + rule if line.rule else text


@lru_cache(maxsize=1)
def _font_objects(font: Font) -> tuple[bytes, ...]:
    """The font: for writing, by glyphs, its measures, its file, and which letters glyphs mean."""
    rise, fall = font.rise_and_fall
    box = " ".join(map(str, font.box))
    widths = " ".join(map(str, font.widths))
    return (
        (
            b"<</Type/Font/Subtype/Type0/BaseFont/DejaVuSans/Encoding/Identity-H"
            b"/DescendantFonts[4 0 R]/ToUnicode 7 0 R>>"
        ),
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/DejaVuSans/CIDToGIDMap/Identity"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor 5 0 R/W[0[" + widths.encode() + b"]]>>",
        f"<</Type/FontDescriptor/FontName/DejaVuSans/Flags 32/FontBBox[{box}]/ItalicAngle 0"
        f"/Ascent {rise}/Descent {fall}/CapHeight {rise}/StemV 80/FontFile2 6 0 R>>".encode(),
        _stream(font.data, f"/Length1 {len(font.data)}"),
        _stream(_letters_of_glyphs(font).encode()),
    )


def _letters_of_glyphs(font: Font) -> str:
    """So that text can be copied, searched and read aloud."""
    pairs = [f"<{glyph:04x}> <{letter:04x}>" for letter, glyph in sorted(font.glyphs.items())]
    blocks = [pairs[n : n + 100] for n in range(0, len(pairs), 100)]
    mapped = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CMapName /Letters def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{mapped}\nendcmap end end"
    )


def _stream(data: bytes, more: str = "") -> bytes:
    packed = zlib.compress(data)
    head = f"<</Filter/FlateDecode/Length {len(packed)}{more}>>\nstream\n".encode()
    return head + packed + b"\nendstream"


def _assembled(objects: Sequence[bytes]) -> bytes:
    """The objects with their numbers, and the table of where each one begins."""
    written = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start, count = len(written), len(objects) + 1
    written += (
        f"xref\n0 {count}\n0000000000 65535 f \n{table}"
        f"trailer\n<</Size {count}/Root 1 0 R/Info 8 0 R>>\nstartxref\n{start}\n%%EOF\n"
    ).encode()
    return bytes(written)
