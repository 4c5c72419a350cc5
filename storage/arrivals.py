"""How many chats began to follow something, hour by hour; the numbers name nobody."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Arrivals

HOUR = 3600  # seconds


async def note(session: AsyncSession, now: int) -> int:
    """Count one more; how many there are in this hour."""
    hour = now - now % HOUR
    row = await session.get(Arrivals, hour, with_for_update=True)
    if row is None:
        await session.execute(delete(Arrivals).where(Arrivals.hour < hour))
        row = Arrivals(hour=hour, count=0)
        session.add(row)
    row.count += 1
    await session.flush()
    return row.count
