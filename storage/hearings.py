"""Hearings and their reminders: rows that a tick looks at, never jobs in a scheduler's memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Case, Hearing, HearingState, Reminder, ReminderState


async def find(session: AsyncSession, case_id: str, name: str) -> Hearing | None:
    """The hearing of a case by its own id."""
    return await session.scalar(
        select(Hearing).where(Hearing.case_id == case_id, Hearing.name == name)
    )


async def get(session: AsyncSession, hearing_id: int) -> Hearing | None:
    """A hearing by number."""
    return await session.get(Hearing, hearing_id)


async def add(
    session: AsyncSession,
    *,
    case_id: str,
    name: str,
    local: str,
    timezone: str,
    starts_at: int,
    document: str,
) -> Hearing:
    """A new hearing, without reminders yet."""
    hearing = Hearing(
        case_id=case_id,
        name=name,
        local=local,
        timezone=timezone,
        starts_at=starts_at,
        document=document,
        state=HearingState.ANNOUNCED,
        version=1,
    )
    session.add(hearing)
    await session.flush()
    return hearing


async def of_case(session: AsyncSession, case_id: str) -> list[Hearing]:
    """All hearings of a case, earliest first."""
    rows = await session.scalars(
        select(Hearing).where(Hearing.case_id == case_id).order_by(Hearing.starts_at, Hearing.id)
    )
    return list(rows)


async def upcoming(
    session: AsyncSession, now: int, case_ids: Collection[str] | None = None
) -> list[Hearing]:
    """Announced hearings of open cases that lie ahead, earliest first."""
    statement = (
        select(Hearing)
        .join(Case, Case.id == Hearing.case_id)
        .where(
            Case.closed_at.is_(None),
            Hearing.state == HearingState.ANNOUNCED,
            Hearing.starts_at > now,
        )
        .order_by(Hearing.starts_at, Hearing.id)
    )
    if case_ids is not None:
        statement = statement.where(Hearing.case_id.in_(list(case_ids)))
    return list(await session.scalars(statement))


async def everyone_ahead(session: AsyncSession, now: int) -> list[Hearing]:
    """Every announced hearing that may still lie ahead under any time zone data."""
    rows = await session.scalars(
        select(Hearing).where(
            Hearing.state == HearingState.ANNOUNCED, Hearing.starts_at > now - 86400
        )
    )
    return list(rows)


async def plan(session: AsyncSession, hearing: Hearing, kinds: Iterable[tuple[str, int]]) -> None:
    """Set the reminders of the hearing's present version: kind and when it is due."""
    await drop_plan(session, hearing)
    session.add_all(
        Reminder(hearing_id=hearing.id, kind=kind, version=hearing.version, due_at=due_at)
        for kind, due_at in kinds
    )
    await session.flush()


async def drop_plan(session: AsyncSession, hearing: Hearing) -> None:
    """Take back what has not been reminded of yet."""
    await session.execute(
        update(Reminder)
        .where(Reminder.hearing_id == hearing.id, Reminder.state == ReminderState.WAITING)
        .values(state=ReminderState.CANCELLED)
    )


async def due(session: AsyncSession, now: int) -> list[tuple[Reminder, Hearing]]:
    """The reminders to be turned into notices now, earliest first."""
    rows = await session.execute(
        select(Reminder, Hearing)
        .join(Hearing, Hearing.id == Reminder.hearing_id)
        .where(Reminder.state == ReminderState.WAITING, Reminder.due_at <= now)
        .order_by(Reminder.due_at, Reminder.id)
        .with_for_update(skip_locked=True, of=Reminder)
    )
    return [(reminder, hearing) for reminder, hearing in rows]


async def reminders(session: AsyncSession, hearing: Hearing) -> list[Reminder]:
    """Every reminder a hearing ever had, earliest first."""
    rows = await session.scalars(
        select(Reminder).where(Reminder.hearing_id == hearing.id).order_by(Reminder.due_at)
    )
    return list(rows)
