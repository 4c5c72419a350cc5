"""To whom a reader is asked to write, in order: the office, what it reads, how to reach it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.alert_payload import AlertPayload
from handlers.campaign import Audience, Contact, Target, pick
from handlers.contact_lines import as_date, mission_name, shown
from handlers.embassies import Found
from handlers.embassy_channels import Channel, ChannelKind, age_of
from handlers.i18n import Translator
from handlers.missions import is_same_mission


@dataclass(frozen=True, slots=True)
class Addressee:
    """An office, or the mission that was found for the reader; `channels` are what can be used."""

    key: str  # names it in addresses of pages: "embassy", or the target's id
    audience: Audience
    channels: tuple[Channel, ...]
    target: Target | None = None
    found: Found | None = None

    @property
    def language(self) -> str:
        """In which they are best written to; "" if that is not known."""
        return self.target.language if self.target else ""

    @property
    def can_be_written_to(self) -> bool:
        """Is a way known, to us or to the reader?"""
        return bool(self.channels or (self.target and self.target.is_readers_own))

    def address(self, kind: ChannelKind) -> str:
        """Their first address of this kind; "" if none is known."""
        return next((it.value for it in self.channels if it.kind == kind), "")

    def best(self, kinds: Sequence[ChannelKind]) -> Channel | None:
        """The first of these ways that nobody doubts, else the first; None if there is none."""
        ways = [it for it in self.channels if it.kind in kinds]
        ways.sort(key=lambda it: (it.doubtful, kinds.index(it.kind)))
        return ways[0] if ways else None

    def named(self, translator: Translator, main_language: str) -> str:
        """The office and who holds it, for a reader."""
        if self.found is not None:
            return mission_name(self.found, translator)
        if self.target is None:
            return ""
        office = pick(self.target.office, translator.language, main_language)
        name = self.target.called(translator.language)
        return f"{name}, {office}" if name else office


def addressees(payload: AlertPayload, country: str) -> list[Addressee]:
    """Everybody a reader in `country` is asked to write to, the first one first."""
    if not payload.own_embassy:
        return [_office(it, payload) for it in payload.targets]
    found = payload.embassies.get(country)
    own = [_embassy(payload, found)] if found is not None and found.reachable else []
    instead = stands_in(payload, found)
    first = [*([_office(instead, payload)] if instead else []), *own]
    named = {it.target.id for it in first if it.target is not None}
    others = [
        _office(it, payload)
        for it in payload.targets
        if it.id not in named and not (own and same_mission(found, it))
    ]
    return [*first, *others]


def stands_in(payload: AlertPayload, found: Found | None) -> Target | None:
    """Whom the reader writes to first, where no mission was found that surely can be reached."""
    if payload.fallback is None or (found is not None and found.trusted):
        return None
    return None if same_mission(found, payload.fallback) else payload.fallback


def _embassy(payload: AlertPayload, found: Found) -> Addressee:
    meant = next((it for it in payload.targets if same_mission(found, it)), None)
    return Addressee("embassy", "embassy", found.channels, meant or payload.embassy_target, found)


def _office(target: Target, payload: AlertPayload) -> Addressee:
    issued = date.fromisoformat(payload.issued)
    usable = sorted((it for it in target.contacts if it.usable), key=lambda it: it.doubtful)
    channels = tuple(_channel(it, issued) for it in usable)
    return Addressee(target.id, _audience(target), channels, target)


def _audience(target: Target) -> Audience:
    if target.audience:
        return target.audience
    return "embassy" if target.own_embassy or target.mission else "official"


def _channel(contact: Contact, today: date) -> Channel:
    as_of, checked = as_date(contact.as_of), as_date(contact.checked)
    return Channel(
        kind=contact.kind,
        value=contact.normal,
        shown=shown(contact),
        as_of=as_of,
        checked=checked,
        age=age_of(as_of, checked, today),
        doubtful=contact.doubtful,
    )


def same_mission(found: Found | None, target: Target) -> bool:
    """Is this target the very mission that was found?"""
    mission = target.mission
    return found is not None and mission is not None and is_same_mission(found, mission)


def copies_of(payload: AlertPayload) -> Iterator[str]:
    """The e-mail addresses that get a copy."""
    return (it.normal for it in payload.copies_to if it.kind == "email" and it.usable)
