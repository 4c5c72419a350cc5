"""/content: letters and addresses, or information only.

Where a case's own authorities can look at people's phones, a letter to them does harm. So whoever
lives in the country that a case is about gets information only: no letter, no address, no button
that acts, no call to anything. They can ask for more, and anybody else for less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from handlers import casebook
from handlers.answers import means
from handlers.command import Context, Role, UserError, command
from handlers.message import Button, Message

FULL, INFORMATION, BY_COUNTRY = "full", "information", ""


class Reading(Protocol):
    """What decides how much a chat is told: a subscriber, or the reader of a notice."""

    @property
    def country(self) -> str:
        """Where they live; "" if not known."""

    @property
    def content(self) -> str:
        """What they asked for; "" if nothing."""


def information_only(reader: Reading, country: str) -> bool:
    """Must nothing that is sent to them about this country's cases call them to act?"""
    if reader.content == BY_COUNTRY:
        return bool(country) and reader.country == country
    return reader.content == INFORMATION


def refuse_letters(ctx: Context, country: str) -> None:
    """Raises `UserError` for a reader who gets information only about this country's cases.

    For every command that hands out letters, addresses or files to send.
    """
    if information_only(ctx.subscriber, country):
        raise UserError("content-no-letter")


async def said_after_country(ctx: Context) -> str:
    """What follows from the reader's country, where a campaign is about it; else ""."""
    if ctx.subscriber.content == BY_COUNTRY and await lives_there(ctx):
        return ctx.t("content-by-country")
    return ""


async def lives_there(ctx: Context) -> bool:
    """Is one of the campaigns about the country this reader lives in?"""
    countries = {it.country for it in await casebook.campaigns(ctx.session)}
    return ctx.subscriber.country in countries


async def careful(ctx: Context) -> bool:
    """Should nothing be offered to them beside what they ask for that leads to a letter?"""
    if ctx.subscriber.content == BY_COUNTRY:
        return await lives_there(ctx)
    return ctx.subscriber.content == INFORMATION


@command("content", who=Role.CHAT_ADMIN)
async def content(ctx: Context) -> Message:
    """Choose between letters with addresses and information only."""
    from handlers.settings import page  # noqa: PLC0415 - the page of settings shows this one too

    text = ctx.args.strip()
    if not text:
        return _ask(ctx)
    levels = {"said-full": FULL, "said-information": INFORMATION, "said-auto": BY_COUNTRY}
    chosen = [level for key, level in levels.items() if means(text, key)]
    if not chosen:
        raise UserError("content-unreadable", text=text[:40])
    ctx.subscriber.content = chosen[0]
    return replace(await page(ctx, ctx.t(f"content-set-{name_of(chosen[0])}")), in_place=True)


def name_of(level: str) -> str:
    """The last part of the keys of texts about a level."""
    return level or "auto"


def _ask(ctx: Context) -> Message:
    rows = (
        (Button(ctx.t("button-content-full"), command="/content full"),),
        (Button(ctx.t("button-content-information"), command="/content information"),),
        (Button(ctx.t("button-content-auto"), command="/content auto"),),
    )
    return replace(ctx.says("content-ask"), buttons=rows, in_place=True)
