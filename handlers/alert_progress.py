"""From the last yes to the last delivery: cool-down, start, one message that counts, the end."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.alert_payload import AlertPayload
from handlers.alert_preview import DRAFT_LASTS, code_of
from handlers.command import tell_organisers
from handlers.i18n import Translator, prefix_of
from handlers.message import Button, Heading, Message, Moment, Progress, pack_message, paragraph
from storage import alerts, cases, notices, outbox, subscribers
from storage.models import Alert, AlertState, Delivery, DeliveryState, Notice
from storage.notices import About

_UNDER_WAY = (DeliveryState.PENDING, DeliveryState.SENDING)


def says(translator: Translator, key: str, **args: str | int) -> Message:
    """A message of one paragraph."""
    return Message(blocks=(paragraph(translator.t(key, **args)),))


def waiting(translator: Translator, row: Alert, send_at: int, now: int) -> Message:
    """When it goes out, with the button that stops it."""
    code = code_of(row)
    if send_at <= now:
        return says(translator, "alert-starts", code=code)
    text = translator.t("alert-goes-out", code=code, span=translator.span(send_at - now))
    stop = Button(
        translator.t("button-stop-sending"), command=f"/cancel {code}", lasts=DRAFT_LASTS
    )
    at = Moment(send_at, f"{translator.clock(send_at, 'UTC')} UTC")
    return Message(blocks=(paragraph(text, " (", at, ")"),), buttons=((stop,),))


def please_approve(translator: Translator, row: Alert) -> Message:
    """To the other organisers: look at it and say yes or no."""
    code = code_of(row)
    payload = AlertPayload.model_validate_json(row.payload)
    headline = payload.headline.get(translator.language) or next(iter(payload.headline.values()))
    buttons = (
        (
            Button(translator.t("button-look"), command=f"/preview {code}", lasts=DRAFT_LASTS),
            Button(translator.t("button-approve"), command=f"/approve {code}", lasts=DRAFT_LASTS),
        ),
        (
            Button(
                translator.t("button-cancel-alert"), command=f"/cancel {code}", lasts=DRAFT_LASTS
            ),
        ),
    )
    asked = paragraph(translator.t("alert-please-approve", code=code))
    return Message(blocks=(Heading(headline), asked), buttons=buttons, protected=True)


async def tick(session: AsyncSession, now: int) -> None:
    """Start what is due, show how far it is, end what is done, drop what nobody approved."""
    for row in await alerts.overdue_drafts(session, now):
        await alerts.step(session, row, [AlertState.DRAFT], AlertState.EXPIRED)
    for row in await alerts.due(session, now):
        await start(session, row, now)
    for row in await alerts.in_state(session, [AlertState.SENDING]):
        await _show(session, row, now)


async def start(session: AsyncSession, row: Alert, now: int) -> None:
    """Fix the recipients: one delivery row for each, in this transaction."""
    case = await cases.get_case(session, row.case_id)
    if case is not None and case.closed_at is not None:
        await _call_off(session, row, now)
        return
    if not await alerts.step(
        session, row, [AlertState.SCHEDULED], AlertState.SENDING, send_at=row.send_at
    ):
        return
    payload = AlertPayload.model_validate_json(row.payload)
    former = await notices.of_alert(session, root_of(row)) if row.corrects_id else []
    about = About(
        payload.case.id,
        payload.country,
        lane=outbox.CORRECTIONS if row.corrects_id else outbox.ALERTS,
        priority=_PRIORITIES[payload.case.urgency],
        alert_id=root_of(row),
    )
    notice = await notices.add(session, "alert", row.payload, about, now)
    if row.corrects_id:
        await _put_right(session, notice, [it.id for it in former], now)
    who = subscribers.wants(payload.case.id, payload.country, urgent=payload.is_urgent)
    await notices.fan_out(session, notice, who, now)
    row.notice_id = notice.id


async def _call_off(session: AsyncSession, row: Alert, now: int) -> None:
    """Its case has been closed since it was approved."""
    if await alerts.step(session, row, [AlertState.SCHEDULED], AlertState.CANCELLED):
        code = code_of(row)
        await tell_organisers(
            session, now, lambda translator: says(translator, "alert-case-closed", code=code)
        )


async def _put_right(session: AsyncSession, notice: Notice, former: list[int], now: int) -> None:
    """Whoever has the former text sees it change; what has not left yet of it never will."""
    await notices.go_on(session, former)
    await notices.stop(session, former, now)
    await notices.fan_out_edits(session, notice, former, now)


def root_of(row: Alert) -> int:
    """The number of the alert that people were sent first, of which this may be a correction."""
    return row.corrects_id or row.id


_PRIORITIES = {"urgent": 0, "this-week": 1, "information": 2}


async def _show(session: AsyncSession, row: Alert, now: int) -> None:
    """Let the progress message say the present counts; finish when nothing is under way.

    Each look counts the rows and each edit takes a message's place on the way: the larger the
    broadcast, the rarer.
    """
    notice = await notices.get(session, row.notice_id or 0)
    done = notice is None or notice.finished_at is not None
    every = _pause_between(notice.recipients if notice else 0)
    if not done and now < row.progress_at + every:
        return
    row.progress_at = now
    counts = await notices.counts(session, [row.notice_id or 0])
    await _edit_progress(session, row, counts, now, done=done)
    if done and await alerts.step(session, row, [AlertState.SENDING], AlertState.SENT):
        await _tell_the_end(session, row, counts, now)


def _pause_between(recipients: int) -> int:
    """Seconds between two looks."""
    if recipients < 300:
        return 1
    return 5 if recipients < 3000 else 15


async def _edit_progress(
    session: AsyncSession, row: Alert, counts: dict[str, int], now: int, *, done: bool
) -> None:
    delivery = await outbox.get(session, row.progress_id or 0)
    if delivery is None:
        return
    translator = await _translator_of(session, delivery)
    message = progress(translator, row, counts, done=done)
    await outbox.replace_edit(session, delivery, pack_message(message), now)


async def _translator_of(session: AsyncSession, delivery: Delivery) -> Translator:
    subscriber = await subscribers.get(session, delivery.subscriber_id or 0)
    return Translator(subscriber.language if subscriber else "", prefix_of(delivery.platform))


_REMARKS = {
    DeliveryState.CANCELLED: "progress-not-sent",
    DeliveryState.REJECTED: "progress-rejected",
}


def progress(translator: Translator, row: Alert, counts: dict[str, int], *, done: bool) -> Message:
    """How many have it, cannot be reached, or are held."""
    total = sum(counts.values())
    settled = total - sum(counts.get(state, 0) for state in _UNDER_WAY)
    title = "progress-done" if done else "progress-going"
    lines = paragraph(
        translator.t(
            "progress-counts",
            delivered=counts.get(DeliveryState.SENT, 0),
            unreachable=counts.get(DeliveryState.UNREACHABLE, 0),
            held=counts.get(DeliveryState.HELD, 0),
            total=total,
        )
    )
    blocks = (
        Heading(translator.t(title, code=code_of(row))),
        Progress(settled, total),
        lines,
    )
    message = Message(blocks=blocks)
    for state, key in _REMARKS.items():
        if count := counts.get(state, 0):
            message = message.also(paragraph(translator.t(key, count=count)))
    return message


async def _tell_the_end(
    session: AsyncSession, row: Alert, counts: dict[str, int], now: int
) -> None:
    """The result, to every organiser whose chat does not hold the progress message."""
    delivery = await outbox.get(session, row.progress_id or 0)
    await tell_organisers(
        session,
        now,
        lambda translator: progress(translator, row, counts, done=True),
        except_chat=delivery.chat if delivery else None,
    )
