"""Rooms that the bot is invited to, joined at a pace that a flood of invitations cannot raise."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque

import nio

from bot.platforms.base import Keep, RecipientGone, Rejected, TryLater, Unusable
from bot.platforms.matrix.errors import from_answer, is_error

log = logging.getLogger(__name__)

JOINS_PER_HOUR = 300  # a campaign that has just been in the news, not a flood
MAX_WAITING = 1_000  # invitations remembered; what comes above that must be sent again
_HOUR = 3600.0
_KEPT = "invitations"


class Invitations:
    """Remembers invitations over restarts, and accepts them in a task of its own."""

    def __init__(self, client: nio.AsyncClient, keep: Keep, again: float) -> None:
        self._client = client
        self._again = again  # seconds between two attempts
        self._not_before: dict[str, float] = {}  # room → when to try again
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
            for room_id in [room for room, at in self._due().items() if at <= _now()]:
                await self._allowance()
                await self._join(room_id)
            await self._rest()

    def _due(self) -> dict[str, float]:
        """The rooms still to be joined, and from when on."""
        left = [room for room in self._waiting if room not in self._accepted]
        self._not_before = {room: self._not_before.get(room, 0.0) for room in left}
        return self._not_before

    async def _rest(self) -> None:
        """Until a room may be tried again, or a sync says that there are more."""
        next_at = min(self._due().values(), default=None)
        try:
            async with asyncio.timeout_at(next_at):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _allowance(self) -> None:
        """Wait until one more join is within the hour's number."""
        while self._joins and self._joins[0] <= _now() - _HOUR:
            self._joins.popleft()
        if len(self._joins) >= JOINS_PER_HOUR:
            log.warning("many invitations: joining goes on when the hour is over")
            await asyncio.sleep(self._joins[0] + _HOUR - _now())
            self._joins.popleft()
        self._joins.append(_now())

    async def _join(self, room_id: str) -> None:
        """One attempt. What failed for now stays waiting; what was refused is forgotten."""
        self._not_before[room_id] = _now() + self._again
        try:
            answer = await self._client.join(room_id)
        except Exception as error:  # whatever went wrong, others are waiting too
            log.warning("a room could not be joined (%s)", type(error).__name__)
            return
        if not is_error(answer):
            self._accepted.add(room_id)
            return
        refusal = from_answer(answer)
        if isinstance(refusal, Unusable):
            raise refusal
        if isinstance(refusal, TryLater):
            self._not_before[room_id] = _now() + max(self._again, refusal.retry_after)
        if isinstance(refusal, RecipientGone | Rejected):
            self._waiting = [room for room in self._waiting if room != room_id]
            await self._keep.save(_KEPT, json.dumps(self._waiting))


def _now() -> float:
    return asyncio.get_running_loop().time()
