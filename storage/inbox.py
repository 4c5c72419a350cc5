"""The inbox: everything that arrives is a row before the platform is told we have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Cursor, InboxRow, InboxState
from storage.vault import vault_of

_PURPOSE = "inbox.payload"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update as the platform numbered it, packed by `handlers.message`."""

    event_id: str
    payload: str


async def take(
    session: AsyncSession,
    platform: str,
    arrivals: Iterable[Arrival],
    cursor: str | None,
    now: int,
) -> None:
    """Store updates, each once however often it arrives, and how far the stream was read."""
    vault = vault_of(session)
    rows = [
        {
            "platform": platform,
            "event_index": vault.index("event", platform, arrival.event_id),
            "payload": vault.seal(arrival.payload, _PURPOSE),
            "state": InboxState.NEW,
            "received_at": now,
        }
        for arrival in arrivals
    ]
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if postgres else sqlite.insert
    if rows:
        await session.execute(insert(InboxRow).on_conflict_do_nothing(), rows)
    if cursor is not None:
        await session.merge(Cursor(platform=platform, position=cursor, taken_at=now))


async def cursor(session: AsyncSession, platform: str) -> str | None:
    """How far this platform's updates have been stored."""
    return await session.scalar(select(Cursor.position).where(Cursor.platform == platform))


async def next_row(session: AsyncSession, platform: str) -> tuple[InboxRow, str] | None:
    """A platform's oldest update that waits, with its content; others skip it meanwhile."""
    row = await session.scalar(
        select(InboxRow)
        .where(InboxRow.state == InboxState.NEW, InboxRow.platform == platform)
        .order_by(InboxRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None or row.payload is None:
        return None
    return row, vault_of(session).open(row.payload, _PURPOSE)


def finish(row: InboxRow, state: InboxState = InboxState.DONE) -> None:
    """The update has been dealt with; its content is forgotten, its number is kept."""
    row.state = state
    row.payload = None


async def purge(session: AsyncSession, before: int) -> None:
    """Forget the numbers of updates that can no longer arrive again."""
    await session.execute(
        delete(InboxRow).where(InboxRow.state != InboxState.NEW, InboxRow.received_at < before)
    )
