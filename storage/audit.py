"""What organisers did: an append-only list, each entry chained to the one before."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AuditEntry


async def record(
    session: AsyncSession, *, action: str, subject: str, organiser_id: int | None, now: int
) -> None:
    """Write down who did what. `subject` names a case, alert or role, never a subscriber."""
    last = await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    entry = AuditEntry(at=now, organiser_id=organiser_id, action=action, subject=subject, hash="")
    entry.hash = _link(last.hash if last else "", entry)
    session.add(entry)
    await session.flush()


async def latest(session: AsyncSession, limit: int) -> list[AuditEntry]:
    """The newest entries, newest first."""
    rows = await session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit))
    return list(rows)


async def broken_at(session: AsyncSession) -> int | None:
    """The first entry that does not follow from the one before it; None if all do."""
    before = ""
    for entry in await session.scalars(select(AuditEntry).order_by(AuditEntry.id)):
        if entry.hash != _link(before, entry):
            return entry.id
        before = entry.hash
    return None


def _link(before: str, entry: AuditEntry) -> str:
    words = (before, str(entry.at), str(entry.organiser_id), entry.action, entry.subject)
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()
