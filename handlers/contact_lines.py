"""How contacts read: one line each, with how old it is; holes are named, never left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.campaign import Contact, Target, pick
from handlers.countries import country_name
from handlers.embassies import CONSULAR_MAILBOX, Found, Override, Reason
from handlers.embassy_channels import Age, Channel, age_of, spaced
from handlers.embassy_channels import Contact as KnownContact
from handlers.i18n import Translator
from handlers.message import Block, Bold, Bullets, Email, Link, Phone, Span, paragraph
from handlers.timezones import timezone_named
from handlers.words import one_line

_Line = tuple[Span, ...]
_HOLES = ("redacted", "not_valid", "unreadable")  # what is superseded has something in its place


def found_blocks(
    found: Found, translator: Translator, country: str, *, explained: bool = False
) -> tuple[Block, ...]:
    """The mission that answers for `country`: whose, where, why this one, how to reach it.

    Why is said where it is not plain to see, or always if it is to be `explained`.
    """
    lines = [_channel(channel, translator) for channel in found.channels]
    if CONSULAR_MAILBOX in found.flags and any(it.kind == "email" for it in found.channels):
        lines.append((translator.t("mission-consular-mailbox"),))
    for kind in found.holes:
        label = translator.t(f"contact-{kind}")
        lines.append((translator.t("contact-hole-not-valid", kind=label),))
    if not lines:
        lines = [(translator.t("contact-none-known"),)]
    return (
        paragraph(
            Bold(mission_name(found, translator)),
            *_why(found, translator, country, explained=explained),
        ),
        Bullets(tuple(lines)),
    )


def mission_name(found: Found, translator: Translator) -> str:
    """The mission by its kind, state and city, in the reader's language."""
    kind = translator.t(f"mission-{found.kind}")
    sending = country_name(found.sending, translator.language)
    host = country_name(found.host, translator.language)
    city = city_name(found.city, found.host, translator)
    place = f"{city}, {host}" if city else host
    return translator.t("mission", kind=kind, country=sending, place=place)


def city_name(city: str, country: str, translator: Translator) -> str:
    """A city in the reader's language where CLDR knows it (as it does capitals), else as it is."""
    zone = timezone_named(city, country) if city else ""
    if not zone or Translator("en").zone(zone) != city:  # Geneva's zone is named after Zurich
        return city
    return translator.zone(zone)


def _why(found: Found, translator: Translator, country: str, *, explained: bool) -> Iterator[Span]:
    """Why the reader is sent to this mission, above all to another country or a consulate."""
    own = country_name(country, translator.language)
    if found.host != country:
        yield "\n" + translator.t("mission-answers-for", country=own)
    elif found.reason is Reason.CONSULATE:
        yield "\n" + translator.t("mission-consulate-only", country=own)
    elif explained:
        own_contact = found.reason is Reason.OWN_CONTACT
        key = "mission-own-contact" if own_contact else "mission-resident"
        yield "\n" + translator.t(key, country=own)


def _channel(channel: Channel, translator: Translator) -> _Line:
    label = translator.t(f"contact-{channel.kind}")
    note = f" ({_note(channel, translator)})"
    return (f"{label}: ", _value(channel.kind, channel.value, channel.shown), note)


@dataclass(frozen=True, slots=True)
class _Dated:
    """What is known about a contact's age, and whether readers doubt it."""

    as_of: date | None
    checked: date | None
    age: Age
    doubtful: bool


def _note(it: Channel | _Dated, translator: Translator) -> str:
    """What to think of a contact: readers' doubts go before its age.

    Only what somebody has looked at is "checked"; a source that is dated is no more than that.
    """
    if it.doubtful:
        return translator.t("contact-doubtful")
    dates = [day for day in (it.as_of, it.checked) if day]
    if not dates:
        return translator.t("contact-undated")
    key = {Age.AGED: "contact-last-confirmed", Age.STALE: "contact-stale"}.get(it.age)
    fresh = "contact-checked" if it.checked == max(dates) else "contact-as-of"
    return translator.t(key or fresh, day=translator.day(max(dates).isoformat()))


def _value(kind: str, value: str, shown: str) -> Span:
    if kind == "email":
        return Email(value)
    if kind in ("phone", "fax"):
        return Phone(value, shown)
    if kind == "web" and value.startswith(("http://", "https://")):
        return Link(shown, value)
    return shown


def target_blocks(
    target: Target, translator: Translator, main_language: str, today: date
) -> tuple[Block, ...]:
    """An office to write to: its name, who held it, every contact with its date."""
    office = pick(target.office, translator.language, main_language)
    named = f"{target.called(translator.language)}, {office}" if target.name else office
    if target.is_readers_own:
        return (paragraph(Bold(named), f"\n{translator.t('contact-readers-own')}"),)
    lines = contact_lines(target.contacts, translator, today)
    return (paragraph(Bold(named)), *lines)


def contact_lines(
    contacts: Sequence[Contact], translator: Translator, today: date
) -> tuple[Block, ...]:
    """One line a contact. Nothing to show: a line that says so."""
    usable = sorted((it for it in contacts if it.usable), key=lambda it: it.doubtful)
    lines = [contact_line(contact, translator, today) for contact in usable]
    lines += list(_holes(contacts, translator))
    if not lines:
        lines = [(translator.t("contact-none-known"),)]
    return (Bullets(tuple(lines)),)


def contact_line(contact: Contact, translator: Translator, today: date) -> _Line:
    """A usable contact: its kind, itself, how old it is."""
    label = translator.t(f"contact-{contact.kind}")
    as_of, checked = as_date(contact.as_of), as_date(contact.checked)
    dated = _Dated(as_of, checked, age_of(as_of, checked, today), contact.doubtful)
    note = f" ({_note(dated, translator)})"
    return (f"{label}: ", _value(contact.kind, contact.normal, shown(contact)), note)


def shown(contact: Contact) -> str:
    """A contact the way people read it: +7 7172 50 64 02."""
    if contact.kind == "postal":
        return contact.printed
    return shown_value(contact.kind, contact.normal)


def shown_value(kind: str, value: str) -> str:
    """A usable contact the way people read it."""
    return spaced(value) if kind in ("phone", "fax") else value


def shown_as(kind: str, value: str, translator: Translator) -> str:
    """A contact on one line with its kind: "Phone: +44 20 7925 1757"."""
    return f"{translator.t(f'contact-{kind}')}: {one_line(shown_value(kind, value))}"


def _holes(contacts: Iterable[Contact], translator: Translator) -> Iterator[_Line]:
    """What is known to be missing and why, each kind and reason once."""
    contacts = list(contacts)
    usable = {it.kind for it in contacts if it.usable}
    for kind, why in sorted({(it.kind, it.problem) for it in contacts if it.problem in _HOLES}):
        label = translator.t(f"contact-{kind}")
        if kind in usable:
            label = translator.t("contact-another", kind=label)
        yield (translator.t(f"contact-hole-{why.replace('_', '-')}", kind=label),)


def overrides(targets: Sequence[Target]) -> list[Override]:
    """What a campaign knows better than the directory: its targets that are missions."""
    return [
        Override(
            sending=target.mission.sending,
            host=target.mission.host,
            city=target.mission.city,
            kind=target.mission.kind,
            contacts=tuple(known(contact) for contact in target.contacts if contact.usable),
        )
        for target in targets
        if target.mission is not None
    ]


def known(contact: Contact) -> KnownContact:
    """A campaign's contact as the resolver takes it."""
    return KnownContact(
        kind=contact.kind,
        value=contact.normal,
        shown=contact.printed if contact.kind == "postal" else "",
        as_of=as_date(contact.as_of),
        checked=as_date(contact.checked),
    )


def as_date(text: str) -> date | None:
    """A day, or the first day of a month or year, as a date."""
    if not text:
        return None
    return date.fromisoformat(f"{text}-01-01"[:10] if len(text) == 4 else f"{text}-01"[:10])


def why(found: Found, translator: Translator, country: str) -> str:
    """Why the reader is sent to another country, or to a consulate; "" where it is their own."""
    return "".join(str(span) for span in _why(found, translator, country, explained=False)).strip()


def noted(channel: Channel, translator: Translator) -> str:
    """When a channel was last confirmed, or that readers doubt it, as it stands behind it."""
    return f"({_note(channel, translator)})"
