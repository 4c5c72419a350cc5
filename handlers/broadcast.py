"""What organisers decide about something that is going out: go on, drop the rest, send again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import closing
from handlers.alert_payload import AlertPayload
from handlers.alert_preview import code_of
from handlers.campaign import pick
from handlers.command import Context, Role, UserError, command, tell_organisers
from handlers.i18n import Translator
from handlers.message import Button, Message, paragraph
from handlers.organisers import record
from handlers.reminder_notice import ReminderPayload
from storage import alerts, lockdown, notices
from storage.models import Notice

IN_A_ROW = 3  # refusals one after the other
TOO_MANY = 0.05  # of those tried …
JUDGED_FROM = 20  # … once so many have been
_BUTTONS_LAST = 7 * 86400


@dataclass(slots=True)
class Tally:
    """How the deliveries of a notice have ended so far."""

    sent: int = 0
    rejected: int = 0
    in_a_row: int = 0

    def good(self) -> None:
        """One has arrived."""
        self.sent += 1
        self.in_a_row = 0

    def bad(self) -> None:
        """The service refused one because of its content."""
        self.rejected += 1
        self.in_a_row += 1

    @property
    def tried(self) -> int:
        """How many have been judged by the service."""
        return self.sent + self.rejected

    @property
    def alarming(self) -> bool:
        """Must it be paused before more people get, or miss, what is wrong with it?"""
        many = self.tried >= JUDGED_FROM and self.rejected > TOO_MANY * self.tried
        return self.in_a_row >= IN_A_ROW or many


async def pause(session: AsyncSession, notice_id: int, tally: Tally, now: int) -> bool:
    """Pause a notice and ask the organisers; False if it is paused already."""
    notice = await notices.get(session, notice_id)
    if notice is None or not await notices.pause(session, notice_id, now):
        return False
    names = await _Names.of(session, [notice])

    def compose(translator: Translator) -> Message:
        text = translator.t(
            "broadcast-paused",
            name=names.name(translator, notice),
            rejected=tally.rejected,
            tried=tally.tried,
        )
        return Message(blocks=(paragraph(text),), buttons=_choices(translator, notice_id))

    await tell_organisers(session, now, compose)
    return True


def _choices(translator: Translator, notice_id: int) -> tuple[tuple[Button, ...], ...]:
    choices = (("button-continue", "continue"), ("button-discard", "discard"))
    return tuple(
        (Button(translator.t(key), command=f"/{name} {notice_id}", lasts=_BUTTONS_LAST),)
        for key, name in choices
    )


async def tend(session: AsyncSession, now: int) -> None:
    """Close what is finished; offer what is in doubt for one more try."""
    await notices.finish(session, now)
    for notice, number in await notices.newly_held(session):
        notice.held_told = number
        await _offer(session, notice, number, now)


async def _offer(session: AsyncSession, notice: Notice, number: int, now: int) -> None:
    names = await _Names.of(session, [notice])

    def compose(translator: Translator) -> Message:
        text = translator.t(
            "broadcast-in-doubt", name=names.name(translator, notice), count=number
        )
        again = Button(
            translator.t("button-resend", count=number),
            command=f"/resend {notice.id}",
            lasts=_BUTTONS_LAST,
        )
        return Message(blocks=(paragraph(text),), buttons=((again,),))

    await tell_organisers(session, now, compose)


@command("continue", who=Role.ORGANISER, fresh=True)
async def go_on(ctx: Context) -> Message:
    """End the pause of something that is going out."""
    notice = await _find(ctx)
    await _refuse_when_locked(ctx)
    if not await notices.go_on(ctx.session, [notice.id]):
        raise UserError("broadcast-not-paused", number=notice.id)
    return await _done(ctx, notice, "broadcast-continued")


@command("discard", who=Role.ORGANISER)
async def discard(ctx: Context) -> Message:
    """Take back what has not left yet."""
    notice = await _find(ctx)
    await notices.go_on(ctx.session, [notice.id])
    count = await notices.stop(ctx.session, [notice.id], ctx.now)
    return await _done(ctx, notice, "broadcast-discarded", count=count)


@command("resend", who=Role.ORGANISER, fresh=True)
async def resend(ctx: Context) -> Message:
    """Send again what may not have arrived, marked as a possible repeat."""
    notice = await _find(ctx)
    await _refuse_when_locked(ctx)
    count = await notices.release_held(ctx.session, notice, ctx.now)
    if not count:
        raise UserError("broadcast-nothing-held", number=notice.id)
    return await _done(ctx, notice, "broadcast-resent", count=count)


async def _find(ctx: Context) -> Notice:
    """The notice named by its number. Raises `UserError`."""
    text = ctx.args.strip()
    known = text.isascii() and text.isdigit() and len(text) < 18
    notice = await notices.get(ctx.session, int(text)) if known else None
    if notice is None:
        raise UserError("broadcast-unknown", number=text[:20])
    return notice


async def _refuse_when_locked(ctx: Context) -> None:
    if await lockdown.is_on(ctx.session):
        raise UserError("alert-locked")


async def _done(ctx: Context, notice: Notice, key: str, **args: int) -> Message:
    """Say so here and to the other organisers; write it down."""
    names = await _Names.of(ctx.session, [notice])
    await record(ctx, key, str(notice.id))

    def compose(translator: Translator) -> Message:
        text = translator.t(key, name=names.name(translator, notice), **args)
        return Message(blocks=(paragraph(text),))

    me = ctx.organiser.id if ctx.organiser else None
    await tell_organisers(ctx.session, ctx.now, compose, except_for=me)
    return compose(ctx.translator)


class _Names:
    """How notices are called when organisers are told of them."""

    def __init__(self, codes: dict[int, str]) -> None:
        self._codes = codes

    @classmethod
    async def of(cls, session: AsyncSession, rows: Sequence[Notice]) -> _Names:
        """Look up what the names need."""
        found = [await alerts.get(session, row.alert_id) for row in rows if row.alert_id]
        return cls({alert.id: code_of(alert) for alert in found if alert is not None})

    def name(self, translator: Translator, notice: Notice) -> str:
        """The alert's code, or the case a reminder is about."""
        if notice.alert_id in self._codes:
            return translator.t("broadcast-alert", code=self._codes[notice.alert_id])
        return translator.t("broadcast-reminder", case=_title(translator, notice))


def _title(translator: Translator, notice: Notice) -> str:
    if notice.kind == "alert":
        payload = AlertPayload.model_validate_json(notice.payload)
        return pick(payload.case.title, translator.language, payload.main_language)
    if notice.kind in (closing.CLOSED, closing.NEWS):
        about = closing.Closing.model_validate_json(notice.payload)
        return pick(about.title, translator.language, about.main_language)
    reminder = ReminderPayload.model_validate_json(notice.payload)
    return pick(reminder.title, translator.language, reminder.main_language)
