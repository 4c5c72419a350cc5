"""Rooms that the bot is invited to, joined at a pace that a flood of invitations cannot raise."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque

import nio
from aiohttp import ClientError

from bot.platforms.base import Keep, RecipientGone, Rejected, Unusable
from bot.platforms.matrix.errors import from_answer, is_error

log = logging.getLogger(__name__)

JOINS_PER_HOUR = 30
MAX_WAITING = 1_000  # invitations remembered; what comes above that must be sent again
RETRY_SECONDS = 30.0
_HOUR = 3600.0
_KEPT = "invitations"


class Invitations:
    """Remembers invitations over restarts, and accepts them in a task of its own."""

    def __init__(self, client: nio.AsyncClient, keep: Keep) -> None:
        self._client = client
        self._keep = keep
        self._waiting: list[str] = []
        self._accepted: set[str] = set()  # joined, but the sync has not said so yet
        self._joins: deque[float] = deque()
        self._wake = asyncio.Event()

    async def load(self) -> None:
        """Recall what was waiting when the bot stopped."""
        self._waiting = json.loads(await self._keep.load(_KEPT) or "[]")

    def expects(self, room_id: str) -> bool:
        """Is this a room that we are about to join?"""
        return room_id in self._waiting

    async def note(self, rooms: nio.responses.Rooms, moved_to: list[str]) -> None:
        """Remember what a sync says about invitations, durably before this returns."""
        settled = rooms.join.keys() | rooms.leave.keys()
        self._accepted -= settled
        waiting = [room for room in self._waiting if room not in settled]
        for room_id in [*rooms.invite, *moved_to]:
            if room_id not in waiting and len(waiting) < MAX_WAITING:
                waiting.append(room_id)
        if waiting != self._waiting:
            self._waiting = waiting
            await self._keep.save(_KEPT, json.dumps(waiting))

    def accept(self) -> None:
        """Go on joining: what is waiting has been remembered."""
        self._wake.set()

    async def run(self) -> None:
        """Join what is waiting, for ever."""
        while True:
            self._wake.clear()
            for room_id in [room for room in self._waiting if room not in self._accepted]:
                await self._allowance()
                await self._join(room_id)
            left = any(room not in self._accepted for room in self._waiting)
            await self._rest(RETRY_SECONDS if left else None)

    async def _rest(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _allowance(self) -> None:
        """Wait until one more join is within the hour's number."""
        now = asyncio.get_running_loop().time
        while self._joins and self._joins[0] <= now() - _HOUR:
            self._joins.popleft()
        if len(self._joins) >= JOINS_PER_HOUR:
            log.warning("many invitations: joining goes on when the hour is over")
            await asyncio.sleep(self._joins[0] + _HOUR - now())
            self._joins.popleft()
        self._joins.append(now())

    async def _join(self, room_id: str) -> None:
        """One attempt. What failed for now stays waiting; what was refused is forgotten."""
        try:
            answer = await self._client.join(room_id)
        except (ClientError, TimeoutError):
            return
        if not is_error(answer):
            self._accepted.add(room_id)
            return
        error = from_answer(answer)
        if isinstance(error, Unusable):
            raise error
        if isinstance(error, RecipientGone | Rejected):
            self._waiting = [room for room in self._waiting if room != room_id]
            await self._keep.save(_KEPT, json.dumps(self._waiting))
