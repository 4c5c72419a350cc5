"""/actions and /case: what is going on, and what a reader can do about it now."""

from __future__ import annotations

from collections.abc import Iterator

from handlers import casebook
from handlers.campaign import Case, Charge, Person, Target, Words, pick
from handlers.casebook import Dossier
from handlers.command import Context, UserError, command
from handlers.contact_lines import target_blocks
from handlers.content import information_only
from handlers.countries import country_name
from handlers.hearing_lines import drill_mark
from handlers.message import (
    Block,
    Bold,
    Button,
    Heading,
    Message,
    Paragraph,
    Span,
    bullets,
    paragraph,
)
from handlers.onboarding import in_rows
from handlers.prisoner import with_address
from handlers.reminders import facts_of, wall_time_of
from handlers.words import one_line
from storage import cases as store
from storage import hearings, subscribers
from storage.models import Hearing

_URGENCY = ("urgent", "this-week", "information")
_LISTED = 12
_LONGEST_NAME = 100


# ------------------------------------------------------------------------------- the list


@command("actions")
async def actions(ctx: Context) -> Message:
    """The open cases, the most urgent first."""
    return await _all(ctx)


async def _all(ctx: Context) -> Message:
    dossiers = await casebook.open_dossiers(ctx.session)
    if not dossiers:
        raise UserError("case-none-yet")
    dossiers.sort(key=lambda it: (_URGENCY.index(it.case.urgency), _deadline(ctx, it.case) or "z"))
    shown = dossiers[:_LISTED]
    neutral = all(_neutral(ctx, it) for it in shown)
    next_hearing = await _next_hearings(ctx)
    buttons = [Button(_title(ctx, it), command=f"/case {it.case.id}") for it in shown]
    blocks = (
        *drill_mark(ctx, shown),
        Heading(ctx.t("cases-title" if neutral else "actions-title")),
        *[_entry(ctx, it, next_hearing.get(it.case.id)) for it in shown],
        paragraph(ctx.t("cases-how" if neutral else "actions-how")),
    )
    return Message(blocks=blocks, buttons=tuple(in_rows(buttons, 1)))


async def _next_hearings(ctx: Context) -> dict[str, Hearing]:
    """Case id → its next hearing."""
    ahead = await hearings.upcoming(ctx.session, ctx.now)
    return {it.case_id: it for it in reversed(ahead)}


def _entry(ctx: Context, it: Dossier, hearing: Hearing | None) -> Paragraph:
    """One case in the list: title, how it stands, by when to act."""
    spans: list[Span] = [Bold(_title(ctx, it))]
    status = _words(ctx, it, it.case.status)
    if status:
        spans.append(f"\n{status}")
    if _deadline(ctx, it.case) and not _neutral(ctx, it):
        day = ctx.translator.day(_deadline(ctx, it.case))
        spans.append("\n" + ctx.t("actions-deadline", deadline=day))
    if hearing is not None:
        when = wall_time_of(hearing, it, ctx.translator)
        spans.append("\n" + ctx.t("actions-hearing", when=when))
    return Paragraph(tuple(spans))


def _deadline(ctx: Context, it: Case) -> str:
    """Until when to act; "" once that is over."""
    return it.deadline if it.deadline >= ctx.today.isoformat() else ""


# ------------------------------------------------------------------------------- one case


@command("case")
async def case(ctx: Context) -> Message:
    """One case: what happened, what is demanded, whom to write to."""
    if not ctx.args.strip():
        return await _all(ctx)
    found = await _find(ctx)
    if not found.is_open:
        outcome = await store.outcome(ctx.session, found.case.id)
        how = (paragraph(ctx.t(f"closed-{outcome}")),) if outcome else ()
        closed = "case-closed-information" if _neutral(ctx, found) else "case-closed"
        return Message(blocks=(*_head(ctx, found), *how, paragraph(Bold(ctx.t(closed)))))
    if _neutral(ctx, found):
        return await _for_information(ctx, found)
    targets = await _targets(ctx, found)
    blocks = (
        *_head(ctx, found),
        *_what_to_do(ctx, found),
        *await _hearing(ctx, found),
        paragraph(_words(ctx, found, found.case.summary)),
        *_people(ctx, found),
        *_charges(ctx, found),
        *_demands(ctx, found),
        *_whom(ctx, found, targets),
    )
    return Message(blocks=blocks, buttons=tuple(in_rows(await _buttons(ctx, found), 2)))


async def _for_information(ctx: Context, found: Dossier) -> Message:
    """The facts alone: see `handlers/content.py`."""
    blocks = (
        *_head(ctx, found),
        *await _hearing(ctx, found),
        paragraph(_words(ctx, found, found.case.summary)),
        *_people(ctx, found),
        *_charges(ctx, found),
    )
    return Message(blocks=blocks, buttons=((await _follow_button(ctx, found),),))


def _neutral(ctx: Context, found: Dossier) -> bool:
    return information_only(ctx.subscriber, found.campaign.country)


async def _find(ctx: Context) -> Dossier:
    """The case meant; a closed one only by its id, for those who come from an old notice."""
    by_id = await casebook.dossier(ctx.session, _named(ctx).lower())
    return by_id or await casebook.find(ctx.session, _named(ctx), ctx.translator.language)


def _named(ctx: Context) -> str:
    """The name as typed, no longer than any name is."""
    return one_line(ctx.args)[:_LONGEST_NAME]


def _head(ctx: Context, found: Dossier) -> Iterator[Block]:
    yield from drill_mark(ctx, [found])
    yield Heading(_title(ctx, found))
    country = country_name(found.campaign.country, ctx.translator.language)
    status = _words(ctx, found, found.case.status) if found.is_open else ""
    place = [_words(ctx, found, found.case.place), country, status]
    yield paragraph(" · ".join(filter(None, place)))


def _what_to_do(ctx: Context, found: Dossier) -> Iterator[Block]:
    """The ask comes first: a phone shows five lines."""
    if not found.case.demands and not found.case.letter:
        return
    key = "case-ask-letter" if found.case.letter else "case-ask"
    spans: list[Span] = [Bold(ctx.t("notice-what-to-do")), f" {ctx.t(key, case=found.case.id)}"]
    if _deadline(ctx, found.case):
        day = ctx.translator.day(_deadline(ctx, found.case))
        spans.append(" " + ctx.t("actions-deadline", deadline=day))
    yield Paragraph(tuple(spans))


async def _hearing(ctx: Context, found: Dossier) -> tuple[Block, ...]:
    ahead = await hearings.upcoming(ctx.session, ctx.now, [found.case.id])
    if not ahead:
        return ()
    when = wall_time_of(ahead[0], found, ctx.translator)
    court = _words(ctx, found, facts_of(ahead[0]).court)
    return (paragraph(ctx.t("case-hearing", when=when, court=court)),)


def _people(ctx: Context, found: Dossier) -> Iterator[Block]:
    if found.case.people:
        yield bullets(*[_person(ctx, found, person) for person in found.case.people])


def _person(ctx: Context, found: Dossier, person: Person) -> str:
    """Name, role, how and where they are, as far as that is public."""
    words = (person.role, person.status, person.detained_at, person.health, person.family)
    said = "; ".join(_words(ctx, found, it) for it in words if it)
    name = person.called(ctx.translator.language)
    return f"{name}: {said}" if said else name


def _charges(ctx: Context, found: Dossier) -> Iterator[Block]:
    charges = found.case.charges
    standing = [charge for charge in charges if not charge.replaced_on] or charges
    if standing:
        yield paragraph(Bold(ctx.t("notice-charges")))
        yield bullets(*[_charge(ctx, found, charge) for charge in standing])
    if found.case.penalty:
        penalty = _words(ctx, found, found.case.penalty)
        yield paragraph(ctx.t("notice-penalty", penalty=penalty))


def _charge(ctx: Context, found: Dossier, charge: Charge) -> str:
    law, text = _words(ctx, found, charge.law), _words(ctx, found, charge.text)
    if law and charge.article:
        return ctx.t("notice-charge", text=text, law=law, article=charge.article)
    return text


def _demands(ctx: Context, found: Dossier) -> Iterator[Block]:
    if found.case.demands:
        yield paragraph(Bold(ctx.t("notice-demands")))
        yield bullets(*[_words(ctx, found, it.text) for it in found.case.demands], numbered=True)


async def _targets(ctx: Context, found: Dossier) -> list[Target]:
    """The case's targets, in its order."""
    every = {it.id: it for it in await casebook.targets(ctx.session, found.campaign.id)}
    return [every[name] for name in found.case.targets if name in every]


def _whom(ctx: Context, found: Dossier, targets: list[Target]) -> Iterator[Block]:
    """The reader's embassy, and every office: those that can be reached, then the holes."""
    known = [target for target in targets if target.is_readers_own or target.contacts]
    known.sort(key=lambda target: not any(it.usable for it in target.contacts))
    own = any(target.own_embassy for target in targets)
    if own or known:
        yield Heading(ctx.t("case-targets"))
    if own:
        yield paragraph(ctx.t("case-own-embassy"))
    for target in known:
        yield from target_blocks(target, ctx.translator, found.campaign.language, ctx.today)


async def _buttons(ctx: Context, found: Dossier) -> list[Button]:
    it = found.case
    buttons = [Button(ctx.t("button-letter"), command=f"/letter {it.id}")] if it.letter else []
    if with_address(it):
        buttons.append(Button(ctx.t("button-prisoner"), command=f"/prisoner {it.id}"))
    buttons.append(await _follow_button(ctx, found))
    return [*buttons, Button(ctx.t("button-my-embassy"), command="/embassy")]


async def _follow_button(ctx: Context, found: Dossier) -> Button:
    case_id = found.case.id
    if await _followed(ctx, case_id):
        return Button(ctx.t("button-stop-case"), command=f"/unsubscribe {case_id}")
    return Button(ctx.t("button-follow-case"), command=f"/subscribe {case_id}")


async def _followed(ctx: Context, case_id: str) -> bool:
    follows = await subscribers.follows(ctx.session, ctx.subscriber)
    return any((it.kind, it.value) == ("case", case_id) for it in follows)


def _title(ctx: Context, it: Dossier) -> str:
    return it.title(ctx.translator.language)


def _words(ctx: Context, it: Dossier, words: Words) -> str:
    return pick(words, ctx.translator.language, it.campaign.language)
