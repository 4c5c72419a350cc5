"""/channel: a channel or room that gets every notice; who reads it there is nobody's business."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from handlers import casebook
from handlers.command import Context, Role, UserError, command
from handlers.countries import country_name, find_country
from handlers.i18n import known_language, languages
from handlers.message import Button, ChatKind, Heading, Message, bullets, paragraph
from handlers.organisers import record
from handlers.services import service_of
from handlers.subscriptions import name_of
from storage import subscribers
from storage.models import Subscriber, SubscriberState

_TELEGRAM = re.compile(r"-100\d{5,13}|@[A-Za-z]\w{4,31}", re.ASCII)
_MATRIX = re.compile(r"![^\s:]+(?::\S+)?")


@dataclass(slots=True)
class _Wishes:
    """What a channel is to get: language, whose embassy, what about."""

    language: str
    country: str = ""
    follows: list[tuple[str, str]] = field(default_factory=list)


@command("channel", who=Role.OWNER)
async def channel(ctx: Context) -> Message:
    """Add, list or remove a channel."""
    action, _, rest = ctx.args.strip().partition(" ")
    match action.lower():
        case "add":
            return await _add(ctx, rest.split())
        case "remove":
            return await _remove(ctx, rest.strip())
        case "" | "list":
            return await _list(ctx)
        case _:
            raise UserError("channel-usage")


async def _add(ctx: Context, words: list[str]) -> Message:
    if not words:
        raise UserError("channel-usage")
    address, *rest = words
    platform = _platform(ctx, address)
    wishes = await _read(ctx, rest)
    row = await _row(ctx, platform, address)
    row.language, row.country = wishes.language, wishes.country
    await subscribers.unfollow(ctx.session, row, ctx.now)
    for kind, value in wishes.follows:
        await subscribers.follow(ctx.session, row, kind, value)
    await record(ctx, "channel added", f"{platform} #{row.id}")
    said = paragraph(ctx.t("channel-added", line=await _line(ctx, row)))
    there = paragraph(ctx.t(f"channel-added-{platform}"))
    return Message(blocks=(said, there, paragraph(ctx.t("channel-public"))), protected=True)


def _platform(ctx: Context, address: str) -> str:
    """The account that is to post there: the one asked, if it is on that service."""
    for service, pattern in (("telegram", _TELEGRAM), ("matrix", _MATRIX)):
        if pattern.fullmatch(address):
            asked = ctx.request.platform
            return asked if service_of(asked) == service else service
    raise UserError("channel-address", text=address[:60])


async def _row(ctx: Context, platform: str, address: str) -> Subscriber:
    """The channel's row. Raises `UserError` for a chat that decides for itself."""
    row = await subscribers.meet(
        ctx.session, platform, address, kind=ChatKind.CHANNEL, now=ctx.now
    )
    if row.kind != ChatKind.CHANNEL:
        raise UserError("channel-is-group", text=address[:60])
    return row


async def _read(ctx: Context, words: list[str]) -> _Wishes:
    """What the words behind the address say, in any order: "ru", "KZ" (what about), "GB"."""
    wishes = _Wishes(ctx.translator.language)
    campaigns = {campaign.country for campaign in await casebook.campaigns(ctx.session)}
    for word in words:
        country = find_country(word, languages())
        if word.islower() and known_language(word):
            wishes.language = known_language(word)
        elif word.casefold() == "all":
            wishes.follows.append(("all", ""))
        elif country.exact and country.code in campaigns:
            wishes.follows.append(("country", country.code))
        elif country.exact:
            wishes.country = country.code
        else:
            found = await casebook.find(ctx.session, word[:60], ctx.translator.language)
            wishes.follows.append(("case", found.case.id))
    wishes.follows = wishes.follows or [("all", "")]
    return wishes


async def _list(ctx: Context) -> Message:
    rows = await subscribers.channels(ctx.session, [ChatKind.CHANNEL])
    if not rows:
        return ctx.says("channel-none")
    lines = [await _line(ctx, row) for row in rows]
    return Message(
        blocks=(Heading(ctx.t("channel-title")), bullets(*lines)),
        buttons=tuple(_removing(ctx, row) for row in rows),
        protected=True,
    )


def _removing(ctx: Context, row: Subscriber) -> tuple[Button, ...]:
    label = ctx.t("button-channel-remove", label=f"#{row.id}")
    return (Button(label, command=f"/channel remove #{row.id}"),)


async def _line(ctx: Context, row: Subscriber) -> str:
    follows = await subscribers.follows(ctx.session, row)
    parts = [
        f"#{row.id} {subscribers.address_of(ctx.session, row)}",
        ctx.translator.name_of_language(row.language),
        ", ".join([await name_of(ctx, it.kind, it.value) for it in follows]),
        country_name(row.country, ctx.translator.language) if row.country else "",
        ctx.t("channel-gone") if row.state == SubscriberState.GONE else "",
    ]
    return " · ".join(filter(None, parts))


async def _remove(ctx: Context, text: str) -> Message:
    row = await _find(ctx, text)
    await record(ctx, "channel removed", f"{row.platform} #{row.id}")
    await subscribers.forget(ctx.session, row)
    return ctx.says("channel-removed")


async def _find(ctx: Context, text: str) -> Subscriber:
    """The channel with this address or number. Raises `UserError`."""
    if not text:
        raise UserError("channel-usage")
    for row in await subscribers.channels(ctx.session, [ChatKind.CHANNEL]):
        if text in (f"#{row.id}", subscribers.address_of(ctx.session, row)):
            return row
    raise UserError("channel-unknown", text=text[:60])
