"""The updates that wait for the bot: numbered, confirmed by offset, forgotten after a day."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram_methods import UPDATE_KINDS
from tests.fakes.telegram_refusals import OTHER_POLLER, ApiError, bad, conflict

KEPT = 24 * 3600  # seconds
LONGEST_POLL = 50  # seconds
_MOST = 100
_ON_REQUEST = frozenset(("chat_member", "message_reaction", "message_reaction_count"))
_FIRST = 500_000_001


@dataclass(frozen=True)
class _Waiting:
    number: int
    kind: str
    content: dict[str, Any]
    since: float

    def shown(self) -> dict[str, Any]:
        return {"update_id": self.number, self.kind: self.content}


@dataclass
class Updates:
    """One bot's queue. `clock` gives seconds since 1970."""

    clock: Callable[[], float]
    allowed: Collection[str] = UPDATE_KINDS - _ON_REQUEST
    _queue: deque[_Waiting] = field(default_factory=deque)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(_FIRST))
    _poll: asyncio.Future[None] | None = None  # done when there is something, or refused

    def __len__(self) -> int:
        self._forget_old()
        return len(self._queue)

    def add(self, kind: str, content: dict[str, Any]) -> None:
        """Queue one, if its kind was asked for."""
        if kind in self.allowed:
            self._queue.append(_Waiting(next(self._numbers), kind, content, self.clock()))
            if self._poll is not None and not self._poll.done():
                self._poll.set_result(None)

    def allow(self, kinds: list[str]) -> None:
        """Which kinds are queued from now on. An empty list means the usual ones."""
        if unknown := set(kinds) - UPDATE_KINDS:
            raise bad(f"unknown update types {sorted(unknown)}")
        self.allowed = frozenset(kinds) or UPDATE_KINDS - _ON_REQUEST

    def interrupt(self, error: ApiError) -> None:
        """End an open poll with this error."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(error)

    def clear(self) -> None:
        """Drop all that wait."""
        self._queue.clear()

    async def get(self, offset: int, limit: int, seconds: int) -> list[dict[str, Any]]:
        """What waits from `offset` on; everything below is confirmed. Ends another open poll."""
        self.interrupt(conflict(OTHER_POLLER))
        self._confirm(offset)
        if not self._queue and seconds > 0:
            await self._wait(min(seconds, LONGEST_POLL))
        most = limit if 1 <= limit <= _MOST else _MOST
        return [waiting.shown() for waiting in itertools.islice(self._queue, most)]

    def _confirm(self, offset: int) -> None:
        self._forget_old()
        while offset < 0 and len(self._queue) > -offset:
            self._queue.popleft()
        while self._queue and self._queue[0].number < offset:
            self._queue.popleft()

    def _forget_old(self) -> None:
        while self._queue and self._queue[0].since <= self.clock() - KEPT:
            self._queue.popleft()

    async def _wait(self, seconds: int) -> None:
        mine = self._poll = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(mine, seconds)
        except TimeoutError:
            pass
        finally:
            if self._poll is mine:
                self._poll = None
