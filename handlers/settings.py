"""Country, language, time zone, quiet hours: each a command, all of them one page."""

from __future__ import annotations

import re
from dataclasses import replace

from handlers import onboarding
from handlers.answers import means
from handlers.command import Context, Role, UserError, command
from handlers.content import name_of as level_name
from handlers.content import said_after_country
from handlers.countries import country_name, find_country
from handlers.i18n import Translator, languages
from handlers.languages import find_language
from handlers.message import Button, Heading, Message, bullets, paragraph
from handlers.subscriptions import name_of
from handlers.timezones import country_timezone, find_timezone, timezone_named
from storage import dialogues, subscribers
from storage.models import SubscriberState

_HOURS = re.compile(r"(\d{1,2})(?::?(\d{2}))?\s*[-–—]\s*(\d{1,2})(?::?(\d{2}))?")


@command("country", who=Role.CHAT_ADMIN)
async def country(ctx: Context) -> Message:
    """Set the country whose embassy notices show."""
    text = ctx.args.strip()
    if not text:
        return await onboarding.ask_country(ctx)
    if means(text, "said-skip"):
        ctx.subscriber.country = ""
        return await _after_country(ctx, ctx.t("country-skipped"))
    code = _country(ctx, text)
    ctx.subscriber.country = code
    ctx.subscriber.timezone = country_timezone(code)
    name = country_name(code, ctx.translator.language)
    return await _after_country(ctx, ctx.t("country-set", country=name))


def _country(ctx: Context, text: str) -> str:
    """The country meant. Raises `UserError` with what could be meant as buttons."""
    match = find_country(text, _languages(ctx))
    if match.code and match.exact:
        return match.code
    maybe = [match.code] if match.code else list(match.candidates)
    if not maybe:
        raise UserError("country-unknown", text=text[:60])
    said = ctx.says("country-which", text=text[:60])
    buttons = [
        Button(country_name(code, ctx.translator.language), command=f"/country {code}")
        for code in maybe[:6]
    ]
    question = replace(said, buttons=tuple(onboarding.in_rows(buttons, 2)))
    raise UserError("country-unknown", text=text[:60]).offering(question)


async def _after_country(ctx: Context, said: str) -> Message:
    """Go on to the next tap, or back to the settings."""
    said = " ".join(filter(None, [said, await said_after_country(ctx)]))
    if not await subscribers.follows(ctx.session, ctx.subscriber):
        return await onboarding.ask_what(ctx, before=(paragraph(said),))
    return replace(await page(ctx, said), in_place=True)


@command("language", who=Role.CHAT_ADMIN)
async def language(ctx: Context) -> Message:
    """Set the language everything is written in."""
    text = ctx.args.strip()
    if not text:
        return onboarding.ask_language(ctx)
    code = find_language(text, languages())
    if not code:
        known = ", ".join(ctx.translator.name_of_language(it) for it in languages())
        raise UserError("language-unknown", text=text[:40], known=known)
    ctx.subscriber.language = code
    ctx.translator = Translator(code, ctx.translator.prefix)
    if ctx.subscriber.country and await subscribers.follows(ctx.session, ctx.subscriber):
        return replace(await page(ctx, ctx.t("language-set")), in_place=True)
    return await onboarding.next_step(ctx)


@command("timezone", who=Role.CHAT_ADMIN)
async def timezone(ctx: Context) -> Message:
    """Set the time zone of the times in messages."""
    text = ctx.args.strip()
    if not text:
        await dialogues.ask(
            ctx.session, ctx.request.platform, ctx.request.address, "/timezone", ctx.now
        )
        return ctx.says("timezone-ask", zone=ctx.translator.zone(_zone(ctx)))
    zone = timezone_named(text, ctx.subscriber.country)
    if not zone:
        return _ask_which_zone(ctx, text)
    ctx.subscriber.timezone = zone
    now = ctx.translator.clock(ctx.now, zone)
    said = ctx.t("timezone-set", zone=ctx.translator.zone(zone), now=now)
    return replace(await page(ctx, said), in_place=True)


def _ask_which_zone(ctx: Context, text: str) -> Message:
    zones = find_timezone(text, ctx.subscriber.country)
    if not zones:
        raise UserError("timezone-unknown", text=text[:40])
    buttons = [
        Button(ctx.translator.zone(zone), command=f"/timezone {zone}") for zone in zones[:6]
    ]
    rows = tuple(onboarding.in_rows(buttons, 2))
    return replace(ctx.says("timezone-which", text=text[:40]), buttons=rows)


@command("quiet", who=Role.CHAT_ADMIN)
async def quiet(ctx: Context) -> Message:
    """Set the hours in which messages arrive without a sound."""
    text = ctx.args.strip().casefold()
    if not text:
        return _ask_quiet(ctx)
    if means(text, "said-off"):
        ctx.subscriber.quiet_from = ctx.subscriber.quiet_to = None
        return replace(await page(ctx, ctx.t("quiet-off")), in_place=True)
    start, end = _hours(text)
    ctx.subscriber.quiet_from, ctx.subscriber.quiet_to = start, end
    zone = ctx.translator.zone(_zone(ctx))
    said = ctx.t("quiet-set", start=_clock(start), end=_clock(end), zone=zone)
    return replace(await page(ctx, said), in_place=True)


def _ask_quiet(ctx: Context) -> Message:
    row = (
        Button("22:00–07:00", command="/quiet 22:00-07:00"),
        Button("23:00–08:00", command="/quiet 23:00-08:00"),
        Button(ctx.t("button-off"), command="/quiet off"),
    )
    return replace(ctx.says("quiet-ask"), buttons=(row,), in_place=True)


def _hours(text: str) -> tuple[int, int]:
    """Two times of day in minutes. Raises `UserError` when they cannot be read."""
    match = _HOURS.fullmatch(text)
    if not match:
        raise UserError("quiet-unreadable", text=text[:40])
    numbers = [int(group or 0) for group in match.groups()]
    if numbers[0] > 23 or numbers[2] > 23 or numbers[1] > 59 or numbers[3] > 59:
        raise UserError("quiet-unreadable", text=text[:40])
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if start == end:
        raise UserError("quiet-unreadable", text=text[:40])
    return start, end


@command("notices", who=Role.CHAT_ADMIN)
async def notices(ctx: Context) -> Message:
    """Choose between everything and only what is urgent."""
    text = ctx.args.strip()
    if not text:
        return _ask_which_notices(ctx)
    urgent_only = means(text, "said-urgent")
    if not urgent_only and not means(text, "said-all"):
        raise UserError("notices-unreadable", text=text[:40])
    ctx.subscriber.urgent_only = urgent_only
    said = "notices-set-urgent" if ctx.subscriber.urgent_only else "notices-set-all"
    return replace(await page(ctx, ctx.t(said)), in_place=True)


def _ask_which_notices(ctx: Context) -> Message:
    row = (
        Button(ctx.t("button-notices-all"), command="/notices all"),
        Button(ctx.t("button-notices-urgent"), command="/notices urgent"),
    )
    return replace(ctx.says("notices-ask"), buttons=(row,), in_place=True)


@command("settings", who=Role.CHAT_ADMIN)
async def settings(ctx: Context) -> Message:
    """Show every setting, each with a button to change it."""
    return replace(await page(ctx), in_place=True)


async def page(ctx: Context, said: str = "") -> Message:
    """The settings as they are, under a sentence about what has just changed."""
    before = (paragraph(said),) if said else ()
    lines = [ctx.t("settings-follows", what=await _followed(ctx))]
    lines += [
        ctx.t("settings-country", country=_country_name(ctx)),
        ctx.t("settings-language", language=ctx.translator.name_of_language(_language(ctx))),
        ctx.t("settings-timezone", zone=ctx.translator.zone(_zone(ctx))),
        ctx.t("settings-quiet", hours=_quiet_hours(ctx)),
        ctx.t("settings-notices", which=ctx.t(_which_notices(ctx))),
        ctx.t("settings-content", which=ctx.t(f"content-is-{level_name(ctx.subscriber.content)}")),
    ]
    blocks = (*before, Heading(ctx.t("settings-title")), bullets(*lines))
    return Message(blocks=(*blocks, paragraph(ctx.t("settings-how-to-stop"))), buttons=_rows(ctx))


def _rows(ctx: Context) -> tuple[tuple[Button, ...], ...]:
    paused = ctx.subscriber.state == SubscriberState.PAUSED
    pausing = ("button-resume", "/resume") if paused else ("button-pause", "/pause")
    choices = [
        ("button-follow", "/subscribe"),
        ("button-country", "/country"),
        ("button-language", "/language"),
        ("button-timezone", "/timezone"),
        ("button-quiet", "/quiet"),
        ("button-notices", "/notices"),
        ("button-content", "/content"),
        pausing,
        ("button-stop-all", "/unsubscribe"),
        ("button-forget", "/forget"),
    ]
    buttons = [Button(ctx.t(key), command=word) for key, word in choices]
    return tuple(onboarding.in_rows(buttons, 2))


async def _followed(ctx: Context) -> str:
    follows = await subscribers.follows(ctx.session, ctx.subscriber)
    if not follows:
        return ctx.t("settings-nothing")
    names = ", ".join([await name_of(ctx, it.kind, it.value) for it in follows])
    if ctx.subscriber.state == SubscriberState.PAUSED and ctx.subscriber.paused_until:
        until = ctx.translator.clock(ctx.subscriber.paused_until, _zone(ctx))
        return ctx.t("settings-paused", what=names, until=until)
    return names


def _country_name(ctx: Context) -> str:
    code = ctx.subscriber.country
    return country_name(code, ctx.translator.language) if code else ctx.t("settings-unset")


def _quiet_hours(ctx: Context) -> str:
    start, end = ctx.subscriber.quiet_from, ctx.subscriber.quiet_to
    if start is None or end is None:
        return ctx.t("settings-none")
    return f"{_clock(start)}–{_clock(end)}"


def _which_notices(ctx: Context) -> str:
    return "notices-urgent" if ctx.subscriber.urgent_only else "notices-everything"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _zone(ctx: Context) -> str:
    return ctx.subscriber.timezone or "UTC"


def _language(ctx: Context) -> str:
    return ctx.subscriber.language or ctx.translator.language


def _languages(ctx: Context) -> list[str]:
    return list(dict.fromkeys([ctx.translator.language, *languages()]))
