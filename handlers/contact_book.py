"""What organisers put right about contacts, and what readers doubt.

A correction says what the contacts of one kind are from now on, at one place. It goes before the
campaign file and the embassy directory and is used at once, wherever contacts are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.campaign import Contact, ContactKind, MissionRef, Target
from handlers.contact_keys import key_of
from handlers.contact_lines import known, overrides
from handlers.embassies import Found, Override
from handlers.missions import is_same_mission
from storage import contacts as store
from storage.directory import Mission
from storage.models import ContactCorrection

_CONTACTS: TypeAdapter[tuple[Contact, ...]] = TypeAdapter(tuple[Contact, ...])


@dataclass(frozen=True, slots=True)
class Place:
    """Whose contacts: a target of a campaign, or a mission of a state."""

    campaign: str = ""
    target: str = ""
    sending: str = ""
    host: str = ""
    city: str = ""
    mission: str = ""  # its kind

    @property
    def name(self) -> str:
        """How organisers and the audit log call it: "kz/president", "KZ in GB, London"."""
        if self.target:
            return f"{self.campaign}/{self.target}"
        return f"{self.sending} in {self.host}" + (f", {self.city}" if self.city else "")

    def is_same(self, other: Place) -> bool:
        """Do both mean the same target, or the same mission even where one names no city?"""
        if not (self.sending and other.sending):
            return self == other
        return is_same_mission(self, other)

    @property
    def kind(self) -> str:
        """The mission's kind."""
        return self.mission


def place_of(campaign_id: str, target: Target) -> Place:
    """Where a target's contacts belong: to the mission that it is, or to the target itself."""
    if target.mission is not None:
        return mission_place(target.mission)
    return Place(campaign=campaign_id, target=target.id)


def mission_place(it: MissionRef | Mission | Override | Found) -> Place:
    """A mission as corrections name it."""
    return Place(sending=it.sending, host=it.host, city=it.city, mission=it.kind)


@dataclass(frozen=True, slots=True)
class Correction:
    """The contacts of one kind at one place, as an organiser knows them."""

    number: int
    place: Place
    kind: ContactKind
    contacts: tuple[Contact, ...]
    source: str
    organiser: int | None
    made_at: int


@dataclass(frozen=True, slots=True)
class Book:
    """The corrections that count, the oldest first, and the keys of doubtful contacts."""

    corrections: tuple[Correction, ...] = ()
    doubtful: frozenset[str] = frozenset()

    def of(self, place: Place, kind: ContactKind) -> Correction | None:
        """The correction that counts at a place."""
        found = [it for it in self.corrections if it.kind == kind and it.place.is_same(place)]
        return found[-1] if found else None

    def target(self, campaign_id: str, target: Target) -> Target:
        """A target with what organisers and readers know about its contacts."""
        here = place_of(campaign_id, target)
        contacts: Sequence[Contact] = target.contacts
        for it in self.corrections:
            if it.place.is_same(here):
                contacts = replaced(contacts, it.kind, it.contacts)
        marked = [self._marked(contact) for contact in contacts]
        return target.model_copy(update={"contacts": marked})

    def _marked(self, contact: Contact) -> Contact:
        doubtful = contact.usable and key_of(contact.kind, contact.normal) in self.doubtful
        return contact.model_copy(update={"doubtful": True}) if doubtful else contact

    def overrides(self, sending: str, targets: Sequence[Target]) -> list[Override]:
        """What goes before the directory: missions that the file names or organisers corrected."""
        found = overrides(targets)
        for it in self.corrections:
            if it.place.sending == sending:
                found = _with(found, it)
        return found


def _with(found: list[Override], it: Correction) -> list[Override]:
    """The overrides with one correction more."""
    known = [each for each in found if it.place.is_same(mission_place(each))]
    place = it.place
    new = Override(
        sending=place.sending, host=place.host, contacts=(), city=place.city, kind=place.mission
    )
    others = [each for each in found if each not in known]
    return [*(_corrected(each, it) for each in known or [new]), *others]


def replaced(
    contacts: Iterable[Contact], kind: ContactKind, by: Iterable[Contact]
) -> list[Contact]:
    """The contacts with those of one kind replaced, where the first of them stood."""
    contacts = list(contacts)
    first = next((n for n, it in enumerate(contacts) if it.kind == kind), len(contacts))
    rest = [contact for contact in contacts[first:] if contact.kind != kind]
    return [*contacts[:first], *by, *rest]


def _corrected(base: Override, it: Correction) -> Override:
    """A mission's override, changed by one more correction."""
    kept = tuple(contact for contact in base.contacts if contact.kind != it.kind)
    usable = tuple(known(contact) for contact in it.contacts if contact.usable)
    without = {*base.without} - {it.kind} if usable else {*base.without, it.kind}
    return replace(base, contacts=(*kept, *usable), without=tuple(sorted(without)))


async def open_book(session: AsyncSession) -> Book:
    """The corrections and doubts as they stand."""
    rows = await store.corrections(session)
    doubts = await store.doubts(session)
    return Book(tuple(_typed(row) for row in rows), frozenset(it.contact for it in doubts))


def _typed(row: ContactCorrection) -> Correction:
    place = Place(row.campaign_id, row.target, row.sending, row.host, row.city, row.mission)
    contacts = _CONTACTS.validate_json(row.contacts)
    kind: ContactKind = row.kind  # type: ignore[assignment]  # only `add` writes it
    return Correction(row.id, place, kind, contacts, row.source, row.organiser_id, row.made_at)


async def add(
    session: AsyncSession,
    place: Place,
    kind: ContactKind,
    contacts: Sequence[Contact],
    *,
    source: str,
    organiser: int,
    now: int,
) -> Correction:
    """Let these be the contacts of one kind at a place from now on; none takes them away."""
    row = ContactCorrection(
        campaign_id=place.campaign,
        target=place.target,
        sending=place.sending,
        host=place.host,
        city=place.city,
        mission=place.mission,
        kind=kind,
        contacts=_CONTACTS.dump_json(tuple(contacts)).decode(),
        source=source,
        organiser_id=organiser,
        made_at=now,
    )
    return _typed(await store.add_correction(session, row))


async def undo(session: AsyncSession, number: int, now: int) -> Correction | None:
    """Let a correction count no more; None if there is none."""
    row = await store.undo(session, number, now)
    return _typed(row) if row else None
