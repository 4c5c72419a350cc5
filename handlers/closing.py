"""/close and /reopen: the end of a case, told to everybody who was asked to write.

Every copy that can still be reached is changed and loses its buttons, nothing queued about the
case leaves any more, and its followers hear the outcome. All words are ours, chosen from a list:
nobody can send a text of their own this way, which takes two organisers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import casebook
from handlers.alerts import refuse_when_locked
from handlers.campaign import Words, pick
from handlers.casebook import Dossier
from handlers.command import Context, Role, UserError, command, tell_organisers
from handlers.content import information_only
from handlers.i18n import Translator
from handlers.message import Block, Bold, Button, Heading, Message, paragraph
from handlers.organisers import acting, record
from handlers.words import one_line
from storage import cases as store
from storage import ending, notices, outbox, subscribers
from storage.models import Notice
from storage.notices import About
from storage.outbox import Reader

CLOSED, NEWS = "closed", "closed-news"
"""Kinds of notices: what stands in place of a copy, and what followers are told."""

OUTCOMES = ("freed", "clear", "drop", "won", "over")
"""How a case can end, in words short enough for a button beside any case's id."""

_LASTS = 86400


class Closing(BaseModel):
    """What readers are told when a case has ended."""

    model_config = ConfigDict(frozen=True)

    case: str
    title: Words
    country: str  # whose authorities were written to
    main_language: str
    drill: bool
    outcome: str
    instead: bool  # does it stand in place of something they were sent?


def closed(payload: str, reader: Reader, translator: Translator) -> Message:
    """The notice that a case has ended."""
    about = Closing.model_validate_json(payload)
    return Message(blocks=tuple(_blocks(about, reader, translator)))


def _blocks(about: Closing, reader: Reader, translator: Translator) -> Iterator[Block]:
    if about.drill:
        yield paragraph(Bold(translator.t("drill-mark")))
    title = pick(about.title, translator.language, about.main_language)
    yield Heading(translator.t("closed-title", case=title))
    yield paragraph(translator.t(f"closed-{about.outcome}"))
    if not information_only(reader, about.country):
        key = "closed-ask-instead" if about.instead else "closed-ask"
        yield paragraph(translator.t(key))


# ------------------------------------------------------------------------------- the commands


@command("close", who=Role.ORGANISER, fresh=True)
async def close(ctx: Context) -> Message:
    """End a case, and tell everybody."""
    await refuse_when_locked(ctx)
    name, _, outcome = one_line(ctx.args).rpartition(" ")
    if outcome.lower() not in OUTCOMES:
        return await _ask(ctx, await _find(ctx, ctx.args))
    dossier = await _find(ctx, name)
    case_id = dossier.case.id
    if not await store.close(ctx.session, case_id, outcome.lower(), ctx.now):
        raise UserError("close-already", case=case_id)
    count = await _tell(ctx.session, dossier, outcome.lower(), ctx.now)
    await record(ctx, "case closed", f"{case_id} {outcome.lower()}")
    said: dict[str, str | int] = {"case": case_id, "count": count}
    await _tell_organisers(ctx, "case-is-closed", said)
    return replace(ctx.says("case-is-closed", **said), in_place=True)


@command("reopen", who=Role.ORGANISER, fresh=True)
async def reopen(ctx: Context) -> Message:
    """Take up a case again that was closed."""
    dossier = await _find(ctx, ctx.args)
    case_id = dossier.case.id
    if dossier.is_open:
        raise UserError("reopen-is-open", case=case_id)
    await store.reopen(ctx.session, case_id)
    await record(ctx, "case reopened", case_id)
    await _tell_organisers(ctx, "case-is-reopened", {"case": case_id})
    return ctx.says("case-is-reopened", case=case_id)


async def _find(ctx: Context, name: str) -> Dossier:
    """The case meant; a closed one by its id. Raises `UserError`."""
    if not name.strip():
        raise UserError("close-which")
    by_id = await casebook.dossier(ctx.session, one_line(name)[:100].lower())
    return by_id or await casebook.find(ctx.session, name, ctx.translator.language)


async def _ask(ctx: Context, dossier: Dossier) -> Message:
    """How did it end? A button for each way, and what pressing one does."""
    case_id = dossier.case.id
    if not dossier.is_open and (await store.outcome(ctx.session, case_id)):
        raise UserError("close-already", case=case_id)
    audience = await subscribers.audience(ctx.session, case_id, dossier.campaign.country)
    count = sum(group.count for group in audience)
    title = dossier.title(ctx.translator.language)
    buttons = tuple(
        (Button(ctx.t(f"closed-{it}"), command=f"/close {case_id} {it}", lasts=_LASTS),)
        for it in OUTCOMES
    )
    return replace(ctx.says("close-ask", case=title, id=case_id, count=count), buttons=buttons)


async def _tell_organisers(ctx: Context, key: str, said: dict[str, str | int]) -> None:
    def compose(translator: Translator) -> Message:
        return Message(blocks=(paragraph(translator.t(key, **said)),))

    await tell_organisers(ctx.session, ctx.now, compose, except_for=acting(ctx).id)


# ------------------------------------------------------------------------------- telling all


async def _tell(session: AsyncSession, dossier: Dossier, outcome: str, now: int) -> int:
    """Stop what is queued, change every copy, tell the followers; how many copies change."""
    case, country = dossier.case, dossier.campaign.country
    copies = await stop_queued(session, case.id, now)
    changed = 0
    for group in copies:
        about = About(case.id, country, outbox.CORRECTIONS, alert_id=group[0].alert_id)
        payload = _payload(dossier, outcome, instead=True)
        row = await notices.add(session, CLOSED, payload, about, now)
        changed += await notices.fan_out_edits(session, row, [it.id for it in group], now)
    every = [notice.id for group in copies for notice in group]
    await ending.give_up_held(session, every, now)
    news = About(case.id, country, outbox.CORRECTIONS, priority=1)
    row = await notices.add(session, NEWS, _payload(dossier, outcome, instead=False), news, now)
    await notices.fan_out(session, row, subscribers.wants(case.id, country), now)
    return changed


async def stop_queued(session: AsyncSession, case_id: str, now: int) -> list[list[Notice]]:
    """Send nothing more about a case that is planned or queued; what was told about it."""
    await ending.call_off(session, case_id)
    copies = await ending.told_about(session, case_id)
    every = [notice.id for group in copies for notice in group]
    await notices.go_on(session, every)
    await notices.stop(session, every, now)
    return copies


def _payload(dossier: Dossier, outcome: str, *, instead: bool) -> str:
    return Closing(
        case=dossier.case.id,
        title=dossier.case.title,
        country=dossier.campaign.country,
        main_language=dossier.campaign.language,
        drill=dossier.campaign.drill,
        outcome=outcome,
        instead=instead,
    ).model_dump_json()
