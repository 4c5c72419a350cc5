"""To whom a reader is asked to write, in order: the office, what it reads, how to reach it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from handlers.alert_payload import AlertPayload
from handlers.campaign import Audience, Contact, Target, pick
from handlers.contact_lines import as_date, mission_name, shown
from handlers.embassies import Found
from handlers.embassy_channels import Channel, ChannelKind, age_of
from handlers.i18n import Translator


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
    own = payload.embassies.get(country) if payload.own_embassy else None
    first = _first(payload, own)
    others = [it for it in payload.targets if first is None or it is not first.target]
    return [
        *([first] if first else []),
        *(_office(it, payload) for it in others if own is None or not same_mission(own, it)),
    ]


def _first(payload: AlertPayload, own: Found | None) -> Addressee | None:
    if own is not None and own.reachable:
        meant = next((it for it in payload.targets if same_mission(own, it)), None)
        target = meant or payload.embassy_target
        return Addressee("embassy", "embassy", own.channels, target, own)
    if not payload.own_embassy:
        return next((_office(it, payload) for it in payload.targets), None)
    return _office(payload.fallback, payload) if payload.fallback else None


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


def same_mission(found: Found, target: Target) -> bool:
    """Is this target the very mission that was found?"""
    mission = target.mission
    if mission is None:
        return False
    same_city = not mission.city or mission.city.casefold() == found.city.casefold()
    return (mission.host, mission.kind) == (found.host, found.kind) and same_city


def copies_of(payload: AlertPayload) -> Iterator[str]:
    """The e-mail addresses that get a copy."""
    return (it.normal for it in payload.copies_to if it.kind == "email" and it.usable)
