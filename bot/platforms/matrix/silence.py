"""Homeservers that do not tell their users' keys are left alone for a while.

Asking one that is down takes ten seconds each time, and everybody else's messages wait meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterable


def server_of(user_id: str) -> str:
    """The homeserver of an account."""
    return user_id.partition(":")[2]


class Silence:
    """Which homeservers gave no answer, and until when they are not asked."""

    def __init__(self, own_server: str, seconds: float) -> None:
        self._own = own_server
        self._seconds = seconds
        self._until: dict[str, float] = {}

    def note(self, servers: Iterable[object]) -> None:
        """These did not answer. Our own is asked again at once: without it nothing works."""
        until = time.monotonic() + self._seconds
        named = (it for it in servers if isinstance(it, str) and it != self._own)
        self._until.update(dict.fromkeys(named, until))

    def covers(self, user_id: str) -> bool:
        """Is this user's homeserver left alone now?"""
        server = server_of(user_id)
        if self._until.get(server, 0.0) <= time.monotonic():
            self._until.pop(server, None)
            return False
        return True
