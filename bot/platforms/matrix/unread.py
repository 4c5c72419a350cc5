"""Messages whose key has not come: held for a while, and in the end their writers are told.

Keys travel by themselves and may be late, after a restart of somebody's homeserver say. What is
held is only in memory.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nio.exceptions import EncryptionError

from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.patience import Patience

log = logging.getLogger(__name__)

MAX_HELD = 500
MAX_HELD_A_ROOM = 20  # one room cannot push out what others wrote
_TOLD_AGAIN = 600.0  # seconds between two answers in one room


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    arrived: float
    event: Any


class Unread:
    """What could not be decrypted yet."""

    def __init__(self, client: SafeClient, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._held: list[_Held] = []
        self._told: dict[str, float] = {}  # room → when

    def __len__(self) -> int:
        return len(self._held)

    def add(self, room_id: str, event: Any) -> None:  # noqa: ANN401 -- the library has no types
        """Hold one, unless there are too many already."""
        rooms = Counter(it.event.room_id for it in self._held)
        if len(self._held) >= MAX_HELD or rooms[room_id] >= MAX_HELD_A_ROOM:
            return
        log.warning("a message cannot be decrypted: its key has not come")
        event.room_id = room_id
        self._held.append(_Held(time.monotonic(), event))

    def late(self) -> dict[str, list[Any]]:
        """Messages whose key has come by now; by room."""
        found: dict[str, list[Any]] = {}
        held, self._held = self._held, []
        for it in held:
            if it.event.room_id not in self._client.rooms or self._is_over(it):
                continue
            try:
                decrypted = self._client.decrypt_event(it.event)
            except EncryptionError:
                self._held.append(it)
            else:
                found.setdefault(it.event.room_id, []).append(decrypted)
        return found

    def overdue(self, tells: Callable[[str], bool]) -> list[Any]:
        """Messages whose writers must hear that nobody can read them, in the rooms that are told;
        not all of one room. They are given up: who writes it again must not have it done twice.
        """
        now = time.monotonic()
        due = [
            it
            for it in self._held
            if it.arrived <= now - self._patience.key_expected and tells(it.event.room_id)
        ]
        self._held = [it for it in self._held if it not in due and not self._is_over(it)]
        found = []
        for it in due:
            if self._told.get(it.event.room_id, -_TOLD_AGAIN) <= now - _TOLD_AGAIN:
                self._told[it.event.room_id] = now
                found.append(it.event)
        return found

    def _is_over(self, it: _Held) -> bool:
        """Later than that, an answer would only puzzle."""
        return it.arrived < time.monotonic() - self._patience.key_too_late
