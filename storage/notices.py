"""Notices: what many subscribers are told, and the rows of the outbox that carry it to each.

The recipients are fixed in the transaction that starts a notice, by one INSERT … SELECT whatever
their number. From then on the relays draw from it (outbox.py) until it is finished, paused
because something is wrong with it, or stopped.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crashpoints import crashpoint
from storage.database import rows_of
from storage.models import (
    HELD,
    Delivery,
    DeliveryState,
    Notice,
    Organiser,
    Subscriber,
    SubscriberState,
)
from storage.outbox import ALL, ORGANISERS, SAMPLE, URGENT
from storage.taking_back import take_back

_UNDER_WAY = (DeliveryState.PENDING, DeliveryState.SENDING)
_ONE_IN = 100  # readers who are in the sample


@dataclass(frozen=True, slots=True)
class About:
    """What a notice is about and how urgent it is; subscribers follow cases and countries."""

    case_id: str
    country: str
    lane: int
    priority: int = 0
    alert_id: int | None = None


async def add(session: AsyncSession, kind: str, payload: str, about: About, now: int) -> Notice:
    """Something many will be told."""
    notice = Notice(
        kind=kind,
        payload=payload,
        case_id=about.case_id,
        country=about.country,
        lane=about.lane,
        priority=about.priority,
        alert_id=about.alert_id,
        created_at=now,
    )
    session.add(notice)
    await session.flush()
    return notice


async def get(session: AsyncSession, notice_id: int) -> Notice | None:
    """One notice."""
    return await session.get(Notice, notice_id)


async def payload(session: AsyncSession, notice_id: int) -> str:
    """The frozen payload of a notice."""
    return await session.scalar(select(Notice.payload).where(Notice.id == notice_id)) or "{}"


async def of_alert(session: AsyncSession, alert_id: int) -> list[Notice]:
    """Everything that was told because of an alert, oldest first."""
    rows = await session.scalars(
        select(Notice).where(Notice.alert_id == alert_id).order_by(Notice.id)
    )
    return list(rows)


# --------------------------------------------------------------------------- the recipients


async def fan_out(
    session: AsyncSession, notice: Notice, who: ColumnElement[bool], now: int
) -> int:
    """One pending delivery of the notice for every subscriber `who` is true for; how many.

    Within a rank the longest subscribed go first: whoever subscribes a million accounts today
    delays nobody who was there before. Who has the notice already gets no second row.
    """
    rows = select(
        Subscriber.platform,
        Subscriber.address_index,
        Subscriber.id,
        literal(notice.id),
        _rank(who).label("rank"),
        literal(now),
        literal(now),
    ).where(who)
    told = await _insert(session, notice, rows.order_by(Subscriber.id), edits=False)
    crashpoint("fanning-out")
    return told


def _rank(who: ColumnElement[bool]) -> ColumnElement[int]:
    """Organisers, then the first reader of every platform and language and one in a hundred of
    all, then the rest. Numbering each language's readers would mean to sort all of them.
    """
    organises = Subscriber.address_index.in_(
        select(Organiser.chat_index).where(Organiser.active, Organiser.chat_index.is_not(None))
    )
    firsts = (
        select(func.min(Subscriber.id))
        .where(who)
        .group_by(Subscriber.platform, Subscriber.language)
        .correlate(None)
    )
    return case(
        (organises, ORGANISERS),
        (or_(Subscriber.id % _ONE_IN == 0, Subscriber.id.in_(firsts)), SAMPLE),
        (Subscriber.urgent_only, URGENT),
        else_=ALL,
    )


async def fan_out_edits(
    session: AsyncSession, notice: Notice, of: Collection[int], now: int
) -> int:
    """One pending delivery that changes each copy of these notices that is or may be out there.

    Copies whose recipient has been erased or is gone cannot be reached any more. How many.
    """
    arrived = or_(
        Delivery.state.in_([DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.HELD]),
        Delivery.part > 0,
    )
    rows = (
        select(
            Delivery.platform,
            Delivery.chat,
            Delivery.subscriber_id,
            literal(notice.id),
            literal(ALL),
            literal(now),
            literal(now),
            Delivery.id,
        )
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(
            Delivery.notice_id.in_(of),
            Delivery.edits_id.is_(None),
            arrived,
            Subscriber.state != SubscriberState.GONE,
        )
    )
    return await _insert(session, notice, rows.order_by(Delivery.id), edits=True)


async def _insert(
    session: AsyncSession, notice: Notice, rows: Select[*tuple[Any, ...]], *, edits: bool
) -> int:
    postgres = session.get_bind().dialect.name == "postgresql"
    columns = ["platform", "chat", "subscriber_id", "notice_id", "rank", "due_at", "created_at"]
    insert = (postgresql.insert if postgres else sqlite.insert)(Delivery)
    statement = insert.from_select(columns + ["edits_id"] * edits, rows)
    added = rows_of(await session.execute(statement.on_conflict_do_nothing()))
    notice.recipients += added
    return added


# ------------------------------------------------------------------------------ on the way


async def counts(session: AsyncSession, notice_ids: Collection[int]) -> dict[str, int]:
    """How many deliveries of these notices are in each state."""
    rows = await session.execute(
        select(Delivery.state, func.count())
        .where(Delivery.notice_id.in_(notice_ids))
        .group_by(Delivery.state)
    )
    return {str(state): number for state, number in rows}


async def pause(session: AsyncSession, notice_id: int, now: int) -> bool:
    """Let nothing more of it leave; False if that is so already."""
    paused = await session.scalar(
        update(Notice)
        .where(Notice.id == notice_id, Notice.paused_at.is_(None))
        .values(paused_at=now)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    return paused is not None


async def go_on(session: AsyncSession, notice_ids: Collection[int]) -> int:
    """End the pause of these notices; how many were paused."""
    result = await session.execute(
        update(Notice)
        .where(Notice.id.in_(notice_ids), Notice.paused_at.is_not(None))
        .values(paused_at=None)
        .execution_options(synchronize_session=False)
    )
    return rows_of(result)


async def stop(session: AsyncSession, notice_ids: Collection[int], now: int) -> int:
    """Take back whatever of these notices has not left yet; how many rows."""
    return await take_back(session, Delivery.notice_id.in_(notice_ids), now)


async def stop_all(session: AsyncSession, now: int, *, but: str) -> int:
    """Take back every notice that has not left yet, except those of one kind; replies go on."""
    others = select(Notice.id).where(Notice.kind != but, Notice.finished_at.is_(None))
    return await take_back(session, Delivery.notice_id.in_(others), now)


async def finish(session: AsyncSession, now: int) -> None:
    """Close the notices of which nothing is on its way any more."""
    under_way = select(Delivery.id).where(
        Delivery.notice_id == Notice.id, Delivery.state.in_(_UNDER_WAY)
    )
    await session.execute(
        update(Notice)
        .where(Notice.finished_at.is_(None), ~under_way.exists())
        .values(finished_at=now)
        .execution_options(synchronize_session=False)
    )


# ------------------------------------------------------------------------------- in doubt


async def newly_held(session: AsyncSession) -> list[tuple[Notice, int]]:
    """Finished notices with more held deliveries than organisers were told of, and how many."""
    held = (
        select(Delivery.notice_id, func.count().label("number"))
        .where(Delivery.state == HELD, Delivery.notice_id.is_not(None))
        .group_by(Delivery.notice_id)
        .subquery()
    )
    rows = await session.execute(
        select(Notice, held.c.number)
        .join(held, held.c.notice_id == Notice.id)
        .where(Notice.finished_at.is_not(None), held.c.number > Notice.held_told)
        .order_by(Notice.id)
    )
    return [(notice, number) for notice, number in rows]


async def release_held(session: AsyncSession, notice: Notice, now: int) -> int:
    """Send the held deliveries again, marked as possible repeats; how many."""
    result = await session.execute(
        update(Delivery)
        .where(
            Delivery.notice_id == notice.id,
            Delivery.state == HELD,
            Delivery.subscriber_id.is_not(None),  # else it is too long ago: see outbox.purge
        )
        .values(state=DeliveryState.PENDING, repeat=True, due_at=now, settled_at=None, attempts=0)
        .execution_options(synchronize_session=False)
    )
    notice.finished_at, notice.held_told = None, 0
    return rows_of(result)
