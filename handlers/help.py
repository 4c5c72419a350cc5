"""/help, made from the table of commands itself, and /stats, totals without people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from handlers.command import Context, Role, UserError, command
from handlers.countries import FEWEST_NAMED, country_name
from handlers.message import Block, Bold, Code, Heading, Message, bullets, paragraph
from storage import organisers, subscribers

if TYPE_CHECKING:
    from handlers.command import Command


@command("help")
async def help_(ctx: Context) -> Message:
    """The commands this person may use here, or more about one."""
    from handlers.registry import COMMANDS  # noqa: PLC0415 - the table lists this command too

    name = ctx.args.strip().lstrip("/!").lower()
    if name:
        return _about(ctx, name, COMMANDS)
    shown = [it for it in COMMANDS if not it.hidden and _may(ctx, it)]
    return Message(blocks=tuple(_groups(ctx, shown)))


def _may(ctx: Context, it: Command) -> bool:
    """Would the dispatcher let this person do it in this chat?"""
    if it.private_only and not ctx.private:
        return False
    if it.who >= Role.OWNER:
        return ctx.organiser is not None and ctx.organiser.role == organisers.OWNER
    if it.who >= Role.ORGANISER:
        return ctx.organiser is not None
    return it.who < Role.CHAT_ADMIN or ctx.private or ctx.request.is_admin is not False


def _groups(ctx: Context, shown: list[Command]) -> Iterator[Block]:
    yield Heading(ctx.t("help-title"))
    for title, roles in (
        ("help-for-everyone", (Role.ANYONE, Role.CHAT_ADMIN)),
        ("help-for-organisers", (Role.ORGANISER,)),
        ("help-for-owners", (Role.OWNER,)),
    ):
        group = [it for it in shown if it.who in roles]
        if group:
            yield paragraph(Bold(ctx.t(title)))
            prefix = ctx.translator.prefix
            yield bullets(*[(Code(f"{prefix}{it.name}"), f" {ctx.t(it.summary)}") for it in group])
    yield paragraph(ctx.t("help-more"))


def _about(ctx: Context, name: str, commands: tuple[Command, ...]) -> Message:
    found = next((it for it in commands if it.name == name and _may(ctx, it)), None)
    if found is None:
        raise UserError("command-unknown", name=name[:40])
    title = Heading(f"{ctx.translator.prefix}{found.name}")
    blocks: list[Block] = [title, paragraph(ctx.t(found.summary))]
    if ctx.translator.has(f"{found.summary}-more"):
        more = ctx.t(f"{found.summary}-more")
        blocks += [paragraph(part) for part in more.split("\n\n")]
    return Message(blocks=tuple(blocks))


@command("stats", who=Role.ORGANISER)
async def stats(ctx: Context) -> Message:
    """How many subscribers there are: totals only."""
    states = await subscribers.count_by_state(ctx.session)
    countries = await subscribers.count_by_country(ctx.session)
    blocks: list[Block] = [Heading(ctx.t("stats-title"))]
    lines = [ctx.t(f"stats-{state}", count=count) for state, count in sorted(states.items())]
    blocks += [bullets(*lines)] if lines else [paragraph(ctx.t("stats-nobody"))]
    if countries:
        places = _places(ctx, countries)
        blocks += [paragraph(Bold(ctx.t("stats-countries"))), bullets(*places)]
    return Message(blocks=tuple(blocks))


def _places(ctx: Context, countries: list[tuple[str, int]]) -> Iterator[str]:
    """The countries with enough people to hide among; the others as one sum."""
    others = 0
    for code, count in countries:
        if code and count >= FEWEST_NAMED:
            yield f"{country_name(code, ctx.translator.language)}: {count}"
        else:
            others += count
    if others:
        yield ctx.t("stats-others", count=others, threshold=FEWEST_NAMED)
