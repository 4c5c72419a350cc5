"""Channels: the ways to reach a mission, each with how far it can be trusted today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

import phonenumbers
from pydantic import BaseModel, ConfigDict

from storage.directory import Mission

ChannelKind = Literal["email", "phone", "fax", "postal", "web"]
CHANNELS: tuple[ChannelKind, ...] = ("email", "phone", "fax", "postal", "web")
FIELD: dict[ChannelKind, str] = {
    "email": "email",
    "phone": "phone",
    "fax": "fax",
    "postal": "address",
    "web": "website",
}

_FRESH_MONTHS = 18
_STALE_MONTHS = 60


class Age(StrEnum):
    """How far a contact can be trusted, by the day it was last seen or checked."""

    FRESH = "fresh"  # 18 months or less
    AGED = "aged"  # older, or undated: say when it was last confirmed
    STALE = "stale"  # over 5 years: post may still arrive, the rest should not be offered


class Channel(BaseModel):
    """One way to reach a mission."""

    model_config = ConfigDict(frozen=True)

    kind: ChannelKind
    value: str  # to use: E.164, an e-mail address, a URL, a postal address
    shown: str  # to read
    as_of: date | None  # what the source is dated
    checked: date | None  # when somebody or a second source last confirmed it
    age: Age
    doubtful: bool = False  # readers report that it does not work


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact the campaign itself gives for a mission."""

    kind: ChannelKind
    value: str
    shown: str = ""  # as printed; "" where it reads the same as `value`
    as_of: date | None = None
    checked: date | None = None


def campaign_channels(contacts: Iterable[Contact], today: date) -> Iterator[Channel]:
    """The campaign's own contacts as channels."""
    for contact in contacts:
        yield Channel(
            kind=contact.kind,
            value=contact.value,
            shown=contact.shown or _shown(contact.kind, contact.value),
            as_of=contact.as_of,
            checked=contact.checked,
            age=age_of(contact.as_of, contact.checked, today),
        )


def directory_channels(mission: Mission, today: date) -> Iterator[Channel]:
    """What the directory knows of a mission, each with the age of its own field."""
    confirmed = _confirmed_field(mission)
    for kind in CHANNELS:
        field = FIELD[kind]
        value: str = getattr(mission, field)
        if value:
            as_of = date.fromisoformat(mission.age[field])
            told = mission.confirmed.get(field, "")
            if not told and field == confirmed:
                told = mission.checked
            checked = date.fromisoformat(told) if told else None
            yield Channel(
                kind=kind,
                value=value,
                shown=_shown(kind, value),
                as_of=as_of,
                checked=checked,
                age=age_of(as_of, checked, today),
            )


def _confirmed_field(mission: Mission) -> str:
    """The one field a row's check can be about, or "": the row does not say which it was."""
    older = [field for field, day in mission.age.items() if day < mission.checked]
    return older[0] if len(older) == 1 and older[0] in {"phone", "email"} else ""


def age_of(as_of: date | None, checked: date | None, today: date) -> Age:
    """How far a contact with these dates can be trusted today."""
    dates = [day for day in (as_of, checked) if day]
    if not dates:
        return Age.AGED
    last = max(dates)
    months = (today.year - last.year) * 12 + today.month - last.month + (today.day > last.day)
    if months > _STALE_MONTHS:
        return Age.STALE
    return Age.AGED if months > _FRESH_MONTHS else Age.FRESH


def _shown(kind: ChannelKind, value: str) -> str:
    if kind in {"phone", "fax"}:
        return spaced(value)
    return value.removeprefix("https://").rstrip("/") if kind == "web" else value


def spaced(number: str) -> str:
    """A number in E.164 the way people read it: +44 20 7925 1757."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
