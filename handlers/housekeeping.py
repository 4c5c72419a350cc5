"""What time does by itself: pauses end, and what need not be kept any longer is forgotten."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from storage import contacts, inbox, keepsakes, outbox, subscribers

_DAY = 86400
REPLIES_KEPT = 2 * _DAY  # seconds: as long as a bot may still edit or delete what it wrote
LINKS_KEPT = 7 * _DAY  # who got a notice; counts stay
REPORTS_KEPT = 26 * 7 * _DAY  # readers' words on contacts, which name nobody
UPDATE_NUMBERS_KEPT = 7 * _DAY  # the longest a platform may repeat an update

_PURGE_EVERY = 600
_PURGED = ("tocsin", "purged")


async def wake_paused(session: AsyncSession, now: int) -> None:
    """End the pauses that are over."""
    await subscribers.wake_paused(session, now)


async def purge(session: AsyncSession, now: int) -> None:
    """Forget what is past its time (see the privacy page, which promises it)."""
    kept = await keepsakes.load(session, *_PURGED)
    if now < int(kept or 0) + _PURGE_EVERY:
        return
    purged = await outbox.purge(
        session, replies_before=now - REPLIES_KEPT, links_before=now - LINKS_KEPT
    )
    if purged:
        return  # a part at a time: the next tick goes on
    await contacts.purge(session, now - REPORTS_KEPT)
    await inbox.purge(session, now - UPDATE_NUMBERS_KEPT)
    await keepsakes.save(session, *_PURGED, str(now))
