"""Finds the embassy for a reader: which mission of a state answers for the country they live in.

By responsibility, never by the country a building stands in: the embassies to the Holy See stand
in Rome and are no use to an Italian. Nothing is made up; what is not known stays empty.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from handlers.contact_keys import key_of
from handlers.embassy_channels import (
    CHANNELS,
    Channel,
    ChannelKind,
    Contact,
    campaign_channels,
    directory_channels,
)
from handlers.missions import CONSULAR, is_same_mission
from storage.directory import Mission
from storage.directory.merging import EMBASSY_LIKE

CONSULAR_MAILBOX = "consular_mailbox"  # a flag: its e-mail is for travellers' papers


class Reason(StrEnum):
    """Why this mission is the reader's."""

    OWN_CONTACT = "own_contact"  # the campaign itself named a contact for the reader's country
    RESIDENT = "resident"  # it stands in the reader's country and answers for it
    ACCREDITED = "accredited"  # it answers for the reader's country from another one
    CONSULATE = "consulate"  # no embassy is known; a consulate is in the reader's country
    NONE = "none"  # nothing is known


class Found(BaseModel):
    """The mission that answers for a country, and how to reach it."""

    model_config = ConfigDict(frozen=True)

    reason: Reason
    sending: str = ""
    host: str = ""  # the country it stands in
    city: str = ""
    name: str = ""  # English
    kind: str = ""
    mission_id: str = ""  # the directory's id; "" where only the campaign knows it
    flags: tuple[str, ...] = ()  # the directory's doubts, see its SOURCES.md
    channels: tuple[Channel, ...] = ()
    holes: tuple[ChannelKind, ...] = ()  # printed in the source, but it cannot work

    @property
    def reachable(self) -> bool:
        """Is there a way to write to them or to call, though readers may doubt it?"""
        return any(channel.kind != "web" for channel in self.channels)

    @property
    def trusted(self) -> bool:
        """Is there one that nobody doubts? Else somebody stands in, who is named beside them."""
        return any(channel.kind != "web" and not channel.doubtful for channel in self.channels)


@dataclass(frozen=True, slots=True)
class Override:
    """What the campaign knows better than the directory about one mission."""

    sending: str
    host: str
    contacts: tuple[Contact, ...]
    without: tuple[ChannelKind, ...] = ()  # what the directory gives and is known to be dead
    city: str = ""  # "": the state's embassy in the host country, wherever it stands
    kind: str = "embassy"
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A mission that could answer for the country, with the reason it could."""

    reason: Reason
    mission: Mission


def resolve(
    missions: Sequence[Mission],
    country: str,
    overrides: Sequence[Override] = (),
    *,
    today: date,
    doubtful: Collection[str] = (),
) -> Found:
    """The mission of one sending state for readers in `country` (ISO 3166-1 alpha-2).

    The campaign's own contact first, then a resident embassy, one accredited from elsewhere, a
    consulate, and an honest nothing. A campaign's contact replaces the directory's of its kind
    and leaves the others. What readers doubt (`doubtful`, by key) stands last and is marked.
    """
    found = _resolved(missions, country, overrides, today, doubtful)
    return _with_doubts(found, doubtful) if doubtful else found


def _resolved(
    missions: Sequence[Mission],
    country: str,
    overrides: Sequence[Override],
    today: date,
    doubtful: Collection[str],
) -> Found:
    known = [override for override in overrides if _usable(override, missions)]
    choices = _choices(missions, country, _Mailboxes(known, doubtful))
    for kinds in (EMBASSY_LIKE, CONSULAR):
        own = [it for it in known if it.host == country and it.kind in kinds and it.contacts]
        if own:
            return _own_contact(own, choices, today)
        listed = [it for it in choices if (it.reason is Reason.CONSULATE) == (kinds is CONSULAR)]
        if listed:
            return _listed(listed[0], known, today)
    return Found(reason=Reason.NONE)


def resolve_all(
    missions: Sequence[Mission],
    overrides: Sequence[Override] = (),
    *,
    today: date,
    doubtful: Collection[str] = (),
) -> dict[str, Found]:
    """`resolve` for every country that has something, by country code."""
    countries = {country for mission in missions for country in mission.jurisdictions}
    countries |= {mission.host for mission in missions}
    countries |= {override.host for override in overrides}
    found = {
        it: resolve(missions, it, overrides, today=today, doubtful=doubtful)
        for it in sorted(countries)
    }
    return {country: it for country, it in found.items() if it.reason is not Reason.NONE}


# ---------------------------------------------------------------------- the directory's choices


@dataclass(frozen=True, slots=True)
class _Mailboxes:
    """Which missions have an e-mail address that works, as far as anybody knows."""

    overrides: Sequence[Override]
    doubtful: Collection[str]

    def work(self, mission: Mission) -> bool:
        own = next((it for it in self.overrides if is_same_mission(it, mission)), None)
        named = [it.value for it in own.contacts if it.kind == "email"] if own else []
        if not named and not (own and "email" in own.without):
            named = [mission.email] if mission.email else []
        return any(key_of("email", it) not in self.doubtful for it in named)


def _choices(missions: Sequence[Mission], country: str, mailboxes: _Mailboxes) -> list[_Choice]:
    """Every mission that could answer for the country, the best first."""
    found = [
        _Choice(reason, mission)
        for mission in missions
        if mission.sending != country and (reason := _reason(mission, country))
    ]
    return sorted(found, key=lambda choice: _rank(choice, mailboxes))


def _reason(mission: Mission, country: str) -> Reason | None:
    if mission.kind in EMBASSY_LIKE and country in mission.jurisdictions:
        return Reason.RESIDENT if mission.host == country else Reason.ACCREDITED
    if mission.kind in CONSULAR and mission.host == country:
        return Reason.CONSULATE
    return None


_REASONS = tuple(Reason)


def _rank(choice: _Choice, mailboxes: _Mailboxes) -> tuple[int, bool, int, bool, bool, int, str]:
    """Sorts by reason; among equals a protest's best target, then what is best known."""
    mission = choice.mission
    kinds = CONSULAR if choice.reason is Reason.CONSULATE else EMBASSY_LIKE
    return (
        _REASONS.index(choice.reason),
        CONSULAR_MAILBOX in mission.flags,
        kinds.index(mission.kind),
        not mailboxes.work(mission),
        not mission.checked,
        -date.fromisoformat(mission.as_of).toordinal(),
        mission.id,  # twice the same embassy in the source: always the same one of them
    )


def _listed(choice: _Choice, overrides: Sequence[Override], today: date) -> Found:
    """A mission of the directory, with the campaign's contacts for that very mission if any."""
    mission = choice.mission
    own = next((it for it in overrides if is_same_mission(it, mission)), None)
    return _found(choice.reason, mission, own, today)


# ------------------------------------------------------------------- the campaign's own contacts


def _usable(override: Override, missions: Sequence[Mission]) -> bool:
    """Whether it says anything, and about the state whose missions these are."""
    says = bool(override.contacts or override.without)
    return says and (not missions or override.sending == missions[0].sending)


def _own_contact(own: Sequence[Override], choices: Sequence[_Choice], today: date) -> Found:
    """The campaign's contact, completed by the directory where both mean the same mission."""
    for choice in choices:
        for override in own:
            if is_same_mission(override, choice.mission):
                return _found(Reason.OWN_CONTACT, choice.mission, override, today)
    return _found(Reason.OWN_CONTACT, None, own[0], today)


def _found(reason: Reason, mission: Mission | None, own: Override | None, today: date) -> Found:
    ours = list(campaign_channels(own.contacts, today)) if own else []
    replaced = {channel.kind for channel in ours} | set(own.without if own else ())
    theirs = directory_channels(mission, today) if mission else ()
    channels = ours + [channel for channel in theirs if channel.kind not in replaced]
    about = mission or own
    return Found(
        reason=reason,
        sending=about.sending if about else "",
        host=about.host if about else "",
        city=(own.city if own else "") or (mission.city if mission else ""),
        name=(own.name if own else "") or (mission.name if mission else ""),
        kind=about.kind if about else "",
        mission_id=mission.id if mission else "",
        flags=_flags(mission, ours) if mission else (),
        channels=tuple(sorted(channels, key=lambda channel: CHANNELS.index(channel.kind))),
        holes=_holes(mission, channels),
    )


def _flags(mission: Mission, ours: Sequence[Channel]) -> tuple[str, ...]:
    """The directory's doubts, but for those about a mailbox that the campaign has replaced."""
    replaced = {CONSULAR_MAILBOX} if any(it.kind == "email" for it in ours) else set()
    return tuple(flag for flag in mission.flags if flag not in replaced)


def _holes(mission: Mission | None, channels: Sequence[Channel]) -> tuple[ChannelKind, ...]:
    """A number that the source prints and nobody can call is a hole, not nothing."""
    dead = mission is not None and mission.phone_raw and not mission.phone
    known = any(channel.kind == "phone" for channel in channels)
    return ("phone",) if dead and not known else ()


def _with_doubts(found: Found, doubtful: Collection[str]) -> Found:
    """What readers doubt is marked and stands behind the rest, whatever its kind."""
    channels = [
        channel.model_copy(update={"doubtful": key_of(channel.kind, channel.value) in doubtful})
        for channel in found.channels
    ]
    last = tuple(sorted(channels, key=lambda channel: channel.doubtful))
    return found.model_copy(update={"channels": last})
