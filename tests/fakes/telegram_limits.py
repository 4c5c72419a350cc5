"""How fast a bot may send before the Bot API answers 429."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field

from tests.fakes.telegram_refusals import too_many

PACED = (
    "sendMessage",
    "sendDocument",
    "editMessageText",
    "editMessageReplyMarkup",
    "stopMessageLiveLocation",
)
_MINUTE = 60.0


@dataclass
class Limits:
    """What is refused with 429; 0 means no limit. Telegram's own are `Limits.published()`."""

    per_second: int = 0  # messages to all chats, in any sliding second
    per_chat: float = 0.0  # seconds between two messages to one private chat
    per_group: int = 0  # messages to one group or channel, in any sliding minute
    shut: float = 0.0  # seconds everything is refused after a refusal

    @classmethod
    def published(cls) -> Limits:
        """30 a second, 1 a second to a person, 20 a minute to a group; 3 s of flood wait."""
        return cls(per_second=30, per_chat=1.0, per_group=20, shut=3.0)


@dataclass
class Gate:
    """Counts what went through and shuts when it is too much."""

    refusals: int = 0
    _shut_until: float = 0.0
    _all: deque[float] = field(default_factory=deque)
    _by_chat: dict[int, deque[float]] = field(default_factory=dict)

    def let_through(self, limits: Limits, chat_id: int, *, private: bool) -> None:
        """Count one message, or refuse it with 429. A refused one is not counted."""
        now = time.monotonic()
        chat = self._by_chat.setdefault(chat_id, deque())
        wait = max(
            self._shut_until - now,
            _wait(self._all, limits.per_second, 1.0, now),
            _wait(chat, 1, limits.per_chat, now) if private and limits.per_chat else 0.0,
            0.0 if private else _wait(chat, limits.per_group, _MINUTE, now),
        )
        if wait > 0:
            self._refuse(limits, now, wait)
        self._all.append(now)
        chat.append(now)

    def _refuse(self, limits: Limits, now: float, wait: float) -> None:
        self.refusals += 1
        if now >= self._shut_until:
            self._shut_until = now + limits.shut
        raise too_many(max(1, math.ceil(max(wait, self._shut_until - now))))


def _wait(times: deque[float], most: int, window: float, now: float) -> float:
    """Seconds until one more fits into the sliding window."""
    if not most:
        return 0.0
    recent = [at for at in times if at > now - window]
    return recent[-most] + window - now if len(recent) >= most else 0.0
