"""/embassy: the mission that answers for a country, for every campaign there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from handlers import casebook, onboarding
from handlers.addressees import same_mission
from handlers.campaign import Campaign, Target
from handlers.command import Context, UserError, command
from handlers.contact_book import open_book
from handlers.contact_lines import found_blocks, target_blocks
from handlers.content import information_only
from handlers.countries import country_name, find_country
from handlers.embassies import Reason, resolve
from handlers.embassy_correction import correct_embassy, is_correction
from handlers.i18n import languages
from handlers.message import Block, Bold, Button, Message, paragraph
from handlers.stand_ins import stand_in

_OFFERED = 6


@command("embassy", organisers_if=is_correction)
async def embassy(ctx: Context) -> Message:
    """Show the embassy for the reader's country, or for one they name; organisers correct it."""
    if is_correction(ctx.args):
        return await correct_embassy(ctx)
    campaigns = await casebook.campaigns(ctx.session)
    if not campaigns:
        raise UserError("case-none-yet")
    country = _named(ctx) if ctx.args.strip() else ctx.subscriber.country
    if not country:
        return await onboarding.ask_country(ctx)
    blocks: list[Block] = []
    if any(campaign.drill for campaign in campaigns):
        blocks.append(paragraph(Bold(ctx.t("drill-mark"))))
    for sending in dict.fromkeys(campaign.country for campaign in campaigns):
        theirs = [campaign for campaign in campaigns if campaign.country == sending]
        blocks += await _of(ctx, sending, theirs, country)
    return Message(blocks=(*blocks, paragraph(ctx.t("embassy-wrong"))))


def _named(ctx: Context) -> str:
    """The country meant. Raises `UserError` with what could be meant as buttons."""
    text = ctx.args.strip()
    match = find_country(text, [ctx.translator.language, *languages()])
    if match.code and match.exact:
        return match.code
    maybe = [match.code] if match.code else list(match.candidates)
    unknown = UserError("embassy-country-unknown", text=text[:60])
    if not maybe:
        raise unknown
    buttons = [
        Button(country_name(code, ctx.translator.language), command=f"/embassy {code}")
        for code in maybe[:_OFFERED]
    ]
    rows = tuple(onboarding.in_rows(buttons, 2))
    raise unknown.offering(replace(ctx.says("country-which", text=text[:60]), buttons=rows))


async def _of(
    ctx: Context, sending: str, campaigns: Sequence[Campaign], country: str
) -> tuple[Block, ...]:
    """What is known about one state's mission for the country, and where to write if none."""
    names = {
        "country": country_name(sending, ctx.translator.language),
        "own": country_name(country, ctx.translator.language),
    }
    if information_only(ctx.subscriber, sending):
        return (paragraph(ctx.t("embassy-information", **names)),)
    if country == sending:
        return (paragraph(ctx.t("embassy-inside", **names)),)
    by_campaign = {campaign.id: await _targets(ctx, campaign) for campaign in campaigns}
    targets = [it for theirs in by_campaign.values() for it in theirs]
    book = await open_book(ctx.session)
    found = resolve(
        ctx.directory.missions(sending),
        country,
        book.overrides(sending, targets),
        today=ctx.today,
        doubtful=book.doubtful,
    )
    instead = stand_in(await _named_by_cases(ctx, by_campaign), targets)
    if instead is not None and same_mission(found, instead):
        instead = None
    fallback = _fallback(ctx, instead, campaigns[0].language)
    if found.reason is Reason.NONE:
        key = "notice-no-embassy" if fallback else "embassy-none"
        return (paragraph(ctx.t(key, **names)), *fallback)
    shown = found_blocks(found, ctx.translator, country, explained=True)
    if fallback and not found.trusted:
        return (*shown, paragraph(ctx.t("notice-embassy-unreachable")), *fallback)
    return shown


async def _targets(ctx: Context, campaign: Campaign) -> list[Target]:
    return await casebook.targets(ctx.session, campaign.id)


async def _named_by_cases(
    ctx: Context, by_campaign: Mapping[str, Sequence[Target]]
) -> list[Target]:
    """Those whom the open cases name, as their notices would."""
    known = {(name, it.id): it for name, theirs in by_campaign.items() for it in theirs}
    named = [
        (it.campaign.id, target)
        for it in await casebook.open_dossiers(ctx.session)
        for target in it.case.targets
    ]
    return [known[it] for it in dict.fromkeys(named) if it in known]


def _fallback(ctx: Context, named: Target | None, language: str) -> tuple[Block, ...]:
    return target_blocks(named, ctx.translator, language, ctx.today) if named else ()
