"""/contact: organisers decide about contacts in doubt, and take back corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from handlers import contact_book
from handlers.campaign import Contact
from handlers.command import Context, Role, UserError, command, tell_organisers
from handlers.contact_answers import ask_source, corrected, kind_of, read_contacts, split_source
from handlers.contact_book import Correction, open_book
from handlers.contact_keys import key_of
from handlers.contact_lines import shown_as, shown_value
from handlers.contact_places import Entry, places_with
from handlers.i18n import Translator
from handlers.message import Block, Button, Heading, Message, paragraph
from handlers.organisers import acting, record
from storage import contacts as store
from storage import dialogues
from storage.contacts import Tally
from storage.models import ContactDoubt

_LASTS = 30 * 86400  # seconds the buttons under a question are good for


def question(
    translator: Translator, kind: str, value: str, places: Sequence[Entry], tally: Tally
) -> Message:
    """What readers report, with the three things an organiser can press."""
    key = key_of(kind, value)
    text = translator.t(
        "doubt-question",
        contact=shown_as(kind, value, translator),
        whose=", ".join(dict.fromkeys(it.label(translator) for it in places)) or "–",
        bounced=tally.bounced,
        worked=tally.worked,
    )
    choices = [("button-contact-dead", "dead"), ("button-contact-replace", "replace")]
    choices.append(("button-contact-works", "works"))
    buttons = tuple(
        (Button(translator.t(label), command=f"/contact {key} {word}", lasts=_LASTS),)
        for label, word in choices
    )
    return Message(blocks=(paragraph(text),), buttons=buttons)


@command("contact", who=Role.ORGANISER, fresh=True)
async def contact(ctx: Context) -> Message:
    """List contacts in doubt and corrections, or decide about one."""
    name, _, rest = ctx.args.strip().partition(" ")
    word, _, more = rest.strip().partition(" ")
    match name.lower(), word.lower():
        case "", _:
            return await _list(ctx)
        case "undo", number:
            return await _undo(ctx, number)
        case key, "":
            return await _question(ctx, await _doubt(ctx, key))
        case key, "works" | "dead" | "replace":
            return await _decide(ctx, await _doubt(ctx, key), word.lower(), more.strip())
    raise UserError("contact-usage")


# ------------------------------------------------------------------------------- the list


async def _list(ctx: Context) -> Message:
    """What waits for a decision, then what was corrected."""
    doubts = await store.doubts(ctx.session)
    book = await open_book(ctx.session)
    blocks: list[Block] = [Heading(ctx.t("contact-title"))]
    rows: list[tuple[Button, ...]] = []
    for doubt in doubts:
        blocks += (await _question(ctx, doubt)).blocks
        label = ctx.t("button-decide", contact=shown_value(doubt.kind, doubt.value))
        rows.append((Button(label, command=f"/contact {doubt.contact}"),))
    for it in book.corrections:
        if book.of(it.place, it.kind) is it:
            blocks.append(paragraph(_line(ctx.translator, it)))
            label = ctx.t("button-undo-correction", number=it.number)
            rows.append((Button(label, command=f"/contact undo {it.number}"),))
    if not rows:
        blocks.append(paragraph(ctx.t("contact-nothing")))
    return Message(blocks=tuple(blocks), buttons=tuple(rows), protected=True)


async def _question(ctx: Context, doubt: ContactDoubt) -> Message:
    places = await places_with(ctx.session, ctx.directory, doubt.contact)
    tally = await store.tally(ctx.session, doubt.contact)
    return question(ctx.translator, doubt.kind, doubt.value, places, tally)


def _line(translator: Translator, it: Correction) -> str:
    """One correction: what, where, by whom, when, from where."""
    values = ", ".join(contact.normal for contact in it.contacts if contact.usable)
    return translator.t(
        "correction-line",
        number=it.number,
        place=it.place.name,
        kind=translator.t(f"contact-{it.kind}"),
        value=values or translator.t("correction-none"),
        who=f"#{it.organiser}",
        when=translator.clock(it.made_at, "UTC"),
        source=it.source,
    )


# ---------------------------------------------------------------------------- the decision


async def _doubt(ctx: Context, key: str) -> ContactDoubt:
    doubts = {it.contact: it for it in await store.doubts(ctx.session)}
    if key.lower() not in doubts:
        raise UserError("contact-decided")
    return doubts[key.lower()]


async def _decide(ctx: Context, doubt: ContactDoubt, word: str, more: str) -> Message:
    if word == "works":
        return await _dismiss(ctx, doubt)
    if word == "dead":
        return await _put_in_place(ctx, doubt, (), ctx.t("correction-from-reports"))
    if not more:
        return await _ask_new(ctx, doubt)
    text, source = split_source(more)
    said = f"/contact {doubt.contact} replace"
    new = read_contacts(ctx, kind_of(doubt.kind), text, command=said)
    if not source:
        return await ask_source(ctx, f"{said} {text}")
    return await _put_in_place(ctx, doubt, new, source)


async def _dismiss(ctx: Context, doubt: ContactDoubt) -> Message:
    await store.settle(ctx.session, doubt.contact)
    await record(ctx, "contact works", doubt.value)
    said = {"contact": doubt.value, "who": f"#{acting(ctx).id}"}

    def compose(translator: Translator) -> Message:
        return Message(blocks=(paragraph(translator.t("contact-works", **said)),))

    await tell_organisers(ctx.session, ctx.now, compose, except_for=acting(ctx).id)
    return replace(compose(ctx.translator), in_place=True)


async def _ask_new(ctx: Context, doubt: ContactDoubt) -> Message:
    command = f"/contact {doubt.contact} replace"
    request = ctx.request
    await dialogues.ask(ctx.session, request.platform, request.address, command, ctx.now)
    return ctx.says("contact-replace-ask", contact=doubt.value)


async def _put_in_place(
    ctx: Context, doubt: ContactDoubt, new: Sequence[Contact], source: str
) -> Message:
    """At every place where the doubtful contact is used, the new ones, or none, stand for it."""
    made = []
    for entry in await places_with(ctx.session, ctx.directory, doubt.contact):
        kept = [it for it in entry.contacts if key_of(it.kind, it.normal) != doubt.contact]
        it = await contact_book.add(
            ctx.session,
            entry.place,
            entry.contacts[0].kind,
            [*new, *kept],
            source=source,
            organiser=acting(ctx).id,
            now=ctx.now,
        )
        await record(ctx, "contact corrected", f"{entry.place.name} {it.kind}")
        made.append((entry, it))
    await store.settle(ctx.session, doubt.contact)
    return replace(await corrected(ctx, made), in_place=not new)


async def _undo(ctx: Context, number: str) -> Message:
    known = number.isascii() and number.isdigit() and len(number) < 18
    it = await contact_book.undo(ctx.session, int(number), ctx.now) if known else None
    if it is None:
        raise UserError("correction-unknown", number=number[:20])
    await record(ctx, "contact correction undone", f"{it.place.name} {it.kind}")

    def compose(translator: Translator) -> Message:
        line = _line(translator, it)
        return Message(blocks=(paragraph(translator.t("correction-undone", line=line)),))

    await tell_organisers(ctx.session, ctx.now, compose, except_for=acting(ctx).id)
    return replace(compose(ctx.translator), in_place=True)
