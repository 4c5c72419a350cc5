"""Which hearing an organiser means: by its number, or by its case if that leaves one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from handlers import casebook
from handlers.casebook import Dossier
from handlers.command import Context, UserError
from handlers.message import (
    Bold,
    Button,
    Message,
    bullets,
    paragraph,
)
from handlers.reminders import wall_time_of
from storage import hearings as store
from storage.models import Hearing, HearingState

_SHOWN = 10
_LONGEST_COMMAND = 44  # bytes a button's command may have
NUMBER = re.compile(r"#?(\d{1,9})")


async def which_hearing(
    ctx: Context, text: str, word: str, tail: str = ""
) -> tuple[Hearing, Dossier]:
    """The hearing meant by its number or its case; `tail` completes the buttons offered.

    Raises `UserError` if there is none or more than one.
    """
    match = NUMBER.fullmatch(text)
    if match:
        return await _numbered(ctx, int(match[1]))
    dossier = await casebook.find(ctx.session, text, ctx.translator.language)
    rows = _candidates(ctx, await store.of_case(ctx.session, dossier.case.id), word)
    if not rows:
        raise UserError("hearing-none", case=dossier.case.id)
    if len(rows) > 1:
        raise _offer(ctx, dossier, rows, word, tail)
    return rows[0], dossier


async def _numbered(ctx: Context, number: int) -> tuple[Hearing, Dossier]:
    row = await store.get(ctx.session, number)
    dossier = await casebook.dossier(ctx.session, row.case_id) if row else None
    if row is None or dossier is None:
        raise UserError("hearing-unknown", number=number)
    if not dossier.is_open:
        raise UserError("hearing-case-closed", case=dossier.case.id)
    return row, dossier


def _candidates(ctx: Context, rows: Sequence[Hearing], word: str) -> list[Hearing]:
    """What may be moved or called off lies ahead, what has an outcome is over."""
    announced = [it for it in rows if it.state == HearingState.ANNOUNCED]
    ahead = [it for it in announced if it.starts_at > ctx.now]
    over = [it for it in announced if it.starts_at <= ctx.now]
    return (over or ahead) if word == "outcome" else (ahead or over[-1:])


def _offer(
    ctx: Context, dossier: Dossier, rows: Sequence[Hearing], word: str, tail: str
) -> UserError:
    case = dossier.case.id
    listed = [(str(it.id), wall_time_of(it, dossier, ctx.translator)) for it in rows[:_SHOWN]]
    blocks = (
        paragraph(ctx.t("hearing-which", case=case)),
        bullets(*((Bold(number), f": {when}") for number, when in listed)),
    )
    buttons = [
        Button(ctx.translator.clock(it.starts_at, it.timezone), f"/hearing {word} {it.id} {tail}")
        for it in rows[:_SHOWN]
    ]
    fitting = [
        (replace(it, command=it.command.strip()),)
        for it in buttons
        if len(it.command.encode()) <= _LONGEST_COMMAND
    ]
    error = UserError("hearing-which", case=case)
    return error.offering(Message(blocks=blocks, buttons=tuple(fitting)))
