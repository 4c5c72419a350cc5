"""What time does by itself: pauses end, and what need not be kept any longer is forgotten."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from storage import inbox, outbox, subscribers

_DAY = 86400
REPLIES_KEPT = 2 * _DAY  # seconds: as long as a bot may still edit or delete what it wrote
LINKS_KEPT = 7 * _DAY  # who got a notice; counts stay
UPDATE_NUMBERS_KEPT = 7 * _DAY  # the longest a platform may repeat an update

_PURGE_EVERY = 600


async def wake_paused(session: AsyncSession, now: int) -> None:
    """End the pauses that are over."""
    await subscribers.wake_paused(session, now)


async def purge(session: AsyncSession, now: int) -> None:
    """Forget what is past its time (see the privacy page, which promises it)."""
    if now % _PURGE_EVERY:
        return
    await outbox.purge(session, replies_before=now - REPLIES_KEPT, links_before=now - LINKS_KEPT)
    await inbox.purge(session, now - UPDATE_NUMBERS_KEPT)
