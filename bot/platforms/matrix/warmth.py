"""Handing over rooms' keys ahead of time, so that an alert has only messages to send.

The keys for what the bot says in a room live in memory and are handed to every device in it: two
or three requests a room after every start, a week later and after every hundred messages. Done
in the middle of a broadcast they would make it several times as long.
"""

from __future__ import annotations

import asyncio
import logging
import time

from bot.platforms.base import TryLater
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.errors import NotSent, from_exception
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.translation import alone

log = logging.getLogger(__name__)

_SHARE = 3  # of the time at most one part in so many: sending goes first


class Warmth:
    """Keeps rooms warm, one after the other."""

    def __init__(self, client: SafeClient, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._later: dict[str, float] = {}  # rooms where it failed, and when to try again

    async def keep(self, ready: asyncio.Event) -> None:
        """Look for cold rooms for ever, from the moment that rooms and keys are known."""
        await ready.wait()
        while True:
            for room_id in list(self._client.rooms):
                if self._is_due(room_id):
                    await self._warm(room_id)
            await asyncio.sleep(self._patience.warm_again)

    def _is_due(self, room_id: str) -> bool:
        room = self._client.rooms.get(room_id)
        if room is None or alone(room) or not self._client.is_cold(room_id):
            return False
        return self._later.get(room_id, 0.0) <= time.monotonic()

    async def _warm(self, room_id: str) -> None:
        begun = time.monotonic()
        self._later.pop(room_id, None)
        pause = 0.0
        try:
            await self._client.warm(room_id)
        except NotSent as error:
            log.debug("a room's key could not be handed over ahead (%s)", error)
            self._later[room_id] = begun + self._patience.cold_room
            pause = _asked_for(error)
        spent = time.monotonic() - begun
        await asyncio.sleep(max((_SHARE - 1) * spent, min(pause, self._patience.longest_flood)))


def _asked_for(error: NotSent) -> float:
    """Seconds that the homeserver wants to be left alone; 0 if only this room is in trouble."""
    meant = from_exception(error)
    return meant.retry_after if isinstance(meant, TryLater) and meant.flood else 0.0
