"""Hearings and their reminders: rows that a tick looks at, never jobs in a scheduler's memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import keepsakes
from storage.models import (
    Case,
    Delivery,
    Hearing,
    HearingState,
    Notice,
    Reminder,
    ReminderState,
)
from storage.taking_back import take_back

_IMPORTED = "imported-hearings"


async def find(session: AsyncSession, case_id: str, name: str) -> Hearing | None:
    """The hearing of a case by its own id."""
    return await session.scalar(
        select(Hearing).where(Hearing.case_id == case_id, Hearing.name == name)
    )


async def get(session: AsyncSession, hearing_id: int) -> Hearing | None:
    """A hearing by number."""
    return await session.get(Hearing, hearing_id)


async def lock(session: AsyncSession, hearing: Hearing) -> None:
    """Keep everybody else from changing or reminding of this hearing until we commit."""
    await session.refresh(hearing, with_for_update=True)


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


async def drop_queued(
    session: AsyncSession, hearing: Hearing, kinds: Collection[str], now: int
) -> None:
    """Take back the notices of these kinds about the hearing that have not left yet.

    Their payloads begin with the hearing's number.
    """
    about_it = select(Notice.id).where(
        Notice.kind.in_(list(kinds)), Notice.payload.startswith(f'{{"hearing":{hearing.id},')
    )
    await take_back(session, Delivery.notice_id.in_(about_it), now)


async def due(session: AsyncSession, now: int) -> list[tuple[Hearing, list[Reminder]]]:
    """The hearings to be reminded of now, each with its due reminders, earliest first.

    They are locked: another process looking at the same time skips them. The reminders are
    read after the lock, so that what somebody else has just fired is not seen as waiting.
    """
    is_due = (Reminder.state == ReminderState.WAITING) & (Reminder.due_at <= now)
    hearings = await session.scalars(
        select(Hearing)
        .where(exists().where(Reminder.hearing_id == Hearing.id, is_due))
        .order_by(Hearing.starts_at, Hearing.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found = {hearing.id: (hearing, list[Reminder]()) for hearing in hearings}
    reminders = await session.scalars(
        select(Reminder)
        .where(Reminder.hearing_id.in_(list(found)), is_due)
        .order_by(Reminder.due_at, Reminder.id)
        .execution_options(populate_existing=True)
    )
    for reminder in reminders:
        found[reminder.hearing_id][1].append(reminder)
    return [(hearing, its) for hearing, its in found.values() if its]


async def reminders(session: AsyncSession, hearing: Hearing) -> list[Reminder]:
    """Every reminder a hearing ever had, earliest first."""
    rows = await session.scalars(
        select(Reminder)
        .where(Reminder.hearing_id == hearing.id)
        .order_by(Reminder.due_at, Reminder.id)
    )
    return list(rows)


async def note_told(session: AsyncSession, hearing: Hearing, kind: str, now: int) -> None:
    """Write down that people were told this about the hearing's present version."""
    session.add(
        Reminder(
            hearing_id=hearing.id,
            kind=kind,
            version=hearing.version,
            due_at=now,
            state=ReminderState.FIRED,
        )
    )
    await session.flush()


async def was_told(session: AsyncSession, hearing: Hearing) -> bool:
    """Whether people have been told anything about this hearing."""
    fired = exists().where(
        Reminder.hearing_id == hearing.id, Reminder.state == ReminderState.FIRED
    )
    return bool(await session.scalar(select(fired)))


async def imported(session: AsyncSession, hearing: Hearing) -> str:
    """What the campaign file said of it when last read; "" if it does not come from a file."""
    return await keepsakes.load(session, _IMPORTED, str(hearing.id)) or ""


async def note_imported(session: AsyncSession, hearing: Hearing, document: str) -> None:
    """Remember what the campaign file says, to tell its changes from those made in chat."""
    await keepsakes.save(session, _IMPORTED, str(hearing.id), document)
