"""Reading what an organiser wrote after /alert: the case, the headline, the text, in languages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import casebook
from handlers.campaign import Words
from handlers.casebook import Dossier
from handlers.command import UserError
from handlers.i18n import languages
from handlers.words import clean, one_line

LONGEST_HEADLINE = 200  # characters: a headline is read on a lock screen
LONGEST_TEXT = 3000  # with the letter this still is two messages, not five

_SECTION = re.compile(r"^\[(\w{2,3})\][ \t]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Draft:
    """An alert as written: nothing of it is looked up yet."""

    dossier: Dossier
    headline: Words
    text: Words


async def read_draft(session: AsyncSession, written: str, language: str) -> Draft:
    """The draft in "CASE headline⏎text", other languages below as "[ru] headline⏎text".

    What stands first is in the organiser's own `language`. Raises `UserError` naming what is
    missing, twice there or too long.
    """
    main, sections = _sections(written, language)
    first, _, text = main.strip().partition("\n")
    if not one_line(first):
        raise UserError("alert-usage")
    dossier, headline = await casebook.split_case(session, one_line(first), language)
    parts = {language: (headline, text)} | {
        code: _headline_and_text(body) for code, body in sections.items()
    }
    checked = {code: _checked(code, *part) for code, part in parts.items()}
    return Draft(
        dossier,
        headline={code: headline for code, (headline, _) in checked.items()},
        text={code: text for code, (_, text) in checked.items() if text},
    )


def _sections(written: str, language: str) -> tuple[str, dict[str, str]]:
    """What stands before the first "[xx]", in `language`, and what stands under each."""
    pieces = _SECTION.split(written)
    found: dict[str, str] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        code = name.lower()
        if code not in languages():
            raise UserError("alert-unknown-language", code=name, known=", ".join(languages()))
        if code in found or code == language:
            raise UserError("alert-language-twice", code=code)
        found[code] = body
    return pieces[0], found


def _headline_and_text(body: str) -> tuple[str, str]:
    headline, _, text = body.partition("\n")
    return headline, text


def _checked(code: str, headline: str, text: str) -> tuple[str, str]:
    headline, text = one_line(headline), clean(text)
    if not any(ch.isalnum() for ch in headline):
        raise UserError("alert-no-headline", code=code)
    if len(headline) > LONGEST_HEADLINE:
        raise UserError("alert-long-headline", count=len(headline), most=LONGEST_HEADLINE)
    if len(text) > LONGEST_TEXT:
        raise UserError("alert-long-text", count=len(text), most=LONGEST_TEXT)
    return headline, text
