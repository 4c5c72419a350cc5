"""/letter and /files: the letter of a case to each of those it goes to, to copy or to keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from handlers import casebook
from handlers.addressees import Addressee, addressees
from handlers.alert_payload import AlertPayload, make_payload
from handlers.casebook import Dossier
from handlers.command import Context, UserError, command
from handlers.content import refuse_letters
from handlers.hearing_lines import drill_mark
from handlers.letter import Letter
from handlers.letter_blocks import copy_buttons, letter_blocks
from handlers.letter_files import contact_cards, eml, txt
from handlers.letter_writing import write
from handlers.message import Bold, Button, Heading, Message, paragraph
from handlers.words import one_line
from storage.lots import lot

_LONGEST_NAME = 100
_MOST_BUTTONS = 6  # others one can choose to write to
_NUMBERED = re.compile(r"(.*\S)\s+([1-9]\d?)")


@dataclass(frozen=True, slots=True)
class _Post:
    """Everybody the reader may write to about a case."""

    found: Dossier
    payload: AlertPayload
    everybody: Sequence[Addressee]
    lot: int

    def letter(self, number: int, language: str) -> Letter | None:
        return write(self.payload, self.everybody[number], language, self.lot)


@command("letter")
async def letter(ctx: Context) -> Message:
    """The letter of a case, to copy: to the first addressee, or to the one with that number."""
    found, number = await _asked(ctx)
    post = await _post(ctx, found)
    chosen = min(number, len(post.everybody)) - 1
    written = post.letter(chosen, ctx.translator.language)
    if written is None:
        raise UserError("letter-none", case=_title(ctx, post.found), id=post.found.case.id)
    to = post.everybody[chosen]
    named = to.named(ctx.translator, post.payload.main_language)
    blocks = (
        *drill_mark(ctx, [post.found]),
        Heading(_title(ctx, post.found)),
        *([paragraph(Bold(named))] if named else []),
        *letter_blocks(post.payload, written, to, ctx.translator, post.lot),
    )
    return Message(blocks=blocks, buttons=_buttons(ctx, post, written, chosen))


def _buttons(
    ctx: Context, post: _Post, written: Letter, chosen: int
) -> tuple[tuple[Button, ...], ...]:
    case = post.found.case.id
    copies = copy_buttons(written, ctx.translator)
    files = Button(ctx.t("button-files"), command=f"/files {case}")
    whom = Button(ctx.t("button-whom"), command=f"/case {case}")
    return (
        *([tuple(copies)] if copies else []),
        *((button,) for button in _others(ctx, post, chosen)),
        (files, whom),
    )


def _others(ctx: Context, post: _Post, chosen: int) -> list[Button]:
    """One button for each of the others who can be written to."""
    named = [
        (number, to.named(ctx.translator, post.payload.main_language))
        for number, to in enumerate(post.everybody, 1)
        if number - 1 != chosen and to.can_be_written_to
    ]
    return [
        Button(ctx.t("button-letter-to", name=name), command=f"/letter {post.found.case.id} {n}")
        for n, name in named[:_MOST_BUTTONS]
    ]


@command("files")
async def files(ctx: Context) -> Message:
    """The letters of a case as files for a computer, and the numbers as contact cards."""
    found, _ = await _asked(ctx)
    post = await _post(ctx, found)
    language = ctx.translator.language
    pairs = [
        (to, one) for to in post.everybody if (one := write(post.payload, to, language, post.lot))
    ]
    if not pairs:
        raise UserError("letter-none", case=_title(ctx, post.found), id=post.found.case.id)
    case = post.found.case.id
    first = pairs[0][1]
    mails = [eml(case, one) for _, one in pairs if one.channel == "email"][:1]
    cards = contact_cards(case, [to for to, _ in pairs], ctx.translator, post.payload)
    return Message(
        blocks=(
            *drill_mark(ctx, [post.found]),
            Heading(_title(ctx, post.found)),
            paragraph(ctx.t("files-what")),
        ),
        attachments=(*mails, txt(case, first), *cards),
    )


async def _asked(ctx: Context) -> tuple[Dossier, int]:
    """The case as it was typed, and the number of an addressee behind it."""
    typed = one_line(ctx.args)[:_LONGEST_NAME]
    if not typed:
        raise UserError("letter-which")
    numbered = _NUMBERED.fullmatch(typed)
    try:
        return await casebook.find(ctx.session, typed, ctx.translator.language), 1
    except UserError:  # a name may end with a number, too
        if numbered is None:
            raise
    found = await casebook.find(ctx.session, numbered[1], ctx.translator.language)
    return found, int(numbered[2])


async def _post(ctx: Context, found: Dossier) -> _Post:
    refuse_letters(ctx, found.campaign.country)
    payload = await make_payload(
        ctx.session, found, headline={}, text={}, directory=ctx.directory, now=ctx.now
    )
    everybody = addressees(payload, ctx.subscriber.country) or [Addressee("", "embassy", ())]
    return _Post(found, payload, everybody, lot(found.case.id, ctx.subscriber.id))


def _title(ctx: Context, it: Dossier) -> str:
    return it.title(ctx.translator.language)
