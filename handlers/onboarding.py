"""The three taps: language (mostly guessed), country, what to follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from handlers import casebook
from handlers.command import Context
from handlers.content import INFORMATION, said_after_country
from handlers.countries import country_name, suggest_countries
from handlers.i18n import Translator, languages
from handlers.message import Block, Button, Heading, Message, paragraph
from storage import dialogues, subscribers

_CASES_OFFERED = 6


async def next_step(ctx: Context, *, greeting: bool = False) -> Message:
    """Ask for the first thing that is not known; when all is, say how things stand."""
    before: tuple[Block, ...] = ()
    if greeting:
        before = tuple(it for said in _greeted_in(ctx) for it in _greeting(ctx, said))
    if not ctx.subscriber.language:
        return ask_language(ctx, before=before)
    if not ctx.subscriber.country:
        return await ask_country(ctx, before=before)
    if not await subscribers.follows(ctx.session, ctx.subscriber):
        return await ask_what(ctx, before=before)
    country = country_name(ctx.subscriber.country, ctx.translator.language)
    neutral = ctx.subscriber.content == INFORMATION
    key = "start-all-set-information" if neutral else "start-all-set"
    more = await said_after_country(ctx)
    said = paragraph(" ".join(filter(None, [ctx.t(key, country=country), more])))
    buttons = (
        (
            Button(ctx.t("button-actions"), command="/actions"),
            Button(ctx.t("button-settings"), command="/settings"),
        ),
    )
    return Message(blocks=(*before, said), buttons=buttons, in_place=not greeting)


def _greeted_in(ctx: Context) -> list[Translator]:
    """Nothing on Matrix tells which language somebody reads: until they say, it is all we have."""
    if ctx.subscriber.language or ctx.request.language:
        return [ctx.translator]
    return [Translator(code, ctx.translator.prefix) for code in languages()]


def _greeting(ctx: Context, translator: Translator) -> Iterator[Block]:
    yield Heading(translator.t("start-title"))
    if ctx.private:
        yield paragraph(translator.t("start-greeting"))
    else:
        yield paragraph(translator.t("start-greeting-group"))
        yield paragraph(translator.t("start-group-seen"))


def ask_language(ctx: Context, *, before: tuple[Block, ...] = ()) -> Message:
    """Which language? Each is offered under its own name."""
    buttons = [
        Button(ctx.translator.name_of_language(code), command=f"/language {code}")
        for code in languages()
    ]
    question = paragraph(ctx.t("ask-language"))
    return Message(blocks=(*before, question), buttons=tuple(in_rows(buttons, 2)), in_place=True)


async def ask_country(ctx: Context, *, before: tuple[Block, ...] = ()) -> Message:
    """Which country? A few to press, any to write."""
    await dialogues.ask(
        ctx.session, ctx.request.platform, ctx.request.address, "/country", ctx.now
    )
    tag = ctx.request.language or ctx.translator.language
    buttons = [
        Button(country_name(code, ctx.translator.language), command=f"/country {code}")
        for code in suggest_countries(tag)[:8]
    ]
    last = [
        Button(ctx.t("button-skip"), command="/country skip"),
        Button(ctx.t("button-language"), command="/language"),
    ]
    key = "ask-country" if ctx.private else "ask-country-group"
    rows = (*in_rows(buttons, 2), tuple(last))
    return Message(blocks=(*before, paragraph(ctx.t(key))), buttons=rows, in_place=True)


async def ask_what(ctx: Context, *, before: tuple[Block, ...] = ()) -> Message:
    """What to follow? Everything, a campaign's country, or one case."""
    dossiers = await casebook.open_dossiers(ctx.session)
    if not dossiers:
        message = Message(blocks=(*before, paragraph(ctx.t("ask-what-nothing-yet"))))
        everything = Button(ctx.t("follow-all-button"), command="/subscribe all")
        return replace(message, buttons=((everything,),), in_place=True)
    language = ctx.translator.language
    campaigns = dict.fromkeys(it.campaign.country for it in dossiers)
    wide = [
        Button(ctx.t("follow-all-button"), command="/subscribe all"),
        *(Button(country_name(it, language), command=f"/subscribe {it}") for it in campaigns),
    ]
    cases = [
        Button(it.title(language), command=f"/subscribe {it.case.id}")
        for it in dossiers[:_CASES_OFFERED]
    ]
    rows = (*in_rows(wide, 2), *in_rows(cases, 1))
    question = paragraph(ctx.t("ask-what"))
    return Message(blocks=(*before, question), buttons=rows, in_place=True)


def in_rows(buttons: Iterable[Button], width: int) -> Iterator[tuple[Button, ...]]:
    """The buttons in rows of this width."""
    left = iter(buttons)
    while row := tuple(islice(left, width)):
        yield row
