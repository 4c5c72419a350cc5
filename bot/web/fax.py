"""A letter as a fax sheet: to whom, number, room to fill in, the letter. In its own language."""

from __future__ import annotations

from collections.abc import Iterator

from bot.render.pdf import Text, drawable, paper
from handlers.addressees import Addressee
from handlers.i18n import Translator
from handlers.letter import Letter


def fax_number(to: Addressee) -> str:
    """Their fax number as people read it; "" if none is known."""
    return next((it.shown for it in to.channels if it.kind == "fax"), "")


def can_be_drawn(to: Addressee, letter: Letter) -> bool:
    """Does our font have every letter of the sheet?"""
    return drawable(*(it.text for it in _texts(to, letter)))


def fax_sheet(to: Addressee, letter: Letter) -> bytes | None:
    """The sheet as PDF; None without a number, or in a script our font does not have."""
    if not fax_number(to) or not can_be_drawn(to, letter):
        return None
    return paper(list(_texts(to, letter)), letter.subject)


def _texts(to: Addressee, letter: Letter) -> Iterator[Text]:
    words = Translator(letter.language).t
    yield Text(words("page-fax-title"), size=18)
    filled = {"to": letter.to, "number": fax_number(to), "from": "", "day": "", "pages": ""}
    for name, text in filled.items():
        yield Text(text, label=words(f"page-fax-{name}"), ruled=True)
    yield Text("")
    yield Text(letter.subject, size=13)
    yield Text(letter.text, size=10)
