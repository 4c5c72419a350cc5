"""/alert and what follows: preview, second pair of eyes, cool-down, sending, calling it off."""

from __future__ import annotations

import secrets
from dataclasses import replace

from handlers import alert_progress
from handlers.alert_draft import read_draft
from handlers.alert_payload import make_payload
from handlers.alert_preview import DRAFT_LASTS, View, code_of, preview
from handlers.campaign_fields import countries
from handlers.command import Context, Role, UserError, command, tell_organisers
from handlers.countries import find_country
from handlers.i18n import Translator, known_language
from handlers.message import Button, Message
from handlers.organisers import locked
from handlers.page_address import address_of
from handlers.wall_time import instant, parse_when
from storage import alerts, audit, dialogues, notices, organisers
from storage.models import Alert, AlertState

_OPEN = (AlertState.DRAFT, AlertState.SCHEDULED)


@command("alert", who=Role.ORGANISER)
async def alert(ctx: Context) -> Message:
    """Prepare an alert about a case and show exactly what would go out."""
    await refuse_when_locked(ctx)
    draft = await read_draft(ctx.session, ctx.args, ctx.translator.language)
    page = secrets.token_hex(12) if ctx.rules.public_url else None
    payload = await make_payload(
        ctx.session,
        draft.dossier,
        headline=draft.headline,
        text=draft.text,
        directory=ctx.directory,
        now=ctx.now,
        page=address_of(ctx.rules.public_url, page),
    )
    row = await alerts.add_draft(
        ctx.session,
        case_id=payload.case.id,
        payload=payload.model_dump_json(),
        content_hash=payload.content_hash,
        created_by=_me(ctx),
        now=ctx.now,
        expires_at=ctx.now + DRAFT_LASTS,
        page=page,
    )
    await _record(ctx, "alert drafted", row)
    return await preview(ctx, row, action=await action_for(ctx, row))


@command("preview", who=Role.ORGANISER)
async def show_preview(ctx: Context) -> Message:
    """Show a draft again, as somebody in another country or language sees it."""
    row, rest = await find(ctx)
    view = _view(ctx, rest) if rest else None
    return await preview(ctx, row, view=view, action=await action_for(ctx, row))


def _view(ctx: Context, text: str) -> View:
    language = known_language(text.rsplit(maxsplit=1)[-1]) if " " in text else ""
    name = text.rpartition(" ")[0] if language else text
    match = find_country(name, [ctx.translator.language, "en", "ru"])
    if match.code not in countries():
        raise UserError("country-unknown", text=name[:60])
    return View(match.code, language or ctx.translator.language)


@command("send", who=Role.ORGANISER, fresh=True)
async def send(ctx: Context) -> Message | None:
    """Say yes to a draft; the last yes that is needed starts the cool-down."""
    return await _say_yes(ctx)


@command("approve", who=Role.ORGANISER, fresh=True)
async def approve(ctx: Context) -> Message | None:
    """Say yes to somebody else's draft."""
    return await _say_yes(ctx)


async def _say_yes(ctx: Context) -> Message | None:
    await refuse_when_locked(ctx)
    row, _ = await find(ctx)
    _refuse_unless(row, (AlertState.DRAFT,))
    given = await alerts.approve(ctx.session, row, _me(ctx), ctx.now)
    await _record(ctx, "alert approved", row)
    if given < await _needed(ctx):
        return await _ask_the_others(ctx, row)
    send_at = max(ctx.now + ctx.rules.cooldown, row.send_at or 0)
    if not await alerts.step(
        ctx.session, row, [AlertState.DRAFT], AlertState.SCHEDULED, send_at=send_at
    ):
        raise UserError("alert-already-scheduled", code=code_of(row))
    await _under_way(ctx, row, send_at)
    return None


async def _under_way(ctx: Context, row: Alert, send_at: int) -> None:
    """Show when it leaves and how to stop it; this message becomes the progress display."""
    shown = await ctx.enqueue(alert_progress.waiting(ctx.translator, row, send_at, ctx.now))
    row.progress_id = shown.id
    await tell_organisers(
        ctx.session,
        ctx.now,
        lambda translator: alert_progress.waiting(translator, row, send_at, ctx.now),
        except_for=_me(ctx),
    )
    if send_at <= ctx.now:
        await alert_progress.start(ctx.session, row, ctx.now)


async def _ask_the_others(ctx: Context, row: Alert) -> Message:
    """The first yes of two: everybody else gets the preview with a button to approve."""

    def compose(translator: Translator) -> Message:
        return alert_progress.please_approve(translator, row)

    told = await tell_organisers(ctx.session, ctx.now, compose, except_for=_me(ctx))
    if not told:
        raise UserError("alert-no-second", code=code_of(row))
    return ctx.says("alert-waits", code=code_of(row), count=told)


@command("schedule", who=Role.ORGANISER, fresh=True)
async def schedule(ctx: Context) -> Message | None:
    """Say yes to a draft for a later time."""
    await refuse_when_locked(ctx)
    row, when = await find(ctx)
    _refuse_unless(row, (AlertState.DRAFT,))
    if not when:
        question = f"/schedule {code_of(row)}"
        await dialogues.ask(
            ctx.session, ctx.request.platform, ctx.request.address, question, ctx.now
        )
        return ctx.says("schedule-when", zone=_zone(ctx))
    send_at = instant(parse_when(when, _zone(ctx), ctx.now), _zone(ctx))
    if send_at <= ctx.now:
        raise UserError("schedule-past", when=ctx.translator.moment(send_at, _zone(ctx)))
    row.send_at = send_at
    return await _say_yes(ctx)


@command("cancel", who=Role.ORGANISER)
async def cancel(ctx: Context) -> Message:
    """Call off a draft or an alert in its cool-down; any organiser may."""
    row, _ = await find(ctx)
    if row.state == AlertState.SENDING:
        return await _stop_sending(ctx, row)
    if not await alerts.step(ctx.session, row, _OPEN, AlertState.CANCELLED):
        _refuse_unless(row, _OPEN)
    await _record(ctx, "alert cancelled", row)
    code = code_of(row)
    await tell_organisers(
        ctx.session,
        ctx.now,
        lambda translator: alert_progress.says(translator, "alert-cancelled", code=code),
        except_for=_me(ctx),
    )
    return replace(ctx.says("alert-cancelled", code=code), in_place=True)


async def find(ctx: Context, *, usage: str = "alert-which") -> tuple[Alert, str]:
    """The alert named first in the arguments, and what follows. Raises `UserError`."""
    name, _, rest = ctx.args.strip().replace("\n", " \n", 1).partition(" ")
    number, _, digest = name.lstrip("#").partition("-")
    row = await alerts.get(ctx.session, int(number)) if _is_number(number) else None
    if not name:
        raise UserError(usage)
    if row is None:
        raise UserError("alert-unknown", code=name[:20])
    if digest and not row.content_hash.startswith(digest.lower()):
        raise UserError("alert-other-content", code=name[:20])
    return row, rest.strip()


async def _stop_sending(ctx: Context, row: Alert) -> Message:
    """Half of them have it already: take back what has not left, and say how to undo the rest."""
    left = await notices.stop(ctx.session, [row.notice_id or 0], ctx.now)
    await _record(ctx, "alert stopped", row)
    code = code_of(row)
    await tell_organisers(
        ctx.session,
        ctx.now,
        lambda translator: alert_progress.says(translator, "alert-stopped", code=code, count=left),
        except_for=_me(ctx),
    )
    return replace(ctx.says("alert-stopped", code=code, count=left), in_place=True)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18


def _refuse_unless(row: Alert, states: tuple[AlertState, ...]) -> None:
    if row.state not in states:
        raise UserError(f"alert-is-{row.state}", code=code_of(row))


async def refuse_when_locked(ctx: Context) -> None:
    """Raises `UserError` while an owner has stopped everything."""
    if await locked(ctx.session):
        raise UserError("alert-locked")


async def _needed(ctx: Context) -> int:
    """How many different organisers must say yes."""
    if ctx.rules.approvals:
        return ctx.rules.approvals
    return 2 if len(await organisers.active(ctx.session)) > 1 else 1


async def action_for(ctx: Context, row: Alert) -> Button:
    """The button this organiser gets: to send, to ask for a second yes, or to approve."""
    code = code_of(row)
    if await _needed(ctx) < 2:
        label = ctx.t("button-send")
        return Button(label, command=f"/send {code}", lasts=DRAFT_LASTS)
    if row.created_by == _me(ctx):
        label = ctx.t("button-send-for-approval")
        return Button(label, command=f"/send {code}", lasts=DRAFT_LASTS)
    return Button(ctx.t("button-approve"), command=f"/approve {code}", lasts=DRAFT_LASTS)


def _me(ctx: Context) -> int:
    if ctx.organiser is None:  # the dispatcher lets nobody else through
        raise UserError("organisers-only", name="alert")
    return ctx.organiser.id


def _zone(ctx: Context) -> str:
    return ctx.subscriber.timezone or "UTC"


async def _record(ctx: Context, action: str, row: Alert) -> None:
    await audit.record(
        ctx.session, action=action, subject=code_of(row), organiser_id=_me(ctx), now=ctx.now
    )
