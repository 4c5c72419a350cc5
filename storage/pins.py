"""With which key an organiser's commands must be proved, and how far they have been heard."""

from __future__ import annotations

import json

from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Organiser
from storage.vault import vault_of

_PINNED = "organisers.pinned"
_HEARD = "organisers.heard"
_ALARM_PAUSE = 3600  # seconds in which others are told once, however often somebody tries


def pinned(session: AsyncSession, organiser: Organiser) -> str:
    """The key this organiser is known by; "" as long as there is none."""
    if organiser.pinned is None:
        return ""
    return vault_of(session).open(organiser.pinned, _PINNED)


def pin(session: AsyncSession, organiser: Organiser, key: str) -> None:
    """From now on, believe this organiser with this key only; with "", the next one that comes."""
    organiser.pinned = vault_of(session).seal(key, _PINNED) if key else None


def is_repetition(session: AsyncSession, organiser: Organiser, chain: str, number: int) -> bool:
    """Was this place in the chain of messages, or a later one, heard before? Remembers it.

    Never forgets one: whoever carries the messages may bring an old one again after years.
    """
    vault = vault_of(session)
    kept = vault.open(organiser.heard, _HEARD) if organiser.heard is not None else "{}"
    heard: dict[str, int] = json.loads(kept)
    name = vault.index("chain", chain).hex()
    if number <= heard.get(name, -1):
        return True
    heard[name] = number
    organiser.heard = vault.seal(json.dumps(heard, separators=(",", ":")), _HEARD)
    return False


def may_alarm(organiser: Organiser, now: int) -> bool:
    """May others be told (again) that somebody speaks in this organiser's name? Remembers it."""
    if organiser.doubted_at is not None and now - organiser.doubted_at < _ALARM_PAUSE:
        return False
    organiser.doubted_at = now
    return True
