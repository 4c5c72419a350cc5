"""How a letter reads in a chat: to whom, subject, the text to copy, and what it says."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.addressees import Addressee
from handlers.alert_payload import AlertPayload
from handlers.i18n import Translator
from handlers.letter import Letter, mail
from handlers.letter_writing import in_own_words
from handlers.message import (
    Block,
    Bold,
    Button,
    Copyable,
    Email,
    Italic,
    Mail,
    Paragraph,
    Span,
    paragraph,
)

COPYABLE = 256  # characters Telegram puts into a copy button
_LONGEST = 3800  # UTF-16 units of a letter that surely stay in one message, copied in one tap


def letter_blocks(
    payload: AlertPayload, letter: Letter, to: Addressee, translator: Translator, lot: int
) -> Iterator[Block]:
    """One letter, with what it says in the reader's language where it is in another."""
    draft = mail(letter, translator)
    if draft is not None:
        yield Paragraph(tuple(_envelope(letter, draft, translator)))
    yield paragraph(translator.t("notice-letter-subject", subject=letter.subject))
    yield Copyable(letter.text)
    if is_long(letter):
        yield paragraph(translator.t("letter-long", case=payload.case.id))
    own = in_own_words(payload, letter, to, translator.language, lot)
    if own is not None:
        theirs = translator.language_called(letter.language)
        yield paragraph(Bold(translator.t("letter-other-language", language=theirs)))
        yield paragraph(own.text)
    yield paragraph(Italic(translator.t("notice-letter-how")))


def is_long(letter: Letter) -> bool:
    """May it arrive in several messages, so that one tap copies only a part?"""
    return len(letter.text.encode("utf-16-le")) // 2 > _LONGEST


def _envelope(letter: Letter, draft: Mail, translator: Translator) -> Iterator[Span]:
    yield translator.t("letter-to") + " "
    yield draft
    for number, address in enumerate(letter.copies):
        yield ", " if number else "\n" + translator.t("letter-copies") + " "
        yield Email(address)


def copy_buttons(letter: Letter, translator: Translator) -> list[Button]:
    """What is worth copying by itself; a text too long for a button stands in the message."""
    worth = {"button-copy-subject": letter.subject}
    if letter.channel:
        worth = {f"button-copy-{letter.channel}": letter.address, **worth}
    return [
        Button(translator.t(key), copy=text)
        for key, text in worth.items()
        if 0 < len(text) <= COPYABLE
    ]
