"""Subscribing in three taps, changing it, pausing, stopping."""

from __future__ import annotations

import re
from dataclasses import replace

from handlers import casebook, onboarding, organisers
from handlers.answers import means
from handlers.campaign import pick
from handlers.command import Context, Role, UserError, command, tell_organisers
from handlers.content import careful
from handlers.countries import country_name, find_country
from handlers.message import Button, Message, paragraph
from storage import arrivals, subscribers
from storage.models import Follow, SubscriberState

_PAUSE = re.compile(r"(\d{1,3})\s*(?:([hdwчдн])\w*)?", re.IGNORECASE)
_SECONDS = {"h": 3600, "ч": 3600, "d": 86400, "д": 86400, "": 86400, "w": 604800, "н": 604800}
_LONGEST_PAUSE = 90 * 86400


@command("start", who=Role.CHAT_ADMIN)
async def start(ctx: Context) -> Message:
    """Greet, and ask for whatever is not known yet."""
    if ctx.args.startswith("join-"):  # an invitation as a Telegram link
        return await organisers.join_with(ctx, ctx.args.removeprefix("join-"))
    return await onboarding.next_step(ctx, greeting=True)


@command("subscribe", who=Role.CHAT_ADMIN)
async def subscribe(ctx: Context) -> Message:
    """Follow a case, a country's cases or everything."""
    if not ctx.args.strip():
        return await onboarding.ask_what(ctx)
    kind, value = await _what(ctx, ctx.args)
    if ctx.subscriber.state == SubscriberState.VISITOR:
        await _count_newcomer(ctx)
    new = await subscribers.follow(ctx.session, ctx.subscriber, kind, value)
    said = "subscribed" if new else "subscribed-already"
    message = ctx.says(said, what=await name_of(ctx, kind, value))
    if not ctx.subscriber.country:
        return await onboarding.ask_country(ctx, before=message.blocks)
    message = message.also(paragraph(ctx.t("subscribed-next")))
    buttons = _after_subscribing(ctx, kind, value, neutral=await careful(ctx))
    return replace(message, buttons=buttons, in_place=True)


async def _count_newcomer(ctx: Context) -> None:
    """Somebody who fills the list with a million accounts must be noticed, and can be stopped.

    Raises `UserError` when no more are taken in this hour.
    """
    count = await arrivals.note(ctx.session, ctx.now)
    if 0 < ctx.rules.newcomers_cap < count:
        minutes = (arrivals.HOUR - ctx.now % arrivals.HOUR) // 60 + 1
        raise UserError("subscribe-full", minutes=minutes)
    if count == ctx.rules.newcomers_alarm:
        await tell_organisers(
            ctx.session,
            ctx.now,
            lambda translator: Message(
                blocks=(paragraph(translator.t("newcomers-alarm", count=count)),)
            ),
        )


def _after_subscribing(
    ctx: Context, kind: str, value: str, *, neutral: bool
) -> tuple[tuple[Button, ...], ...]:
    stop = f"/unsubscribe {value or kind}"
    embassy = Button(ctx.t("button-my-embassy"), command="/embassy")
    actions = Button(ctx.t("button-actions"), command="/actions")
    cases = Button(ctx.t("cases-title"), command="/actions")
    return (
        (cases,) if neutral else (embassy, actions),
        (
            Button(ctx.t("button-settings"), command="/settings"),
            Button(ctx.t("button-stop"), command=stop),
        ),
    )


@command("unsubscribe", who=Role.CHAT_ADMIN)
async def unsubscribe(ctx: Context) -> Message:
    """Stop following one thing, or everything."""
    if not ctx.args.strip() or means(ctx.args, "said-all"):
        count = await subscribers.unfollow(ctx.session, ctx.subscriber, ctx.now)
        return ctx.says("unsubscribed-all" if count else "unsubscribed-nothing")
    kind, value = await _what_to_stop(ctx)
    what = await name_of(ctx, kind, value)
    if await subscribers.unfollow(ctx.session, ctx.subscriber, ctx.now, kind, value):
        left = await subscribers.follows(ctx.session, ctx.subscriber)
        key = "unsubscribed-more-left" if left else "unsubscribed-last"
        return ctx.says(key, what=what, left=await _names(ctx, left))
    return await _still_covered(ctx, what)


async def _still_covered(ctx: Context, what: str) -> Message:
    """They want to stop something that reaches them through a wider subscription."""
    left = await subscribers.follows(ctx.session, ctx.subscriber)
    if not left:
        return ctx.says("unsubscribed-nothing")
    message = ctx.says("unsubscribed-not-followed", what=what, left=await _names(ctx, left))
    stop = Button(ctx.t("button-stop-all"), command="/unsubscribe")
    return replace(message, buttons=((stop,),))


@command("pause", who=Role.CHAT_ADMIN)
async def pause(ctx: Context) -> Message:
    """No notices for some days; the subscription stays."""
    if not await subscribers.follows(ctx.session, ctx.subscriber):
        raise UserError("pause-nothing")
    if not ctx.args.strip():
        return _ask_how_long(ctx)
    match = _PAUSE.fullmatch(ctx.args.strip())
    seconds = int(match[1]) * _SECONDS[(match[2] or "").lower()] if match else 0
    if not 0 < seconds <= _LONGEST_PAUSE:
        raise UserError("pause-unreadable", text=ctx.args[:40])
    ctx.subscriber.state = SubscriberState.PAUSED
    ctx.subscriber.paused_until = ctx.now + seconds
    await subscribers.drop_queued(ctx.session, ctx.subscriber, ctx.now)
    until = ctx.translator.clock(ctx.now + seconds, ctx.subscriber.timezone or "UTC")
    message = ctx.says("paused", until=until)
    resume = Button(ctx.t("button-resume"), command="/resume")
    return replace(message, buttons=((resume,),), in_place=True)


def _ask_how_long(ctx: Context) -> Message:
    choices = [("1d", 86400), ("7d", 7 * 86400), ("30d", 30 * 86400)]
    row = tuple(Button(ctx.translator.span(s), command=f"/pause {arg}") for arg, s in choices)
    return replace(ctx.says("pause-how-long"), buttons=(row,), in_place=True)


@command("resume", who=Role.CHAT_ADMIN)
async def resume(ctx: Context) -> Message:
    """End a pause now."""
    follows = await subscribers.follows(ctx.session, ctx.subscriber)
    if not follows:
        raise UserError("pause-nothing")
    ctx.subscriber.state = SubscriberState.ACTIVE
    ctx.subscriber.paused_until = None
    return replace(ctx.says("resumed", what=await _names(ctx, follows)), in_place=True)


async def _what_to_stop(ctx: Context) -> tuple[str, str]:
    """What is meant, where also a case that is closed by now can be named by its id."""
    named = await casebook.dossier(ctx.session, ctx.args.strip().lower()[:100])
    return ("case", named.case.id) if named else await _what(ctx, ctx.args)


async def _what(ctx: Context, text: str) -> tuple[str, str]:
    """What is meant by a word: everything, a country of a campaign, or a case."""
    if means(text, "said-all"):
        return "all", ""
    countries = {campaign.country for campaign in await casebook.campaigns(ctx.session)}
    match = find_country(text, [ctx.translator.language, "en", "ru"])
    if match.code and match.exact and match.code in countries:
        return "country", match.code
    try:
        found = await casebook.find(ctx.session, text, ctx.translator.language)
    except UserError:
        if match.code and match.exact:
            raise UserError(
                "subscribe-no-campaign",
                country=country_name(match.code, ctx.translator.language),
                command=f"{ctx.translator.prefix}country {match.code}",
            ) from None
        raise
    return "case", found.case.id


async def name_of(ctx: Context, kind: str, value: str) -> str:
    """What is followed, in words."""
    if kind == "all":
        return ctx.t("follow-all")
    if kind == "country":
        return ctx.t("follow-country", country=country_name(value, ctx.translator.language))
    found = await casebook.dossier(ctx.session, value)
    if found is None:
        return value
    return pick(found.case.title, ctx.translator.language, found.campaign.language)


async def _names(ctx: Context, follows: list[Follow]) -> str:
    return ", ".join([await name_of(ctx, it.kind, it.value) for it in follows])
