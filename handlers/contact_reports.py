"""/bounced and /worked: readers say whether a contact of a notice reached anybody.

Only who got the notice may, once for each contact, and not of many in one week: nobody writes to
every embassy, but somebody may want them all to look dead. Nothing is taken away on readers'
word: three of them mark a contact as doubtful, it moves behind the others, and organisers decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from handlers import casebook
from handlers.alert_notice import AlertNotice
from handlers.alert_payload import AlertPayload
from handlers.command import Context, UserError, command, tell_organisers
from handlers.contact_doubts import question
from handlers.contact_keys import REPORTABLE, key_of
from handlers.contact_lines import shown_as
from handlers.contact_places import places_with
from handlers.message import Button, Message
from storage import alerts
from storage import contacts as store
from storage.models import AlertState, Notice
from storage.outbox import Reader

ENOUGH = 3  # reports more that it bounced than that it worked, each from another chat
MOST_A_WEEK = 6  # contacts that one chat may call dead; the rest is not counted
_OFFERED = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """A contact that a notice has shown to this reader."""

    case: str
    kind: str
    value: str

    @property
    def key(self) -> str:
        """By which buttons and tables know it."""
        return key_of(self.kind, self.value)


@command("bounced")
async def bounced(ctx: Context) -> Message:
    """Say that a letter came back or a number is wrong."""
    return await _report(ctx, worked=False)


@command("worked")
async def worked(ctx: Context) -> Message:
    """Say that a contact works."""
    return await _report(ctx, worked=True)


async def _report(ctx: Context, *, worked: bool) -> Message:
    name = ctx.args.strip().lower()
    shown = await _shown(ctx)
    chosen = [it for it in shown if it.key == name]
    meant = chosen or [it for it in shown if not name or it.case == name]
    if not meant:
        raise UserError(await _why_none(ctx, name))
    if len(meant) > 1:
        return _ask_which(ctx, meant, "worked" if worked else "bounced")
    answer = await _count(ctx, meant[0], worked=worked)
    return replace(answer, in_place=bool(chosen))


async def _shown(ctx: Context) -> list[Shown]:
    """The contacts that notices still valid have shown here of late, newest first, none twice."""
    told = await store.told_of(ctx.session, ctx.subscriber, "alert")
    every = [
        it for notice in told if not await _over(ctx, notice) for it in _contacts(ctx, notice)
    ]
    return list({it.key: it for it in reversed(every)}.values())[::-1]


def _contacts(ctx: Context, notice: Notice) -> Iterable[Shown]:
    payload = AlertPayload.model_validate_json(notice.payload)
    own = ctx.subscriber
    reader = Reader(own.language, own.country, kind=own.kind, content=own.content)
    for kind, value in AlertNotice(payload, reader, ctx.translator).shown_contacts():
        if kind in REPORTABLE:
            yield Shown(payload.case.id, kind, value)


async def _over(ctx: Context, notice: Notice) -> str:
    """Why nothing is to be sent because of a notice any more; "" while something is."""
    dossier = await casebook.dossier(ctx.session, notice.case_id)
    if dossier is None or not dossier.is_open:
        return "report-closed"
    alert = await alerts.get(ctx.session, notice.alert_id or 0)
    return "report-withdrawn" if alert and alert.state == AlertState.RETRACTED else ""


async def _why_none(ctx: Context, name: str) -> str:
    """The key of the text that says why nothing can be reported."""
    told = await store.told_of(ctx.session, ctx.subscriber, "alert")
    over = [await _over(ctx, notice) for notice in told if notice.case_id == name]
    if any(over):
        return next(filter(None, over))
    dossier = await casebook.dossier(ctx.session, name) if name else None
    return "report-closed" if dossier and not dossier.is_open else "report-nothing"


def _ask_which(ctx: Context, meant: list[Shown], name: str) -> Message:
    buttons = tuple(
        (Button(shown_as(it.kind, it.value, ctx.translator), command=f"/{name} {it.key}"),)
        for it in meant[:_OFFERED]
    )
    return replace(ctx.says(f"report-which-{name}"), buttons=buttons)


async def _count(ctx: Context, it: Shown, *, worked: bool) -> Message:
    if not worked and await _has_said_enough(ctx):
        raise UserError("report-enough")
    counted = await store.report(ctx.session, it.key, ctx.subscriber, worked=worked, now=ctx.now)
    contact = shown_as(it.kind, it.value, ctx.translator)
    if not counted:
        return ctx.says("report-again", contact=contact)
    tally = await store.tally(ctx.session, it.key)
    if not worked and tally.bounced - tally.worked >= ENOUGH:
        await _raise_doubt(ctx, it, tally)
    return ctx.says("report-thanks-worked" if worked else "report-thanks-bounced", contact=contact)


async def _has_said_enough(ctx: Context) -> bool:
    said = await store.bounced_this_week(ctx.session, ctx.subscriber, ctx.now)
    return said >= MOST_A_WEEK


async def _raise_doubt(ctx: Context, it: Shown, tally: store.Tally) -> None:
    """Mark it and ask the organisers, once."""
    places = await places_with(ctx.session, ctx.directory, it.key)
    if not places:
        return  # it is in use no more
    if await store.mark(ctx.session, it.key, it.kind, it.value, ctx.now):
        await tell_organisers(
            ctx.session,
            ctx.now,
            lambda translator: question(translator, it.kind, it.value, places, tally),
        )
