"""What becomes of contacts after they were published: corrections, readers' reports, doubts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import rows_of
from storage.models import (
    ContactCorrection,
    ContactDoubt,
    ContactReport,
    Delivery,
    DeliveryState,
    Notice,
    Subscriber,
)
from storage.vault import vault_of

_WEEK = 7 * 86400
_MONDAY = 4 * 86400  # the epoch was a Thursday


# ------------------------------------------------------------------------------ corrections


async def add_correction(
    session: AsyncSession, correction: ContactCorrection
) -> ContactCorrection:
    """A new correction; it counts from now on."""
    session.add(correction)
    await session.flush()
    return correction


async def corrections(session: AsyncSession) -> list[ContactCorrection]:
    """Every correction that is not undone, oldest first: later ones go before earlier ones."""
    rows = await session.scalars(
        select(ContactCorrection)
        .where(ContactCorrection.undone_at.is_(None))
        .order_by(ContactCorrection.id)
    )
    return list(rows)


async def undo(session: AsyncSession, number: int, now: int) -> ContactCorrection | None:
    """Let a correction count no more; None if there is none or somebody was faster."""
    undone = await session.scalar(
        update(ContactCorrection)
        .where(ContactCorrection.id == number, ContactCorrection.undone_at.is_(None))
        .values(undone_at=now)
        .returning(ContactCorrection.id)
        .execution_options(synchronize_session=False)
    )
    return await session.get(ContactCorrection, number) if undone is not None else None


# ---------------------------------------------------------------------------------- reports


@dataclass(frozen=True, slots=True)
class Tally:
    """What readers say about a contact since organisers last decided about it."""

    bounced: int
    worked: int


async def report(
    session: AsyncSession, contact: str, subscriber: Subscriber, *, worked: bool, now: int
) -> bool:
    """Count this chat's word on the contact, once; False if it has said so already.

    It may change its mind until organisers have decided.
    """
    reporter = _reporter(session, contact, subscriber)
    known = await session.get(ContactReport, (contact, reporter))
    if known is not None:
        changed = not known.settled and known.worked != worked
        known.worked = worked if changed else known.worked
        await session.flush()
        return changed
    session.add(
        ContactReport(contact=contact, reporter=reporter, worked=worked, week=_week_of(now))
    )
    await session.flush()
    return True


async def bounced_this_week(session: AsyncSession, subscriber: Subscriber, now: int) -> int:
    """Of how many contacts this chat has said in this week that they do not work."""
    rows = await session.execute(
        select(ContactReport.contact, ContactReport.reporter).where(
            ContactReport.week == _week_of(now), ~ContactReport.worked
        )
    )
    return sum(_reporter(session, contact, subscriber) == by for contact, by in rows)


def _week_of(now: int) -> int:
    """The Monday of the week."""
    return (now - _MONDAY) // _WEEK * _WEEK + _MONDAY


def _reporter(session: AsyncSession, contact: str, subscriber: Subscriber) -> bytes:
    """Another value for each contact, so that no two reports show that one chat made both."""
    return vault_of(session).index("report", contact, subscriber.address_index.hex())


async def tally(session: AsyncSession, contact: str) -> Tally:
    """The reports about a contact that no organiser has decided on."""
    rows = await session.execute(
        select(ContactReport.worked, func.count())
        .where(ContactReport.contact == contact, ~ContactReport.settled)
        .group_by(ContactReport.worked)
    )
    counts = {bool(worked): number for worked, number in rows}
    return Tally(bounced=counts.get(False, 0), worked=counts.get(True, 0))


async def forget_reporter(session: AsyncSession, subscriber: Subscriber) -> None:
    """Let nothing lead from the reports to this chat any more; they stay as bare counts.

    Erasing them would let one person report, be forgotten and report again.
    """
    known = list(await session.scalars(select(ContactReport.contact).distinct()))
    for contact in known:
        await session.execute(
            update(ContactReport)
            .where(
                ContactReport.contact == contact,
                ContactReport.reporter == _reporter(session, contact, subscriber),
            )
            .values(reporter=secrets.token_bytes(16))
            .execution_options(synchronize_session=False)
        )


async def purge(session: AsyncSession, before: int) -> int:
    """Forget reports made before a time; how many."""
    gone = await session.execute(
        delete(ContactReport)
        .where(ContactReport.week < before)
        .execution_options(synchronize_session=False)
    )
    return rows_of(gone)


async def told_of(session: AsyncSession, subscriber: Subscriber, kind: str) -> list[Notice]:
    """The notices of one kind that have reached this chat lately, newest first.

    Whom a notice reached is forgotten after a week (housekeeping), and with /forget.
    """
    reached = select(Delivery.notice_id).where(
        Delivery.subscriber_id == subscriber.id,
        Delivery.notice_id.is_not(None),
        Delivery.state == DeliveryState.SENT,
    )
    rows = await session.scalars(
        select(Notice)
        .where(Notice.id.in_(reached), Notice.kind == kind)
        .order_by(Notice.id.desc())
    )
    return list(rows)


# ----------------------------------------------------------------------------------- doubts


async def mark(session: AsyncSession, contact: str, kind: str, value: str, now: int) -> bool:
    """Mark a contact as doubtful; False if it is so already."""
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = (postgresql.insert if postgres else sqlite.insert)(ContactDoubt)
    values = {"contact": contact, "kind": kind, "value": value, "marked_at": now}
    marked = await session.execute(insert.values(values).on_conflict_do_nothing())
    return rows_of(marked) > 0


async def doubts(session: AsyncSession) -> list[ContactDoubt]:
    """The contacts that wait for a decision, oldest first."""
    rows = await session.scalars(
        select(ContactDoubt).order_by(ContactDoubt.marked_at, ContactDoubt.contact)
    )
    return list(rows)


async def settle(session: AsyncSession, contact: str) -> bool:
    """End the doubt about a contact: it takes new reporters to raise it again.

    False if there was none, or somebody was faster.
    """
    await session.execute(
        update(ContactReport)
        .where(ContactReport.contact == contact)
        .values(settled=True)
        .execution_options(synchronize_session=False)
    )
    ended = await session.execute(
        delete(ContactDoubt)
        .where(ContactDoubt.contact == contact)
        .execution_options(synchronize_session=False)
    )
    return rows_of(ended) > 0
