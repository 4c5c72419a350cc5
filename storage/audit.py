"""What organisers did: an append-only list, each entry chained to the one before.

The chain is made with the key beside the database: who can write to the database but has no key
can neither change an entry nor add one without it showing.
"""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AuditEntry
from storage.vault import vault_of


async def record(
    session: AsyncSession, *, action: str, subject: str, organiser_id: int | None, now: int
) -> None:
    """Write down who did what. `subject` names a case, alert or role, never a subscriber."""
    await _wait_for_our_turn(session)
    last = await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    entry = AuditEntry(at=now, organiser_id=organiser_id, action=action, subject=subject, hash="")
    entry.hash = _link(session, last.hash if last else "", entry)
    session.add(entry)
    await session.flush()


async def _wait_for_our_turn(session: AsyncSession) -> None:
    """Two entries written at once would both follow from the same one. SQLite has one writer."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))


async def latest(session: AsyncSession, limit: int) -> list[AuditEntry]:
    """The newest entries, newest first."""
    rows = await session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit))
    return list(rows)


async def broken_at(session: AsyncSession) -> int | None:
    """The first entry that does not follow from the one before it; None if all do.

    Entries cut off at the end leave no gap: for that, compare the newest hash with a noted one.
    """
    before = ""
    for entry in await session.scalars(select(AuditEntry).order_by(AuditEntry.id)):
        if entry.hash != _link(session, before, entry):
            return entry.id
        before = entry.hash
    return None


def _link(session: AsyncSession, before: str, entry: AuditEntry) -> str:
    words = (before, str(entry.at), str(entry.organiser_id), entry.action, entry.subject)
    return vault_of(session).index("audit", *words).hex()
