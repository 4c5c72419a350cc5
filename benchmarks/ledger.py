"""What the measuring server saw: every call with its time, and the gate that refuses too many."""

from __future__ import annotations

import math
from array import array
from collections import deque
from dataclasses import dataclass, field

FIRST_SUBSCRIBER = 10_000_000
"""Chats from here on get notices; below are organisers."""

FIRST_ASKER = 9_000_000_000
"""Chats from here on belong to people who only ask something."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is refused with 429, and how long an answer takes. 0 means never and at once."""

    per_second: int = 0  # messages and edits, in any sliding second
    shut: float = 0.0  # seconds everything is refused after a refusal
    latency: float = 0.0  # seconds


@dataclass(slots=True)
class Gate:
    """Lets calls through as the policy allows."""

    policy: Policy
    refusals: int = 0
    _shut_until: float = 0.0
    _recent: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> int:
        """0 if this call may pass (it is counted then), else for how long the door is shut."""
        most = self.policy.per_second
        if not most:
            return 0
        recent = self._recent
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        if now >= self._shut_until and len(recent) < most:
            recent.append(now)
            return 0
        self.refusals += 1
        if now >= self._shut_until:
            self._shut_until = now + self.policy.shut
        return max(1, math.ceil(self._shut_until - now))


class Ledger:
    """When which chat was written to. Arrays: a million calls are 16 MB, not a gigabyte."""

    def __init__(self) -> None:
        self.notice_times, self.notice_chats = array("d"), array("q")
        self.other_times = array("d")  # replies and edits that were let through
        self.asked: dict[int, float] = {}  # chat → when; taken out once it is answered
        self.waits: list[float] = []  # seconds until each answer
        self.pressed_at = 0.0

    def accepted(self, chat: int, now: float, *, is_edit: bool) -> None:
        """A message or an edit was let through."""
        if FIRST_SUBSCRIBER <= chat < FIRST_ASKER and not is_edit:
            self.notice_times.append(now)
            self.notice_chats.append(chat)
            return
        self.other_times.append(now)
        asked_at = self.asked.pop(chat, None)
        if asked_at is not None:
            self.waits.append(now - asked_at)

    def figures(self) -> dict[str, object]:
        """Everything a row of the table is made of; times in seconds of this server's clock."""
        times = self.notice_times
        first, last = (times[0], times[-1]) if times else (0.0, 0.0)
        return {
            "notices": len(times),
            "chats": len(set(self.notice_chats)),
            "first": first,
            "last": last,
            "others": sum(first <= at <= last for at in self.other_times),
            "waits": self.waits,
            "unanswered": len(self.asked),
            "pressed": self.pressed_at,
        }
