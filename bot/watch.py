"""Keeps an eye on broadcasts: one whose messages the service refuses is paused."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from handlers import broadcast
from handlers.broadcast import Tally
from storage.models import DeliveryState
from storage.settling import Outcome

log = structlog.get_logger()

_REMEMBERED = 64  # notices


class Watch:
    """Counts how the deliveries of each notice end, on one platform, since the start."""

    def __init__(self) -> None:
        self._tallies: dict[int, Tally] = {}

    async def over(self, session: AsyncSession, landed: Iterable[Outcome], now: int) -> None:
        """Count these; pause what goes wrong, in the caller's transaction."""
        for outcome in landed:
            notice_id = outcome.claim.notice_id
            if notice_id is None:
                continue
            tally = self._of(notice_id)
            if outcome.state == DeliveryState.SENT:
                tally.good()
            elif outcome.state == DeliveryState.REJECTED:
                tally.bad()
                if tally.alarming and await broadcast.pause(session, notice_id, tally, now):
                    log.error("broadcast paused", notice=notice_id, rejected=tally.rejected)
                    del self._tallies[notice_id]  # a second try is judged by itself

    def _of(self, notice_id: int) -> Tally:
        if notice_id not in self._tallies and len(self._tallies) >= _REMEMBERED:
            del self._tallies[next(iter(self._tallies))]
        return self._tallies.setdefault(notice_id, Tally())
