"""/target: what is known of the offices to write to, and putting their contacts right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from handlers import casebook, contact_book
from handlers.campaign import Campaign, Contact, ContactKind, Target, pick
from handlers.campaign_fields import nearest
from handlers.command import Context, Role, UserError, command
from handlers.contact_answers import (
    BUTTON,
    NOTHING,
    ask_source,
    corrected,
    kind_of,
    read_contacts,
    split_source,
)
from handlers.contact_book import Place, place_of
from handlers.contact_keys import key_of
from handlers.contact_lines import contact_line
from handlers.contact_places import Entry
from handlers.message import Bold, Button, Heading, Message, Paragraph, Span, bullets, paragraph
from handlers.onboarding import in_rows
from handlers.organisers import acting, record

_TAKE = "take"  # a repair


@dataclass(frozen=True, slots=True)
class Known:
    """A target and the campaign it belongs to; `name` is what organisers type."""

    name: str
    campaign: Campaign
    target: Target

    def label(self, language: str) -> str:
        """The office, for a reader of `language`."""
        return pick(self.target.office, language, self.campaign.language)

    def entry(self, kind: ContactKind) -> Entry:
        """Its contacts of one kind, as corrections take them."""
        contacts = tuple(it for it in self.target.contacts if it.kind == kind)
        place = place_of(self.campaign.id, self.target)
        return Entry(place, contacts, self.target, self.campaign.language)


@command("target", who=Role.ORGANISER, fresh=True)
async def target(ctx: Context) -> Message:
    """List the targets, show one with all that is amiss, or correct a contact."""
    name, _, rest = ctx.args.strip().partition(" ")
    every = await _every(ctx)
    if not name:
        return _list(ctx, every)
    it = _find(every, name)
    word, _, more = rest.strip().partition(" ")
    if not word:
        return _page(ctx, it)
    if word.lower() == _TAKE:
        return await _take(ctx, it, more.strip())
    kind = kind_of(word)
    said = f"/target {it.name} {kind}"
    return await put_right(ctx, it.entry(kind), kind, more.strip(), said=said)


async def _every(ctx: Context) -> list[Known]:
    """All targets; one whose id two campaigns use is called "campaign/id"."""
    found = [
        (campaign, it)
        for campaign in await casebook.campaigns(ctx.session)
        for it in await casebook.targets(ctx.session, campaign.id)
    ]
    ids = [it.id for _, it in found]
    return [
        Known(it.id if ids.count(it.id) == 1 else f"{campaign.id}/{it.id}", campaign, it)
        for campaign, it in found
    ]


def _find(every: Sequence[Known], name: str) -> Known:
    """The target meant. Raises `UserError`, naming the nearest."""
    known = {it.name: it for it in every}
    if name.lower() in known:
        return known[name.lower()]
    near = nearest(name[:80], known)
    key = "target-unknown-near" if near else "target-unknown"
    raise UserError(key, name=name[:40], near=near)


# --------------------------------------------------------------------------------- the pages


def _list(ctx: Context, every: Sequence[Known]) -> Message:
    if not every:
        raise UserError("case-none-yet")
    lines = [_summary(ctx, it) for it in every]
    buttons = [Button(it.name, command=f"/target {it.name}") for it in every]
    fitting = [it for it in buttons if len(it.command.encode()) <= BUTTON]
    blocks = (Heading(ctx.t("target-title")), bullets(*lines), paragraph(ctx.t("target-how")))
    return Message(blocks=blocks, buttons=tuple(in_rows(fitting, 2)), protected=True)


def _summary(ctx: Context, it: Known) -> tuple[Span, ...]:
    """One target: its name, office, and how many contacts can be used and how many cannot."""
    contacts = it.target.contacts
    usable = sum(contact.usable for contact in contacts)
    state = ctx.t("target-counts", usable=usable, holes=len(contacts) - usable)
    if it.target.own_embassy:
        state = ctx.t("target-own-embassy")
    return (Bold(it.name), f": {it.label(ctx.translator.language)} ({state})")


def _page(ctx: Context, it: Known) -> Message:
    """Every contact as printed and as used, the holes with what can be done about them."""
    lines = [_line(ctx, it, contact) for contact in it.target.contacts]
    shown = bullets(*lines) if lines else paragraph(ctx.t(_nothing(it)))
    blocks = (
        Heading(it.label(ctx.translator.language)),
        shown,
        *_how(ctx, it),
    )
    return Message(blocks=blocks, buttons=tuple(_repairs(ctx, it)), protected=True)


def _nothing(it: Known) -> str:
    return "target-own-embassy" if it.target.own_embassy else "contact-none-known"


def _how(ctx: Context, it: Known) -> Iterator[Paragraph]:
    if not it.target.own_embassy:
        yield paragraph(ctx.t("target-how-correct", name=it.name))


def _line(ctx: Context, it: Known, contact: Contact) -> tuple[Span, ...]:
    if contact.usable:
        spans = contact_line(contact, ctx.translator, ctx.today)
        if contact.printed != contact.normal:
            return (*spans, " ", ctx.t("target-printed", printed=contact.printed))
        return spans
    kind = ctx.t(f"contact-{contact.kind}")
    problem = contact.problem.replace("_", "-") or "unreadable"
    said = ctx.t(f"target-hole-{problem}", kind=kind, printed=contact.printed)
    if contact.repair and contact.problem != "superseded":
        said += ". " + ctx.t("target-repair", repair=contact.repair)
        if not _fits(it, contact):
            said += " " + ctx.t("target-repair-write", command=_taking(it, contact)[1:])
    return (said,)


def _taking(it: Known, contact: Contact) -> str:
    """The command that takes a contact's repair."""
    return f"/target {it.name} {_TAKE} {key_of(contact.kind, contact.repair)}"


def _fits(it: Known, contact: Contact) -> bool:
    """Targets may have long names, buttons not."""
    return len(_taking(it, contact).encode()) <= BUTTON


def _repairs(ctx: Context, it: Known) -> Iterator[tuple[Button, ...]]:
    """A button for each number that could be meant: only a person may take it."""
    for contact in it.target.contacts:
        label = ctx.t("button-take-repair", repair=contact.repair)
        wanted = contact.repair and contact.problem not in ("", "superseded")
        if wanted and _fits(it, contact):
            yield (Button(label, command=_taking(it, contact)),)


# ------------------------------------------------------------------------------ corrections


async def _take(ctx: Context, it: Known, key: str) -> Message:
    """Accept what a misprinted number could mean."""
    meant = [
        contact
        for contact in it.target.contacts
        if contact.repair and contact.problem and key_of(contact.kind, contact.repair) == key
    ]
    if not meant:
        raise UserError("target-no-repair", name=it.name)
    entry = it.entry(meant[0].kind)
    new = [_repaired(ctx, each) if each == meant[0] else each for each in entry.contacts]
    source = ctx.t("correction-from-repair", printed=meant[0].printed)
    return await correct(ctx, entry, meant[0].kind, new, source)


def _repaired(ctx: Context, contact: Contact) -> Contact:
    today = ctx.today.isoformat()
    usable = {"normal": contact.repair, "problem": "", "repair": ""}
    return contact.model_copy(update={**usable, "as_of": today, "checked": today})


async def put_right(
    ctx: Context, entry: Entry, kind: ContactKind, written: str, *, said: str
) -> Message:
    """Let what was written be the contacts of one kind at a place; `said` is the command so far.

    Raises `UserError` when it cannot be used. Asks where it comes from if that is not said.
    """
    text, source = split_source(written)
    if not text:
        raise UserError("target-what", command=said.removeprefix("/"))
    new = [] if text == NOTHING else read_contacts(ctx, kind, text, command=said)
    if not source:
        return await ask_source(ctx, f"{said} {text}")
    return await correct(ctx, entry, kind, new, source)


async def correct(
    ctx: Context, entry: Entry, kind: ContactKind, new: Sequence[Contact], source: str
) -> Message:
    """Write the correction down and say so to all organisers."""
    it = await contact_book.add(
        ctx.session,
        entry.place,
        kind,
        new,
        source=source,
        organiser=acting(ctx).id,
        now=ctx.now,
    )
    await record(ctx, "contact corrected", f"{entry.place.name} {kind}")
    return replace(await corrected(ctx, [(entry, it)]), protected=True)


def entry_of(place: Place) -> Entry:
    """A mission to correct, whatever is known of it so far."""
    return Entry(place, ())
