"""Hearings in chat: what lies ahead, for everybody; announcing and changing, for organisers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from handlers import casebook, docket
from handlers.campaign import Hearing as Facts
from handlers.casebook import Dossier
from handlers.command import Context, Role, UserError, command
from handlers.hearing_choice import NUMBER, which_hearing
from handlers.hearing_lines import drill_mark, last_line, line, planned
from handlers.hearing_words import Sitting, read_sitting, split_when
from handlers.i18n import Translator, languages
from handlers.message import Block, Button, Heading, Message, paragraph
from handlers.reminders import facts_of, wall_time_of
from handlers.words import matchable, one_line
from storage import audit, dialogues, subscribers
from storage import hearings as store
from storage.models import Hearing, HearingState, SubscriberState

_SHOWN = 10
_LONGEST_OUTCOME = 500


@command("hearings")
async def list_hearings(ctx: Context) -> Message:
    """What lies ahead in court, of one case or of all, in the reader's own time too."""
    if ctx.args.strip():
        dossier = await casebook.find(ctx.session, one_line(ctx.args), ctx.translator.language)
        return await _of_case(ctx, dossier)
    dossiers = {it.case.id: it for it in await casebook.open_dossiers(ctx.session)}
    ahead = [it for it in await store.upcoming(ctx.session, ctx.now) if it.case_id in dossiers]
    if not ahead:
        told = await _is_told(ctx, list(dossiers.values()))
        return ctx.says("hearings-none" if told else "hearings-none-follow")
    blocks = [
        *drill_mark(ctx, [dossiers[it.case_id] for it in ahead]),
        Heading(ctx.t("hearings-title")),
    ]
    blocks += [line(ctx, it, dossiers[it.case_id]) for it in ahead[:_SHOWN]]
    if len(ahead) > _SHOWN:
        blocks.append(paragraph(ctx.t("hearings-more", count=len(ahead) - _SHOWN)))
    return Message(blocks=tuple(blocks))


async def _of_case(ctx: Context, dossier: Dossier) -> Message:
    rows = await store.of_case(ctx.session, dossier.case.id)
    ahead = [it for it in rows if it.state == HearingState.ANNOUNCED and it.starts_at > ctx.now]
    blocks: list[Block] = [*drill_mark(ctx, [dossier])]
    blocks += [line(ctx, it, dossier) for it in ahead]
    if not ahead:
        told = await _is_told(ctx, [dossier])
        key = "hearings-none-case" if told else "hearings-none-case-follow"
        title = dossier.title(ctx.translator.language)
        blocks.append(paragraph(ctx.t(key, title=title, case=dossier.case.id)))
    held = [it for it in rows if it.state == HearingState.HELD]
    if held:
        blocks.append(last_line(ctx, held[-1], dossier))
    see = Button(ctx.t("button-case"), command=f"/case {dossier.case.id}")
    return Message(blocks=tuple(blocks), buttons=((see,),))


async def _is_told(ctx: Context, dossiers: Sequence[Dossier]) -> bool:
    """Whether this chat follows one of the cases, so that reminders reach it."""
    if ctx.subscriber.state != SubscriberState.ACTIVE:
        return False
    follows = {
        (it.kind, it.value) for it in await subscribers.follows(ctx.session, ctx.subscriber)
    }
    reaching = {("all", "")}
    for it in dossiers:
        reaching |= {("country", it.campaign.country), ("case", it.case.id)}
    return bool(follows & reaching)


@command("hearing", who=Role.ORGANISER, fresh=True)
async def hearing(ctx: Context) -> Message:
    """Announce, move or call off a hearing, or write down what came of it."""
    word, rest = _split(ctx.args)
    work = _WORK.get(word.casefold())
    if work is None or not rest:
        raise UserError("hearing-usage")
    return await work(ctx, rest)


def _split(text: str) -> tuple[str, str]:
    """The first word and the rest."""
    first, *rest = text.split(maxsplit=1) or [""]
    return first, rest[0].strip() if rest else ""


async def _add(ctx: Context, text: str) -> Message:
    which, when, rest = split_when(text)
    dossier = await casebook.find(ctx.session, which, ctx.translator.language)
    campaign = dossier.campaign
    sitting = read_sitting(
        when, rest, country=campaign.country, zone=campaign.timezone, now=ctx.now
    )
    await _refuse_twin(ctx, dossier, sitting)
    facts = Facts(
        id=f"chat-{re.sub('[^0-9T]', '', sitting.local)}",
        court=_said(ctx, sitting.court) or _unknown_court(),
        city=_city(ctx, sitting),
        local=sitting.local,
        timezone=sitting.timezone,
    )
    row = await docket.announce(ctx.session, dossier, facts, ctx.now)
    await _audit(ctx, "add", row)
    return await planned(ctx, dossier, row, ctx.t("hearing-added", number=row.id))


def _said(ctx: Context, text: str) -> dict[str, str]:
    return {ctx.translator.language: text} if text else {}


def _city(ctx: Context, sitting: Sitting) -> dict[str, str]:
    """The city as written; nothing if the time zone is named after it, as that has its name in
    every language.
    """
    zone = sitting.timezone
    own_names = {matchable(Translator(code).zone(zone)) for code in languages()}
    return {} if matchable(sitting.city) in own_names else _said(ctx, sitting.city)


def _unknown_court() -> dict[str, str]:
    return {code: Translator(code).t("hearing-court-unknown") for code in languages()}


async def _refuse_twin(
    ctx: Context, dossier: Dossier, sitting: Sitting, row: Hearing | None = None
) -> None:
    """One case is not heard twice at one time: most likely the command was sent twice."""
    for other in await store.of_case(ctx.session, dossier.case.id):
        announced = other.state == HearingState.ANNOUNCED
        if other is not row and announced and other.starts_at == sitting.starts_at:
            raise UserError("hearing-twin", number=other.id)


async def _move(ctx: Context, text: str) -> Message:
    if NUMBER.fullmatch(text):
        return await _ask(ctx, "move", (await which_hearing(ctx, text, "move"))[0])
    which, when, rest = split_when(text)
    tail = " ".join([when.text, rest]).strip()
    row, dossier = await which_hearing(ctx, which, "move", tail)
    if row.state == HearingState.HELD:
        raise UserError("hearing-held", number=row.id)
    sitting = read_sitting(
        when, rest, country=dossier.campaign.country, zone=row.timezone, now=ctx.now
    )
    await _refuse_twin(ctx, dossier, sitting, row)
    facts = _moved(ctx, row, sitting)
    if facts == facts_of(row) and row.state == HearingState.ANNOUNCED:
        raise UserError("hearing-same", number=row.id)
    told = await docket.move(ctx.session, dossier, row, facts, ctx.now)
    await _audit(ctx, "move", row)
    title = ctx.t("hearing-moved", number=row.id, count=told)
    return await planned(ctx, dossier, row, title)


def _moved(ctx: Context, row: Hearing, sitting: Sitting) -> Facts:
    """The hearing with its new time, and its new court if one was written."""
    update: dict[str, object] = {"local": sitting.local, "timezone": sitting.timezone}
    if sitting.court:
        update["court"] = _said(ctx, sitting.court)
    if sitting.city or sitting.timezone != row.timezone:
        update["city"] = _city(ctx, sitting)
    return facts_of(row).model_copy(update=update)


async def _cancel(ctx: Context, text: str) -> Message:
    row, dossier = await which_hearing(ctx, one_line(text), "cancel")
    if row.state == HearingState.CANCELLED:
        raise UserError("hearing-cancelled-already", number=row.id)
    if row.state == HearingState.HELD or row.starts_at <= ctx.now:
        raise UserError("hearing-over", number=row.id)
    told = await docket.call_off(ctx.session, dossier, row, ctx.now)
    await _audit(ctx, "cancel", row)
    when = wall_time_of(row, dossier, ctx.translator)
    return ctx.says("hearing-cancelled", number=row.id, when=when, count=told)


async def _outcome(ctx: Context, text: str) -> Message:
    number, outcome = _split(text)
    if not NUMBER.fullmatch(number):
        dossier, outcome = await casebook.split_case(ctx.session, text, ctx.translator.language)
        number = dossier.case.id
    row, dossier = await which_hearing(ctx, number, "outcome")
    if row.state == HearingState.CANCELLED:
        raise UserError("hearing-was-cancelled", number=row.id)
    if row.starts_at > ctx.now:
        raise UserError("hearing-not-yet", when=wall_time_of(row, dossier, ctx.translator))
    outcome = one_line(outcome)
    if not outcome:
        return await _ask(ctx, "outcome", row)
    if len(outcome) > _LONGEST_OUTCOME:
        raise UserError("hearing-long-outcome", count=len(outcome), most=_LONGEST_OUTCOME)
    await docket.close(ctx.session, row, outcome, ctx.translator.language, ctx.now)
    await _audit(ctx, "outcome", row)
    return ctx.says("hearing-outcome", number=row.id, case=row.case_id)


_WORK = {"add": _add, "move": _move, "cancel": _cancel, "outcome": _outcome}


async def _ask(ctx: Context, word: str, row: Hearing) -> Message:
    """Take the next words as what is missing."""
    question = f"/hearing {word} {row.id}"
    await dialogues.ask(ctx.session, ctx.request.platform, ctx.request.address, question, ctx.now)
    return ctx.says(f"hearing-ask-{word}", number=row.id)


async def _audit(ctx: Context, word: str, row: Hearing) -> None:
    await audit.record(
        ctx.session,
        action=f"hearing {word}",
        subject=f"{row.case_id} hearing {row.id} version {row.version}",
        organiser_id=ctx.organiser.id if ctx.organiser else None,
        now=ctx.now,
    )
