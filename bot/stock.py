"""What a relay takes next: replies as they come, notices from a small stock looked up ahead.

Looking for what is due costs more than taking it, so a few notices are looked up at once. Taking
them checks again that they are still to be sent; the stock is dropped as soon as a bell says that
there may be something more urgent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from itertools import cycle

from sqlalchemy.ext.asyncio import AsyncSession

from bot.bell import Bell
from storage import outbox
from storage.outbox import Claim, Waiting
from storage.settling import Outcome

_LOOK_EVERY = 0.5  # seconds, though no bell has rung

# Reminders have their hour, but alerts must not starve while many are reminded: one in four.
_LANES = (outbox.CORRECTIONS, outbox.CORRECTIONS, outbox.CORRECTIONS, outbox.ALERTS)


class Stock:
    """What one platform's relay may take. `size` is how many notices are looked up at once."""

    def __init__(self, platform: str, bell: Bell, size: int) -> None:
        self._platform = platform
        self._bell = bell
        self._size = size
        self._notices: list[Waiting] = []
        self._lanes = cycle(_LANES)
        self._rounds = -1
        self._looked = 0.0
        self._more_replies = True

    async def draw(
        self,
        session: AsyncSession,
        landed: Iterable[Outcome],
        now: int,
        *,
        replies: int,
        notices: int,
        busy: Collection[str],
    ) -> list[Claim]:
        """Take up to so many, in the caller's transaction. `landed` has just been settled.

        `busy`: addresses to which something is on its way, though its row may be erased by now.
        """
        self._look_up(landed)
        wanted: list[Waiting] = []
        if self._more_replies and replies > 0:
            wanted = await outbox.due_replies(session, self._platform, now, replies)
            self._more_replies = bool(wanted)
        if notices > 0 and not self._notices:
            self._notices = await outbox.due_notices(
                session, self._platform, now, self._size, first=next(self._lanes)
            )
        room = max(0, min(notices, replies - len(wanted)))
        wanted = [*wanted[:replies], *self._notices[:room]]
        self._notices = self._notices[room:]
        wanted = [it for it in wanted if it.claim.address not in busy]
        return await outbox.take(session, wanted, now) if wanted else []

    def _look_up(self, landed: Iterable[Outcome]) -> None:
        """Must replies be looked for, the stock be looked up anew?"""
        rounds, clock = self._bell.rounds, asyncio.get_running_loop().time()
        if rounds != self._rounds or clock > self._looked + _LOOK_EVERY:
            self._rounds, self._looked = rounds, clock
            self._more_replies = True
            self._notices = []
        elif any(outcome.claim.notice_id is None for outcome in landed):
            self._more_replies = True  # the next one to that chat may go
