"""How the outbox gets on: what has been first in line on a platform, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from storage import outbox


@dataclass(frozen=True, slots=True)
class First:
    """The delivery that is due and goes next."""

    id: int
    part: int  # of it


async def first_in_line(session: AsyncSession, platform: str, now: int) -> First | None:
    """What the platform's next claim begins with; None when nothing is due.

    A large broadcast waits for hours and is well; a line whose head stays the same is stuck.
    """
    found = await outbox.due_replies(session, platform, now, 1)
    found = found or await outbox.due_notices(session, platform, now, 1)
    return First(found[0].claim.id, found[0].claim.part) if found else None
