"""/prisoner: a message to somebody in prison: where to, by which rules, and words to begin with.

Nobody's address is shown unless they or their lawyer agreed to it, and nothing about the case goes
into the message: the prison reads it, and it can be held against whoever gets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handlers import casebook
from handlers.campaign import Case, LetterAddress, Person, pick
from handlers.command import Context, UserError, command
from handlers.content import refuse_letters
from handlers.countries import country_name
from handlers.hearing_lines import drill_mark
from handlers.i18n import Translator, languages
from handlers.message import (
    Block,
    Bold,
    Button,
    Copyable,
    Heading,
    Italic,
    Message,
    bullets,
    paragraph,
)
from handlers.words import one_line

_LONGEST_NAME = 100


def with_address(case: Case) -> list[tuple[Person, LetterAddress]]:
    """Those in the case who get post and, or whose lawyers, agreed that it is made known."""
    return [
        (person, person.letter_address)
        for person in case.people
        if person.letter_address and person.letter_address.agreed
    ]


@command("prisoner")
async def prisoner(ctx: Context) -> Message:
    """Where to write to the prisoners of a case, and how."""
    typed = one_line(ctx.args)[:_LONGEST_NAME]
    if not typed:
        raise UserError("prisoner-which")
    found = await casebook.find(ctx.session, typed, ctx.translator.language)
    refuse_letters(ctx, found.campaign.country)
    people = with_address(found.case)
    title = found.title(ctx.translator.language)
    if not people:
        raise UserError("prisoner-none", case=title, id=found.case.id)
    blocks = prisoner_blocks(people, ctx.translator, found.campaign.language)
    back = Button(ctx.t("button-case"), command=f"/case {found.case.id}")
    return Message(blocks=(*drill_mark(ctx, [found]), *blocks), buttons=((back,),))


def prisoner_blocks(
    people: Sequence[tuple[Person, LetterAddress]], translator: Translator, main_language: str
) -> Iterator[Block]:
    """For each of them: who agreed, rules, the envelope, a message to begin with."""
    for person, address in people:
        name = person.called(translator.language)
        yield Heading(translator.t("prisoner-title", name=name))
        yield paragraph(translator.t(f"prisoner-agreed-{address.agreed}"))
        if address.incomplete:
            yield paragraph(Bold(translator.t("prisoner-incomplete")))
        yield paragraph(Bold(translator.t("prisoner-rules")))
        yield bullets(*_rules(address, translator, main_language))
        yield from _envelope(address, translator)
        yield from _words(person, address, translator)


def _rules(address: LetterAddress, translator: Translator, main_language: str) -> Iterator[str]:
    if address.language:
        language = translator.language_called(address.language)
        yield translator.t("prisoner-rule-language", language=language)
    yield translator.t("prisoner-rule-case")
    yield translator.t("prisoner-rule-read")
    if address.rules:
        yield pick(address.rules, translator.language, main_language)


def _envelope(address: LetterAddress, translator: Translator) -> Iterator[Block]:
    """The address for the post at both ends: in the script of there, and in Latin letters."""
    dated = f" ({translator.day(address.as_of)})" if address.as_of else ""
    if address.original:
        yield paragraph(Bold(translator.t("prisoner-address-original")), dated)
        yield Copyable("\n".join(address.original))
    yield paragraph(Bold(translator.t("prisoner-address-latin")), dated)
    country = country_name(address.country, "en").upper()
    yield Copyable("\n".join([*address.lines, country]))


def _words(person: Person, address: LetterAddress, translator: Translator) -> Iterator[Block]:
    """A message to begin with, in the language that gets through; nothing to copy in another."""
    if address.language and address.language not in languages():
        theirs = translator.language_called(address.language)
        yield paragraph(Bold(translator.t("prisoner-translate", language=theirs)))
        yield paragraph(translator.t("letter-prisoner", name=person.called(translator.language)))
        yield paragraph(Italic(translator.t("prisoner-how")))
        return
    written = address.language if address.language in languages() else translator.language
    yield paragraph(Bold(translator.t("prisoner-message")))
    yield Copyable(Translator(written).t("letter-prisoner", name=person.called(written)))
    if written != translator.language:
        meaning = translator.t("letter-prisoner", name=person.called(translator.language))
        theirs = translator.language_called(written)
        yield paragraph(Bold(translator.t("prisoner-meaning", language=theirs)))
        yield paragraph(meaning)
    yield paragraph(Italic(translator.t("prisoner-how")))
