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
_SLOWER = 0.8  # what is left of the rate after a refusal …
_FASTER = 0.005  # … and how much of the full rate comes back each second
_SLOWEST = 0.25  # of the full rate
_LATE = 0.5  # of a gap: how late a request may be without the next ones moving, too
_REMEMBERED = 1000  # chats, before those that may be written to anyhow are forgotten


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


class NotNow(Exception):
    """No moments are given out for now: the account is frozen, or the program is stopping."""


class Pacer:
    """Gives out moments to send at, one account's requests one after the other.

    `clock` gives seconds of a clock that never jumps.
    """

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self._pace = pace
        self._clock = clock
        self._rate = pace.per_second
        self._eased_at = clock()
        self._next = 0.0
        self._frozen_until = 0.0
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._came = asyncio.Event()
        self._closed = False
        self._chats = _Chats(pace)

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
                    self._move_on()
                    waiter.ready.set_result(None)
            self._came.clear()

    def _move_on(self) -> None:
        """The next moment. A little lateness is made up for, a standstill never is."""
        now = self._clock()
        self._ease(now)
        gap = 1 / self._rate if self._rate else 0.0
        self._next = max(self._next, now - _LATE * gap) + gap

    def _ease(self, now: float) -> None:
        """Creep back to the full rate."""
        full = self._pace.per_second
        self._rate = min(full, self._rate + full * _FASTER * (now - self._eased_at))
        self._eased_at = now

    async def slot(self, lane: int) -> None:
        """Wait for this request's turn; lower lanes go first. Raises `NotNow`."""
        if self._closed or self.frozen_for > 0:
            raise NotNow
        ready = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, _Waiter(lane, next(self._numbers), ready))
        self._came.set()
        await ready

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return sum(not waiter.ready.done() for waiter in self._waiting)

    @property
    def rate(self) -> float:
        """Requests a second at present; 0 without a limit."""
        return self._rate

    def close(self) -> None:
        """Send whoever waits away: what has not left yet stays for the next start."""
        self._closed = True
        self._send_away()

    def freeze(self, seconds: float) -> None:
        """Send nothing at all for so long, then go slower: the service refused for impatience."""
        now = self._clock()
        if now >= self._frozen_until:  # what was in flight is refused too: that counts once
            self._rate = max(self._rate * _SLOWER, self._pace.per_second * _SLOWEST)
        self.stay_frozen(seconds + _AFTER_REFUSAL)

    def stay_frozen(self, seconds: float) -> None:
        """Send nothing for so long, as was said before the last stop."""
        self._frozen_until = max(self._frozen_until, self._clock() + seconds)
        self._next = max(self._next, self._frozen_until)
        self._eased_at = self._frozen_until
        self._send_away()

    @property
    def frozen_for(self) -> float:
        """Seconds until anything may leave again; 0 in ordinary times."""
        return max(0.0, self._frozen_until - self._clock())

    def _send_away(self) -> None:
        for waiter in self._waiting:
            if not waiter.ready.done():
                waiter.ready.set_exception(NotNow())

    def too_soon(self, chat: str, *, group: bool) -> float:
        """Seconds until this chat may get another message; 0 for now."""
        return self._chats.too_soon(chat, self._clock(), group=group)

    def note_sent(self, chat: str, *, group: bool) -> None:
        """A request to this chat has just left."""
        self._chats.note_sent(chat, self._clock(), group=group)


class _Chats:
    """What each chat has had lately. Edits count as messages do."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._owes: dict[str, float] = {}  # until when each chat has had its share
        self._groups: dict[str, deque[float]] = {}
        self._room = _REMEMBERED

    def too_soon(self, chat: str, now: float, *, group: bool) -> float:
        allowance = (_BURST - 1) * self._pace.per_chat
        wait = self._owes.get(chat, now) - allowance - now
        if group and self._pace.per_group:
            sent = self._groups.get(chat, deque())
            while sent and sent[0] <= now - _GROUP_SECONDS:
                sent.popleft()
            if len(sent) >= self._pace.per_group:
                wait = max(wait, sent[0] + _GROUP_SECONDS - now)
        return max(0.0, wait)

    def note_sent(self, chat: str, now: float, *, group: bool) -> None:
        if self._pace.per_chat:
            self._owes[chat] = max(self._owes.get(chat, now), now) + self._pace.per_chat
        if group and self._pace.per_group:
            self._groups.setdefault(chat, deque()).append(now)
        if len(self._owes) + len(self._groups) > self._room:
            self._forget(now)

    def _forget(self, now: float) -> None:
        """Forget who may be written to anyhow; seldom enough to cost nothing."""
        self._owes = {chat: at for chat, at in self._owes.items() if at > now}
        old = now - _GROUP_SECONDS
        self._groups = {chat: sent for chat, sent in self._groups.items() if sent[-1] > old}
        self._room = max(_REMEMBERED, 2 * (len(self._owes) + len(self._groups)))
