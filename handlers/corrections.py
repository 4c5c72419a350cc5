"""Putting right or taking back an alert that went out: every copy, at the speed of sending."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.alert_draft import read_draft
from handlers.alert_payload import AlertPayload, make_payload
from handlers.alert_preview import DRAFT_LASTS, code_of, preview
from handlers.alert_progress import root_of
from handlers.alerts import action_for, find, refuse_when_locked
from handlers.command import Context, Role, UserError, command, tell_organisers
from handlers.i18n import Translator
from handlers.message import Button, Message, paragraph
from handlers.organisers import WITHDRAWN, acting, record
from handlers.withdrawal import Withdrawal
from handlers.words import clean
from storage import alerts, dialogues, ending, notices, outbox
from storage.models import Alert, AlertState
from storage.notices import About

_OUT = (AlertState.SENDING, AlertState.SENT)
_LONGEST_REASON = 500  # characters
_NO_REASON = "-"


@command("retract", who=Role.ORGANISER, fresh=True)
async def retract(ctx: Context) -> Message:
    """Take an alert back from everybody who has it."""
    row, reason = await find(ctx)
    _refuse_unless_out(row)
    if not reason:
        return await _ask_why(ctx, row)
    reason = "" if reason == _NO_REASON else clean(reason)
    if len(reason) > _LONGEST_REASON:
        raise UserError("retract-long-reason", count=len(reason), most=_LONGEST_REASON)
    if not await alerts.step(ctx.session, row, _OUT, AlertState.RETRACTED, send_at=row.send_at):
        raise UserError("alert-is-retracted", code=code_of(row))
    count = await _take_back(ctx.session, row, reason, ctx.now)
    await record(ctx, "alert retracted", code_of(row))
    code = code_of(row)
    await tell_organisers(
        ctx.session,
        ctx.now,
        lambda translator: _says(translator, code, count),
        except_for=acting(ctx).id,
    )
    return replace(_says(ctx.translator, code, count), in_place=True)


def _says(translator: Translator, code: str, count: int) -> Message:
    text = translator.t("retracted", code=code, count=count)
    return Message(blocks=(paragraph(text),))


async def _ask_why(ctx: Context, row: Alert) -> Message:
    code = code_of(row)
    request = ctx.request
    await dialogues.ask(
        ctx.session, request.platform, request.address, f"/retract {code}", ctx.now
    )
    without = Button(
        ctx.t("button-no-reason"), command=f"/retract {code} {_NO_REASON}", lasts=DRAFT_LASTS
    )
    return replace(ctx.says("retract-why", code=code), buttons=((without,),))


async def _take_back(session: AsyncSession, row: Alert, reason: str, now: int) -> int:
    payload = AlertPayload.model_validate_json(row.payload)
    told = await notices.of_alert(session, root_of(row))
    ids = [notice.id for notice in told]
    await ending.call_off_corrections(session, root_of(row))
    await notices.go_on(session, ids)
    await notices.stop(session, ids, now)
    about = Withdrawal(
        headline=payload.headline,
        case=payload.case.title,
        main_language=payload.main_language,
        drill=payload.drill,
        reason=reason,
        country=payload.country,
    )
    subject = About(payload.case.id, payload.country, outbox.CORRECTIONS, alert_id=root_of(row))
    notice = await notices.add(session, WITHDRAWN, about.model_dump_json(), subject, now)
    return await notices.fan_out_edits(session, notice, ids, now)


@command("correct", who=Role.ORGANISER)
async def correct(ctx: Context) -> Message:
    """Prepare the text that shall stand in place of an alert that went out."""
    await refuse_when_locked(ctx)
    row, written = await find(ctx, usage="correct-usage")
    _refuse_unless_out(row)
    if not written:
        raise UserError("correct-usage")
    draft = await read_draft(ctx.session, f"{row.case_id} {written}", ctx.translator.language)
    payload = await make_payload(
        ctx.session,
        draft.dossier,
        headline=draft.headline,
        text=draft.text,
        directory=ctx.directory,
        now=ctx.now,
        page=(await _root_payload(ctx.session, row)).page,
    )
    payload = payload.model_copy(update={"corrects": root_of(row)})
    new = await alerts.add_draft(
        ctx.session,
        case_id=row.case_id,
        payload=payload.model_dump_json(),
        content_hash=payload.content_hash,
        created_by=acting(ctx).id,
        now=ctx.now,
        expires_at=ctx.now + DRAFT_LASTS,
        corrects_id=root_of(row),
    )
    await record(ctx, "correction drafted", code_of(new))
    return await preview(ctx, new, action=await action_for(ctx, new))


async def _root_payload(session: AsyncSession, row: Alert) -> AlertPayload:
    """What people were sent first: its page goes on with the corrected text."""
    root = await alerts.get(session, root_of(row))
    return AlertPayload.model_validate_json((root or row).payload)


def _refuse_unless_out(row: Alert) -> None:
    if row.state not in _OUT:
        raise UserError(f"retract-is-{row.state}", code=code_of(row))
