"""Where a contact stands: at which targets and missions, and beside which others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import casebook
from handlers.campaign import Campaign, Contact, ContactKind, Target, pick
from handlers.contact_book import Book, Place, mission_place, open_book, place_of
from handlers.contact_keys import key_of
from handlers.contact_lines import city_name
from handlers.countries import country_name
from handlers.embassy_channels import CHANNELS, FIELD
from handlers.i18n import Translator
from storage.directory import Directory, Mission


@dataclass(frozen=True, slots=True)
class Entry:
    """One place with its contacts of one kind, as they are known now."""

    place: Place
    contacts: tuple[Contact, ...]
    target: Target | None = None
    main_language: str = "en"

    def label(self, translator: Translator) -> str:
        """Whose contacts these are, in the reader's language."""
        if self.target is not None:
            return pick(self.target.office, translator.language, self.main_language)
        return mission_label(self.place, translator)


def mission_label(place: Place, translator: Translator) -> str:
    """A mission by its kind, state and city."""
    host = country_name(place.host, translator.language)
    city = city_name(place.city, place.host, translator)
    return translator.t(
        "mission",
        kind=translator.t(f"mission-{place.mission}"),
        country=country_name(place.sending, translator.language),
        place=f"{city}, {host}" if city else host,
    )


async def places_with(session: AsyncSession, directory: Directory, key: str) -> list[Entry]:
    """Every place at which the contact of this key is used now."""
    book = await open_book(session)
    campaigns = await casebook.campaigns(session)
    every: list[Entry] = []
    for campaign in campaigns:
        every += await _targets(session, campaign, book, key)
    for sending in dict.fromkeys(campaign.country for campaign in campaigns):
        every += _missions(directory.missions(sending), book, key)
    found: list[Entry] = []
    for entry in every:
        if not any(entry.place.is_same(it.place) for it in found):
            found.append(entry)
    return found


async def _targets(session: AsyncSession, campaign: Campaign, book: Book, key: str) -> list[Entry]:
    return [
        Entry(
            place_of(campaign.id, target),
            tuple(it for it in target.contacts if it.kind == kind),
            target,
            campaign.language,
        )
        for target in await casebook.targets(session, campaign.id, book)
        for kind in _kinds_with(target.contacts, key)
    ]


def _kinds_with(contacts: Sequence[Contact], key: str) -> list[ContactKind]:
    kinds = [it.kind for it in contacts if it.usable and key_of(it.kind, it.normal) == key]
    return list(dict.fromkeys(kinds))


def _missions(missions: Sequence[Mission], book: Book, key: str) -> Iterator[Entry]:
    for mission in missions:
        place = mission_place(mission)
        for kind in CHANNELS:
            contacts = mission_contacts(mission, book, kind)
            if _kinds_with(contacts, key):
                yield Entry(place, contacts)
    for it in book.corrections:  # what was added for a country without a mission
        if it.place.sending and book.of(it.place, it.kind) is it and _kinds_with(it.contacts, key):
            yield Entry(it.place, it.contacts)


def mission_contacts(mission: Mission, book: Book, kind: ContactKind) -> tuple[Contact, ...]:
    """A mission's contacts of one kind: as corrected, else the directory's."""
    corrected = book.of(mission_place(mission), kind)
    if corrected is not None:
        return corrected.contacts
    value: str = getattr(mission, FIELD[kind])
    if not value:
        return ()
    as_of = mission.age[FIELD[kind]]
    return (Contact(kind=kind, printed=value, normal=value, as_of=as_of),)
