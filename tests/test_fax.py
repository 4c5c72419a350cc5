"""The fax sheet as PDF: a well-formed file that says what the letter says."""

from __future__ import annotations

import re
import zlib

import pytest

from bot.render.font import sans
from bot.render.pdf import Text, drawable, paper
from bot.web.fax import can_be_drawn, fax_sheet
from handlers.addressees import Addressee, addressees
from handlers.letter import Letter
from handlers.letter_writing import write
from tests.papers import payload_of


def _fax(**changes: object) -> tuple[Addressee, Letter]:
    payload = payload_of("bokayev-ayan", **changes)
    to = next(it for it in addressees(payload, "GB") if it.key == "human-rights-commissioner")
    letter = write(payload, to, "en")
    assert letter is not None
    return to, letter


def _object(pdf: bytes, number: int) -> bytes:
    """An object, found as a reader finds it: by the table at the end of the file."""
    table = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[0])
    places = re.findall(rb"(\d{10}) \d{5} n ", pdf[table:])
    at = int(places[number - 1])
    assert pdf[at:].startswith(b"%d 0 obj\n" % number)
    return pdf[at : pdf.index(b"\nendobj\n", at)]


def _stream(written: bytes) -> bytes:
    _, _, data = written.partition(b"stream\n")
    return zlib.decompress(data.removesuffix(b"\nendstream"))


def _pages(pdf: bytes) -> list[str]:
    """What each page says, by the glyphs drawn and the letters that the file says they mean."""
    mapped = re.findall(rb"<(\w{4})> <(\w{4})>", _stream(_object(pdf, 7)))
    letters = {glyph: chr(int(letter, 16)) for glyph, letter in mapped}
    kids = re.findall(rb"(\d+) 0 R", _object(pdf, 2).partition(b"Kids")[2])
    contents = [re.findall(rb"Contents (\d+) 0 R", _object(pdf, int(kid)))[0] for kid in kids]
    drawn = [_stream(_object(pdf, int(number))) for number in contents]
    return [
        "\n".join(
            "".join(letters[line[at : at + 4]] for at in range(0, len(line), 4))
            for line in re.findall(rb"<(\w*)> Tj", page)
        )
        for page in drawn
    ]


def test_it_says_to_whom_and_everything_the_letter_says() -> None:
    to, letter = _fax()
    pdf = fax_sheet(to, letter)
    assert pdf is not None

    [page] = _pages(pdf)
    assert "Аскар Шакиров, Уполномоченный по правам человека" in page
    assert "+7 7172 74 05 48" in page
    assert letter.subject in page
    assert letter.text.split() == page[page.index(letter.salutation) :].split()
    assert letter.subject.encode("utf-16-be").hex().encode() in _object(pdf, 8)
    assert len(pdf) < 50_000


def test_a_long_letter_goes_on_on_the_next_page() -> None:
    words = [f"word{number}" for number in range(3000)]
    pages = _pages(paper([Text(" ".join(words))], "Long"))

    assert len(pages) > 2
    assert " ".join(pages).split() == words


def test_lines_stay_within_the_paper() -> None:
    wide = " ".join(["Щ" * 9] * 20)
    pdf = paper([Text(wide, size=12), Text(wide, label="Кому", ruled=True)], "x")
    content = _stream(_object(pdf, 10)).decode()
    for size, x, glyphs in re.findall(r"/F ([\d.]+) Tf ([\d.]+) [\d.]+ Td <(\w+)> Tj", content):
        widths = [sans().widths[int(glyphs[at : at + 4], 16)] for at in range(0, len(glyphs), 4)]
        assert float(x) + sum(widths) * float(size) / 1000 <= 595 - 51


@pytest.mark.parametrize("script", ["ქართული", "العربية", "中文"])
def test_a_script_the_font_does_not_have_makes_no_pdf(script: str) -> None:
    to, letter = _fax(letter={"subject": {"en": script}, "body": {"en": "x"}, "facts": {}})
    assert not can_be_drawn(to, letter)
    assert fax_sheet(to, letter) is None
    with pytest.raises(ValueError, match="letter"):
        paper([Text(script)], "x")


def test_the_letters_of_kazakhstan_are_there() -> None:
    assert drawable("Қазақстан Республикасы Әә Ғғ Ққ Ңң Өө Ұұ Үү Һһ Іі №5 «—» Qazaqstan ğşıńó")
