"""Subscribers: who may be written to, where, in which language, about what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import (
    Delivery,
    DeliveryState,
    Dialogue,
    Follow,
    Notice,
    Subscriber,
    SubscriberState,
)
from storage.taking_back import take_back
from storage.vault import vault_of

_PURPOSE = "subscribers.address"
_WEEK = 7 * 86400
_MONDAY = 4 * 86400  # the epoch was a Thursday


@dataclass(frozen=True, slots=True)
class Audience:
    """How many subscribers share a country and a language."""

    country: str
    language: str
    count: int


def chat_index(session: AsyncSession, platform: str, address: str) -> bytes:
    """The keyed hash under which this chat is found."""
    return vault_of(session).index(platform, address)


async def find(session: AsyncSession, platform: str, address: str) -> Subscriber | None:
    """The subscriber with this address, if we have met."""
    return await session.scalar(
        select(Subscriber).where(
            Subscriber.platform == platform,
            Subscriber.address_index == chat_index(session, platform, address),
        )
    )


async def get(session: AsyncSession, subscriber_id: int) -> Subscriber | None:
    """One subscriber by number."""
    return await session.get(Subscriber, subscriber_id)


async def meet(
    session: AsyncSession, platform: str, address: str, *, kind: str, now: int
) -> Subscriber:
    """The subscriber with this address; a visitor who follows nothing if we meet first now."""
    known = await find(session, platform, address)
    if known is not None:
        return known
    subscriber = Subscriber(
        platform=platform,
        address=vault_of(session).seal(address, _PURPOSE),
        address_index=chat_index(session, platform, address),
        kind=kind,
        state=SubscriberState.VISITOR,
        since_week=(now - _MONDAY) // _WEEK * _WEEK + _MONDAY,
    )
    session.add(subscriber)
    await session.flush()
    return subscriber


def address_of(session: AsyncSession, subscriber: Subscriber) -> str:
    """Where to write to this subscriber."""
    return vault_of(session).open(subscriber.address, _PURPOSE)


def open_address(session: AsyncSession, sealed: bytes) -> str:
    """An address as sealed in this table."""
    return vault_of(session).open(sealed, _PURPOSE)


def seal_address(session: AsyncSession, address: str) -> bytes:
    """An address in the form this table keeps."""
    return vault_of(session).seal(address, _PURPOSE)


async def follows(session: AsyncSession, subscriber: Subscriber) -> list[Follow]:
    """What this subscriber follows, everything first."""
    rows = await session.scalars(
        select(Follow)
        .where(Follow.subscriber_id == subscriber.id)
        .order_by(Follow.kind, Follow.value)
    )
    return list(rows)


async def follow(session: AsyncSession, subscriber: Subscriber, kind: str, value: str) -> bool:
    """Follow something more and become active; False if it was followed already."""
    wakes = subscriber.state != SubscriberState.ACTIVE
    subscriber.state = SubscriberState.ACTIVE
    subscriber.paused_until = None
    if await session.get(Follow, (subscriber.id, kind, value)) is not None:
        return wakes
    session.add(Follow(subscriber_id=subscriber.id, kind=kind, value=value))
    await session.flush()
    return True


async def unfollow(
    session: AsyncSession, subscriber: Subscriber, now: int, kind: str = "", value: str = ""
) -> int:
    """Stop following one thing, or everything without a kind; returns how many were followed.

    Nothing left to follow means stopped. What is queued about it is dropped in the same
    transaction, in the middle of a broadcast too.
    """
    which = [Follow.subscriber_id == subscriber.id]
    if kind:
        which += [Follow.kind == kind, Follow.value == value]
    gone = list(await session.scalars(delete(Follow).where(*which).returning(Follow.kind)))
    if not await follows(session, subscriber):
        if subscriber.state in (SubscriberState.ACTIVE, SubscriberState.PAUSED):
            subscriber.state = SubscriberState.STOPPED
        subscriber.paused_until = None
    await drop_queued(session, subscriber, now)
    return len(gone)


async def drop_queued(session: AsyncSession, subscriber: Subscriber, now: int) -> None:
    """Take back the notices that have not left yet and that they do not want any more.

    Somebody who is not active wants none. Replies still go out, and so do corrections of what
    they have been told.
    """
    await session.flush()
    wanted = select(Notice.id).where(
        Notice.id == Delivery.notice_id,
        exists().where(
            Follow.subscriber_id == subscriber.id, _covers(Notice.case_id, Notice.country)
        ),
    )
    theirs = [
        Delivery.subscriber_id == subscriber.id,
        Delivery.notice_id.is_not(None),
        Delivery.edits_id.is_(None),
    ]
    if subscriber.state == SubscriberState.ACTIVE:
        theirs.append(~wanted.exists())
    for state in (DeliveryState.PENDING, DeliveryState.HELD):
        await take_back(session, and_(*theirs), now, state)


def sent_to(platform: str, chat: bytes) -> ColumnElement[bool]:
    """The condition that a delivery is for this chat.

    Notices are found by their subscriber: an index of all chats would take half of the time that
    a broadcast takes to be queued.
    """
    theirs = select(Subscriber.id).where(
        Subscriber.platform == platform, Subscriber.address_index == chat
    )
    reply = and_(Delivery.notice_id.is_(None), Delivery.chat == chat)
    return or_(Delivery.subscriber_id.in_(theirs), reply)


async def forget(session: AsyncSession, subscriber: Subscriber) -> None:
    """Erase the subscriber with everything that hangs on it; only bare counts stay."""
    theirs = sent_to(subscriber.platform, subscriber.address_index)
    finished = Delivery.settled_at.is_not(None) & Delivery.notice_id.is_not(None)
    await session.execute(
        update(Delivery)
        .where(theirs, finished)
        .values(subscriber_id=None, chat=b"", address=None, refs="")
        .execution_options(synchronize_session=False)
    )
    await session.execute(delete(Delivery).where(theirs))
    await session.execute(delete(Dialogue).where(Dialogue.chat == subscriber.address_index))
    await session.execute(delete(Follow).where(Follow.subscriber_id == subscriber.id))
    await session.delete(subscriber)
    await session.flush()


async def move(session: AsyncSession, subscriber: Subscriber, address: str) -> None:
    """Give the subscriber a new address; what is queued follows."""
    old, new = subscriber.address_index, chat_index(session, subscriber.platform, address)
    taken = await find(session, subscriber.platform, address)
    if taken is not None and taken.id != subscriber.id:
        await forget(session, taken)  # the service told us the new address first
    await session.execute(
        update(Delivery)
        .where(sent_to(subscriber.platform, old))
        .values(chat=new, address=None)
        .execution_options(synchronize_session=False)
    )
    subscriber.address = seal_address(session, address)
    subscriber.address_index = new
    await session.execute(delete(Dialogue).where(Dialogue.chat == old))  # /forget would miss it
    await session.flush()


def wants(case_id: str, country: str, *, urgent: bool = True) -> ColumnElement[bool]:
    """The condition that a subscriber is active and follows this case or its country.

    What is not urgent does not go to those who asked for urgent notices only.
    """
    followed = exists().where(
        Follow.subscriber_id == Subscriber.id, _covers(literal(case_id), literal(country))
    )
    wanted = and_(Subscriber.state == SubscriberState.ACTIVE, followed)
    return wanted if urgent else and_(wanted, ~Subscriber.urgent_only)


def _covers(
    case_id: SQLColumnExpression[str], country: SQLColumnExpression[str]
) -> ColumnElement[bool]:
    """Does what is followed take in this case of this country?"""
    return or_(
        Follow.kind == "all",
        and_(Follow.kind == "country", Follow.value == country),
        and_(Follow.kind == "case", Follow.value == case_id),
    )


async def audience(
    session: AsyncSession, case_id: str, country: str, *, urgent: bool = True
) -> list[Audience]:
    """How many would be told about this case, by country and language, most first."""
    count = func.count()
    rows = await session.execute(
        select(Subscriber.country, Subscriber.language, count)
        .where(wants(case_id, country, urgent=urgent))
        .group_by(Subscriber.country, Subscriber.language)
        .order_by(count.desc(), Subscriber.country, Subscriber.language)
    )
    return [Audience(*row) for row in rows]


async def wake_paused(session: AsyncSession, now: int) -> int:
    """End the pauses that are over; returns how many."""
    rows = await session.scalars(
        update(Subscriber)
        .where(Subscriber.state == SubscriberState.PAUSED, Subscriber.paused_until <= now)
        .values(state=SubscriberState.ACTIVE, paused_until=None)
        .returning(Subscriber.id)
    )
    return len(list(rows))


async def count_by_state(session: AsyncSession) -> dict[str, int]:
    """How many subscribers there are in each state."""
    rows = await session.execute(select(Subscriber.state, func.count()).group_by(Subscriber.state))
    return {str(state): number for state, number in rows}


async def count_by_country(session: AsyncSession) -> list[tuple[str, int]]:
    """How many active subscribers each country has, most first."""
    count = func.count()
    rows = await session.execute(
        select(Subscriber.country, count)
        .where(Subscriber.state == SubscriberState.ACTIVE)
        .group_by(Subscriber.country)
        .order_by(count.desc(), Subscriber.country)
    )
    return [(country, number) for country, number in rows]


async def channels(session: AsyncSession, kinds: Iterable[str]) -> list[Subscriber]:
    """The subscribers of these kinds, oldest first (for owners: channels they added)."""
    rows = await session.scalars(
        select(Subscriber).where(Subscriber.kind.in_(list(kinds))).order_by(Subscriber.id)
    )
    return list(rows)


async def is_used(session: AsyncSession, platform: str) -> bool:
    """Has anybody ever talked with us there?"""
    found = select(Subscriber.id).where(Subscriber.platform == platform).limit(1)
    return await session.scalar(found) is not None
