"""When the next request may leave: even gaps, replies first, one pause for all after a refusal.

Telegram allows about 30 messages a second in all, one a second to a chat and twenty a minute to
a group; exactly 30 loses half to refusals, so the gaps are a little wider and never made up for.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_GROUP_SECONDS = 60.0
_BURST = 3  # messages a chat may get at once after a rest
_AFTER_REFUSAL = 0.2  # seconds more than the service asked for: clocks differ


@dataclass(frozen=True, slots=True)
class Pace:
    """What a service allows. 0 means no limit."""

    per_second: float = 0.0
    per_chat: float = 0.0  # seconds between two messages of one chat, bar a short burst
    per_group: int = 0  # messages a minute to a group or channel


@dataclass(order=True, slots=True)
class _Waiter:
    lane: int
    number: int
    ready: asyncio.Future[None] = field(compare=False)


class Closed(Exception):
    """No more moments are given out: the program is stopping."""


class Pacer:
    """Gives out moments to send at, one account's requests one after the other."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self._pace = pace
        self._clock = clock
        self._gap = 1 / pace.per_second if pace.per_second else 0.0
        self._next = 0.0
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._came = asyncio.Event()
        self._closed = False
        self._chat_owes: dict[str, float] = {}  # until when each chat has had its share
        self._sent_to_group: dict[str, deque[float]] = {}

    async def run(self) -> None:
        """Hand out the slots, for ever."""
        while True:
            await self._came.wait()
            while self._waiting:
                wait = self._next - self._clock()
                if wait > 0:
                    await asyncio.sleep(wait)
                    continue
                waiter = heapq.heappop(self._waiting)
                if not waiter.ready.done():  # else its task was cancelled
                    self._next = max(self._next + self._gap, self._clock())
                    waiter.ready.set_result(None)
            self._came.clear()

    async def slot(self, lane: int) -> None:
        """Wait for this request's turn; lower lanes go first. Raises `Closed` after `close`."""
        if self._closed:
            raise Closed
        ready = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, _Waiter(lane, next(self._numbers), ready))
        self._came.set()
        await ready

    def close(self) -> None:
        """Send whoever waits away: what has not left yet stays for the next start."""
        self._closed = True
        for waiter in self._waiting:
            if not waiter.ready.done():
                waiter.ready.set_exception(Closed())

    def freeze(self, seconds: float) -> None:
        """Send nothing at all for so long: the service refused for want of patience."""
        self._next = max(self._next, self._clock() + seconds + _AFTER_REFUSAL)

    def too_soon(self, chat: str, *, group: bool) -> float:
        """Seconds until this chat may get another message; 0 for now."""
        now = self._clock()
        allowance = (_BURST - 1) * self._pace.per_chat
        wait = self._chat_owes.get(chat, now) - allowance - now
        if group and self._pace.per_group:
            sent = self._sent_to_group.get(chat, deque())
            while sent and sent[0] <= now - _GROUP_SECONDS:
                sent.popleft()
            if len(sent) >= self._pace.per_group:
                wait = max(wait, sent[0] + _GROUP_SECONDS - now)
        return max(0.0, wait)

    def note_sent(self, chat: str, *, group: bool) -> None:
        """A request to this chat has just left."""
        now = self._clock()
        if self._pace.per_chat:
            self._chat_owes[chat] = max(self._chat_owes.get(chat, now), now) + self._pace.per_chat
            self._forget_old(now)
        if group and self._pace.per_group:
            self._sent_to_group.setdefault(chat, deque()).append(now)

    def _forget_old(self, now: float) -> None:
        if len(self._chat_owes) > 1000:
            self._chat_owes = {chat: at for chat, at in self._chat_owes.items() if at > now}
