"""How a hearing reads in a list, and to the organiser who has just set it."""

from __future__ import annotations

from collections.abc import Iterable

from handlers.campaign import pick
from handlers.casebook import Dossier
from handlers.command import Context
from handlers.message import (
    Block,
    Bold,
    Heading,
    Italic,
    Message,
    Moment,
    Paragraph,
    Span,
    bullets,
    paragraph,
)
from handlers.reminder_notice import own_time
from handlers.reminders import facts_of, wall_time_of
from storage import hearings as store
from storage import subscribers
from storage.models import Hearing, ReminderState


def drill_mark(ctx: Context, dossiers: Iterable[Dossier]) -> list[Block]:
    """The line that everything said about an exercise begins with."""
    drill = any(it.campaign.drill for it in dossiers)
    return [paragraph(Bold(ctx.t("drill-mark")))] if drill else []


def line(ctx: Context, hearing: Hearing, dossier: Dossier) -> Paragraph:
    """One hearing: which case, when there and here, in which court; its number for organisers."""
    facts = facts_of(hearing)
    words = [_words(ctx, dossier, it) for it in (facts.court, facts.kind, facts.note)]
    zone = ctx.subscriber.timezone
    spans: list[Span] = [Bold(dossier.title(ctx.translator.language)), "\n"]
    spans.append(wall_time_of(hearing, dossier, ctx.translator))
    spans += own_time(hearing.starts_at, hearing.timezone, zone, ctx.translator)
    spans += [f"\n{it}" for it in words if it]
    if ctx.organiser is not None:
        spans += ["\n", Italic(ctx.t("hearing-number", number=hearing.id))]
    return Paragraph(tuple(spans))


def last_line(ctx: Context, hearing: Hearing, dossier: Dossier) -> Paragraph:
    """What came of a hearing that is over."""
    outcome = _words(ctx, dossier, facts_of(hearing).note)
    when = wall_time_of(hearing, dossier, ctx.translator)
    return paragraph(ctx.t("hearings-last", when=when, outcome=outcome))


def _words(ctx: Context, dossier: Dossier, texts: dict[str, str]) -> str:
    return pick(texts, ctx.translator.language, dossier.campaign.language)


async def planned(ctx: Context, dossier: Dossier, row: Hearing, title: str) -> Message:
    """The hearing as it stands, and exactly when how many will be reminded."""
    audience = await subscribers.audience(ctx.session, dossier.case.id, dossier.campaign.country)
    count = sum(it.count for it in audience)
    zone = ctx.subscriber.timezone or row.timezone
    blocks: list[Block] = [*drill_mark(ctx, [dossier]), Heading(title), line(ctx, row, dossier)]
    points = await _points(ctx, row, zone)
    if points:
        place = ctx.translator.zone(zone)
        blocks.append(paragraph(ctx.t("hearing-reminders", count=count, place=place)))
        blocks.append(bullets(*points))
    else:
        blocks.append(paragraph(ctx.t("hearing-no-reminders")))
    note = ctx.t("hearing-put-right", number=row.id, zone=row.timezone)
    return Message(blocks=(*blocks, paragraph(Italic(note))))


async def _points(ctx: Context, row: Hearing, zone: str) -> list[tuple[Span, ...]]:
    found: list[tuple[Span, ...]] = []
    for it in await store.reminders(ctx.session, row):
        if it.state != ReminderState.WAITING:
            continue
        if it.kind == "now":
            found.append((ctx.t("reminder-point-now"),))
        else:
            moment = Moment(it.due_at, ctx.translator.moment(it.due_at, zone))
            found.append((ctx.t(f"reminder-point-{it.kind}"), " ", moment))
    return found
