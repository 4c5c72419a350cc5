"""Owners decide who may alert: inviting, revoking, and what everybody did."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import trust
from handlers.alert_preview import code_of
from handlers.command import Context, Role, UserError, command, tell_organisers
from handlers.i18n import Translator
from handlers.message import Block, Button, Code, Heading, Message, bullets, paragraph
from handlers.services import service_of, shown
from storage import alerts, audit, dialogues, notices, organisers, pins
from storage import lockdown as brake
from storage.models import AlertState, AuditEntry, Organiser

WITHDRAWN = "withdrawal"  # what takes wrong alerts back goes out even then
_INVITATION_LASTS = 86400
_CODE_BYTES = 30  # 240 bits: 40 characters, and still short enough for a link's payload
_TRIES, _TRIES_WITHIN = 5, 3600
_SHOWN = 20


async def locked(session: AsyncSession) -> bool:
    """Has an owner stopped everything (`/lockdown`)?"""
    return await brake.is_on(session)


# ------------------------------------------------------------------------------- coming


@command("invite", who=Role.OWNER)
async def invite(ctx: Context) -> Message:
    """A one-time code that makes its bearer an organiser."""
    _refuse_other_roles(ctx)
    if await locked(ctx.session):
        raise UserError("invite-locked")
    code = secrets.token_urlsafe(_CODE_BYTES)
    await organisers.invite(
        ctx.session,
        code,
        organisers.ORGANISER,
        invited_by=acting(ctx),
        expires_at=ctx.now + _INVITATION_LASTS,
        now=ctx.now,
    )
    await record(ctx, "invited", organisers.ORGANISER)
    await tell(ctx, "told-invited", by=_label(acting(ctx)))
    return Message(
        blocks=(
            paragraph(ctx.t("invite-made")),
            paragraph(Code(f"/join {code}")),
            paragraph(ctx.t("invite-how")),
        ),
        buttons=((Button(ctx.t("button-copy-invitation"), copy=f"/join {code}"),),),
        protected=True,
    )


def _refuse_other_roles(ctx: Context) -> None:
    """Only the configuration makes owners: a stolen account must not make itself a twin."""
    wish = ctx.args.strip().casefold()
    if wish in (organisers.OWNER, ctx.t("role-owner")):
        raise UserError("invite-no-owners")
    if wish not in ("", organisers.ORGANISER, ctx.t("role-organiser")):
        raise UserError("invite-unknown-role", text=ctx.args.strip()[:40])


@command("join", private_only=True, hidden=True)
async def join(ctx: Context) -> Message:
    """Become an organiser with a code."""
    return await join_with(ctx, ctx.args.strip())


async def join_with(ctx: Context, code: str) -> Message:
    """Become an organiser with this code; a link may carry it too."""
    if not ctx.private:
        raise UserError("private-only", name="join")
    if ctx.request.doubt:
        raise UserError(f"doubt-{ctx.request.doubt}", name="join")
    if ctx.organiser is not None:
        return ctx.says("joined-already")
    if not code:
        await dialogues.ask(
            ctx.session, ctx.request.platform, ctx.request.address, "/join", ctx.now
        )
        return ctx.says("join-which")
    if not await _may_try(ctx):
        return ctx.says("join-too-often")
    role = await organisers.redeem(ctx.session, code, ctx.now)
    return await _welcome(ctx, role) if role else ctx.says("join-refused")


async def _may_try(ctx: Context) -> bool:
    """Codes cannot be guessed, but nobody needs more than a few tries either."""
    tries = await organisers.count_try(
        ctx.session, ctx.request.platform, ctx.request.address, _TRIES_WITHIN, ctx.now
    )
    return tries <= _TRIES


async def _welcome(ctx: Context, role: str) -> Message:
    platform, sender = ctx.request.platform, ctx.request.sender
    ctx.organiser = await organisers.add(ctx.session, service_of(platform), sender, role, ctx.now)
    organisers.remember_chat(ctx.session, ctx.organiser, platform, ctx.request.address)
    trust.know(ctx.session, ctx.organiser, ctx.request)
    await organisers.forget_tries(ctx.session, platform, ctx.request.address)
    await record(ctx, "joined", _label(ctx.organiser))
    await tell(ctx, "told-joined", label=_label(ctx.organiser))
    return ctx.says("joined")


# ------------------------------------------------------------------------ being, and going


@command("organisers", who=Role.OWNER)
async def list_organisers(ctx: Context) -> Message:
    """Who may act: role, platform and since when, never a name."""
    return await _list(ctx)


async def _list(ctx: Context, *before: Block) -> Message:
    everyone = await organisers.active(ctx.session)
    buttons = [
        (Button(ctx.t("button-revoke", label=_label(it)), command=f"/revoke {it.id}"),)
        for it in everyone
        if not it.configured and it.id != acting(ctx).id
    ]
    lines = bullets(*[_line(ctx, it) for it in everyone])
    blocks = (*before, Heading(ctx.t("organisers-title")), lines)
    return Message(blocks=blocks, buttons=tuple(buttons), protected=True)


def _line(ctx: Context, it: Organiser) -> str:
    since = ctx.translator.day(datetime.fromtimestamp(it.added_at, UTC).date().isoformat())
    line = ctx.t(
        "organisers-line",
        label=_label(it),
        role=ctx.t(f"role-{it.role}"),
        where=shown(ctx.translator, it.platform),
        since=since,
        key=_short(pins.pinned(ctx.session, it)),
    )
    return f"{line} {ctx.t('organisers-you')}" if it.id == acting(ctx).id else line


def _short(key: str) -> str:
    """The beginning of a key, as clients show it: enough to compare; "none" without one."""
    return " ".join([key[:4], key[4:8], key[8:12]]) if key else "none"


def _label(it: Organiser) -> str:
    """How an organiser is called: a number that never becomes another's."""
    return f"#{it.id}"


@command("revoke", who=Role.OWNER)
async def revoke(ctx: Context) -> Message:
    """Take an organiser's role away."""
    organiser = await _find(ctx)
    if organiser.configured:
        raise UserError("revoke-owner")
    if organiser.id == acting(ctx).id:
        raise UserError("revoke-self")
    await organisers.revoke(ctx.session, organiser)
    label = _label(organiser)
    await record(ctx, "revoked", label)
    await tell(ctx, "told-revoked", label=label, by=_label(acting(ctx)))
    said = paragraph(ctx.t("revoked", label=label))
    return replace(await _list(ctx, said, *await _left_behind(ctx, organiser)), in_place=True)


async def _find(ctx: Context) -> Organiser:
    """The active organiser whose number was given. Raises `UserError`."""
    text = ctx.args.strip().lstrip("#")
    if not text:
        raise UserError("revoke-which")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    organiser = await organisers.get(ctx.session, number)
    if organiser is None or not organiser.active:
        raise UserError("revoke-unknown", text=text[:20])
    return organiser


async def _left_behind(ctx: Context, organiser: Organiser) -> tuple[Block, ...]:
    """The alerts this organiser prepared that could still go out."""
    waiting = await alerts.in_state(ctx.session, [AlertState.DRAFT, AlertState.SCHEDULED])
    codes = [code_of(it) for it in waiting if it.created_by == organiser.id]
    if not codes:
        return ()
    return (paragraph(ctx.t("revoked-alerts", codes=", ".join(codes), first=codes[0])),)


# ------------------------------------------------------------------------------- the brake


@command("lockdown", who=Role.OWNER)
async def lockdown(ctx: Context) -> Message:
    """Let nothing leave that many would get; only owners stay. Says nothing to subscribers."""
    wish = ctx.args.strip().casefold()
    if wish == "off":
        return await _release(ctx)
    if await locked(ctx.session):
        return ctx.says("lockdown-already")
    if wish != "on":
        sure = Button(ctx.t("button-lockdown"), command="/lockdown on", lasts=3600)
        return replace(ctx.says("lockdown-ask"), buttons=((sure,),))
    await brake.switch(ctx.session, on=True)
    stopped = await brake.cancel_alerts(ctx.session, [AlertState.DRAFT, AlertState.SCHEDULED])
    taken_back = await notices.stop_all(ctx.session, ctx.now, but=WITHDRAWN)
    await tell(ctx, "told-locked", by=_label(acting(ctx)))  # before the roles are gone
    gone = await _revoke_all(ctx)
    await record(ctx, "lockdown", "on")
    said = ctx.says("lockdown-done", alerts=stopped, held=taken_back, organisers=gone)
    return replace(said, in_place=True)


async def _revoke_all(ctx: Context) -> int:
    await organisers.withdraw_invitations(ctx.session)
    mere = await organisers.active(ctx.session, [organisers.ORGANISER])
    for organiser in mere:
        await organisers.revoke(ctx.session, organiser)
    return len(mere)


async def _release(ctx: Context) -> Message:
    if not await locked(ctx.session):
        return ctx.says("lockdown-is-off")
    await brake.switch(ctx.session, on=False)
    await record(ctx, "lockdown", "off")
    await tell(ctx, "told-unlocked", by=_label(acting(ctx)))
    return ctx.says("lockdown-lifted")


async def keep_still(session: AsyncSession, now: int) -> None:
    """While the brake is on, take back what has become due since (reminders, second tries)."""
    if await locked(session):
        await notices.stop_all(session, now, but=WITHDRAWN)


# ------------------------------------------------------------------------------- what was done


@command("audit", who=Role.OWNER)
async def show_audit(ctx: Context) -> Message:
    """What organisers did last, and whether the list is whole."""
    entries = await audit.latest(ctx.session, _SHOWN)
    title = Heading(ctx.t("audit-title"))
    if not entries:
        return Message(blocks=(title, paragraph(ctx.t("audit-empty"))), protected=True)
    broken = await audit.broken_at(ctx.session)
    seal = entries[0].hash[:8]
    whole = ctx.t("audit-broken", number=broken) if broken else ctx.t("audit-whole", seal=seal)
    zone = ctx.subscriber.timezone or "UTC"
    lines = bullets(*[_entry(ctx, entry, zone) for entry in entries])
    times = paragraph(ctx.t("audit-times", zone=zone))
    return Message(blocks=(title, paragraph(whole), lines, times), protected=True)


def _entry(ctx: Context, entry: AuditEntry, zone: str) -> str:
    when = ctx.translator.clock(entry.at, zone)
    who = f"#{entry.organiser_id}" if entry.organiser_id else ctx.t("audit-nobody")
    key = f"audit-{entry.action.replace(' ', '-')}"
    action = ctx.t(key) if ctx.translator.has(key) else entry.action
    return f"{when} · {who} · {action} · {entry.subject}"


# ------------------------------------------------------------------------------------ everywhere


def acting(ctx: Context) -> Organiser:
    """The organiser whose command this is."""
    if ctx.organiser is None:  # the dispatcher lets nobody else through
        raise UserError("owners-only", name="organisers")
    return ctx.organiser


async def record(ctx: Context, action: str, subject: str) -> None:
    """Write down what the acting organiser does."""
    await audit.record(
        ctx.session, action=action, subject=subject, organiser_id=acting(ctx).id, now=ctx.now
    )


async def tell(ctx: Context, key: str, **args: str) -> None:
    """Tell all the others."""

    def compose(translator: Translator) -> Message:
        return Message(blocks=(paragraph(translator.t(key, **args)),))

    await tell_organisers(ctx.session, ctx.now, compose, except_for=acting(ctx).id)
