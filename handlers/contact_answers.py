"""Contacts typed into the chat: read by the one normaliser, or refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from handlers.alert_preview import code_of
from handlers.campaign import Contact, ContactKind
from handlers.command import Context, UserError, tell_organisers
from handlers.contact_book import Correction
from handlers.contact_lines import shown_value
from handlers.contact_places import Entry
from handlers.contacts import normalise
from handlers.embassy_channels import CHANNELS
from handlers.i18n import Translator
from handlers.message import Block, Button, Message, paragraph
from handlers.organisers import acting
from handlers.words import one_line
from storage import alerts, dialogues
from storage.models import AlertState

_SOURCE = re.compile(r"\s+(?:source|источник)\s*:\s*", re.IGNORECASE)
_LONGEST_SOURCE = 200  # characters
_LONGEST = 500  # characters of what is typed as a contact
BUTTON = 44  # bytes of a command that fit into a button
NOTHING = "-"  # written in the place of a contact: there is none any more
_UNDOABLE = 4  # corrections of one decision with a button each
_LASTS = 30 * 86400


def split_source(text: str) -> tuple[str, str]:
    """What stands before "source:", and what behind it."""
    padded = f"{text} "
    contact, *source = _SOURCE.split(padded, maxsplit=1)
    return contact.strip(), one_line(source[0])[:_LONGEST_SOURCE] if source else ""


def kind_of(word: str) -> ContactKind:
    """The kind of contact a word names. Raises `UserError` for any other word."""
    kinds: dict[str, ContactKind] = {kind: kind for kind in CHANNELS}
    if word.lower() not in kinds:
        raise UserError("contact-kind-unknown", word=word[:20], known=", ".join(CHANNELS))
    return kinds[word.lower()]


def read_contacts(ctx: Context, kind: ContactKind, text: str, *, command: str) -> list[Contact]:
    """The contacts in what was typed behind `command`, each usable and checked today.

    Raises `UserError` that names the fault; where a number probably goes by another code now,
    with a button that takes it.
    """
    today = ctx.today.isoformat()
    if len(text) > _LONGEST:
        raise UserError("contact-long", count=len(text), most=_LONGEST)
    found = normalise(kind, text)
    for it in found:
        if it.problem:
            raise _refusal(ctx, it, f"{command} {text.replace(it.printed, it.repair)}")
    return [it.model_copy(update={"as_of": today, "checked": today}) for it in found]


def _refusal(ctx: Context, it: Contact, repaired: str) -> UserError:
    """Why a contact cannot be used; `repaired` is the command that takes the repair instead."""
    said = {"value": it.printed[:80], "repair": it.repair}
    if it.problem == "redacted":
        return UserError("contact-typed-redacted")
    if not it.repair:
        kind = "phone" if it.kind in ("phone", "fax") else it.kind
        return UserError(f"contact-typed-{kind}", **said)
    wrong = UserError("contact-typed-repair", **said, command=repaired.removeprefix("/"))
    if len(repaired.encode()) > BUTTON:
        return wrong
    button = Button(ctx.t("button-take-repair", repair=it.repair), command=repaired)
    return wrong.offering(replace(ctx.says(wrong.key, **wrong.args_of_text), buttons=((button,),)))


async def ask_source(ctx: Context, command: str) -> Message:
    """Ask where a contact comes from; the answer completes the command."""
    request = ctx.request
    question = f"{command} source:"
    await dialogues.ask(ctx.session, request.platform, request.address, question, ctx.now)
    return ctx.says("contact-source-ask")


async def corrected(ctx: Context, made: Sequence[tuple[Entry, Correction]]) -> Message:
    """Say what stands where from now on, here and to the other organisers, and how to undo it."""
    waiting = await alerts.in_state(ctx.session, [AlertState.DRAFT, AlertState.SCHEDULED])
    codes = ", ".join(code_of(it) for it in waiting)

    def compose(translator: Translator) -> Message:
        blocks: list[Block] = [paragraph(_said(translator, *each)) for each in made]
        blocks.append(paragraph(translator.t("correction-used")))
        if codes:
            blocks.append(paragraph(translator.t("correction-drafts", codes=codes)))
        return Message(blocks=tuple(blocks), buttons=tuple(_undo(translator, made)))

    await tell_organisers(ctx.session, ctx.now, compose, except_for=acting(ctx).id)
    return compose(ctx.translator)


def _said(translator: Translator, entry: Entry, it: Correction) -> str:
    """One correction in a sentence, with what was printed where that reads otherwise."""
    shown = [_as_read(translator, contact) for contact in it.contacts if contact.usable]
    return translator.t(
        "correction-made" if shown else "correction-removed",
        whose=entry.label(translator),
        kind=translator.t(f"contact-{it.kind}"),
        value=", ".join(shown),
        who=f"#{it.organiser}",
        source=it.source,
    )


def _as_read(translator: Translator, contact: Contact) -> str:
    if contact.printed in (contact.normal, shown_value(contact.kind, contact.normal)):
        return contact.normal
    return translator.t("contact-as-read", normal=contact.normal, printed=contact.printed)


def _undo(
    translator: Translator, made: Sequence[tuple[Entry, Correction]]
) -> Iterator[tuple[Button, ...]]:
    for _, it in made[:_UNDOABLE]:
        label = translator.t("button-undo-correction", number=it.number)
        yield (Button(label, command=f"/contact undo {it.number}", lasts=_LASTS),)
