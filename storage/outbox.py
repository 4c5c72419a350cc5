"""The outbox: everything that leaves is a row here first.

    pending ──claim──▶ sending ──settle──▶ sent | unreachable | rejected | held
       ▲                  │
       └──── try later ───┘      cancelled: taken back before it left

A claim commits before the request is made and the settling after it, so after a crash exactly the
rows in `sending` are doubtful; `recover` deals with them. A delivery longer than one message is
one row: `part` counts the parts that have arrived, each part is claimed and settled by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import subscribers
from storage.models import Delivery, DeliveryState, Notice, Subscriber, SubscriberState
from storage.vault import vault_of

REPLIES, BULK = 0, 1
"""Lanes: what somebody waits for goes before what many get."""

_BODY = "deliveries.body"


@dataclass(frozen=True, slots=True)
class Reader:
    """What rendering needs to know about the chat; "" where it never said."""

    language: str = ""
    country: str = ""
    timezone: str = ""
    kind: str = "private"
    quiet_from: int | None = None
    quiet_to: int | None = None

    @property
    def silent(self) -> bool:
        """Is it a channel? Nobody there can write to us, or should make us post."""
        return self.kind == "channel"


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours to send now."""

    id: int
    platform: str
    address: str
    reader: Reader
    notice_id: int | None
    notice_kind: str
    body: str  # a packed message; "" for notices
    part: int
    edits: str  # the reference of the message to edit; "" to send a new one
    repeat: bool
    attempts: int
    lane: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `state` is what the delivery becomes; `pending` means try again."""

    delivery_id: int
    state: DeliveryState
    ref: str = ""
    more_parts: bool = False
    due_at: int = 0
    repeat: bool = False
    error: str = ""
    moved_to: str = ""
    snoozed: bool = False  # was not attempted at all: does not count
    lost: bool = False  # the chat takes no more messages


async def enqueue(
    session: AsyncSession,
    *,
    platform: str,
    address: str,
    body: str,
    now: int,
    subscriber: Subscriber | None = None,
    edits_ref: str = "",
    edits_id: int | None = None,
    lane: int = REPLIES,
) -> Delivery:
    """One message (packed by `handlers.message`) to one chat, or an edit of one sent before."""
    delivery = Delivery(
        platform=platform,
        chat=subscribers.chat_index(session, platform, address),
        subscriber_id=subscriber.id if subscriber else None,
        address=subscribers.seal_address(session, address),
        body=vault_of(session).seal(body, _BODY),
        edits_ref=edits_ref,
        edits_id=edits_id,
        lane=lane,
        due_at=now,
        created_at=now,
    )
    session.add(delivery)
    await session.flush()
    return delivery


async def replace_edit(session: AsyncSession, edited: Delivery, body: str, now: int) -> None:
    """Let `edited` read like this soon; an edit of it that has not left yet is superseded."""
    waiting = await session.scalar(
        select(Delivery).where(
            Delivery.edits_id == edited.id, Delivery.state == DeliveryState.PENDING
        )
    )
    if waiting is not None:
        waiting.body = vault_of(session).seal(body, _BODY)
        return
    session.add(
        Delivery(
            platform=edited.platform,
            chat=edited.chat,
            subscriber_id=edited.subscriber_id,
            address=edited.address,
            body=vault_of(session).seal(body, _BODY),
            edits_id=edited.id,
            lane=REPLIES,
            due_at=now,
            created_at=now,
        )
    )


async def add_notice(session: AsyncSession, kind: str, payload: str, now: int) -> Notice:
    """Something many will be told."""
    notice = Notice(kind=kind, payload=payload, created_at=now)
    session.add(notice)
    await session.flush()
    return notice


async def fan_out(
    session: AsyncSession, notice: Notice, who: ColumnElement[bool], *, rank: int, now: int
) -> int:
    """One pending delivery of the notice for every subscriber `who` is true for; how many.

    One INSERT … SELECT whatever the number, in the caller's transaction: the recipients are
    fixed here. Who has it already gets no second row.
    """
    columns = {
        "platform": Subscriber.platform,
        "chat": Subscriber.address_index,
        "subscriber_id": Subscriber.id,
        "notice_id": literal(notice.id),
        "lane": literal(BULK),
        "rank": literal(rank),
        "due_at": literal(now),
        "created_at": literal(now),
    }
    insert = postgresql.insert if _is_postgresql(session) else sqlite.insert
    rows = select(*columns.values()).where(who).order_by(Subscriber.id)
    result = await session.execute(
        insert(Delivery)
        .from_select(list(columns), rows)
        .on_conflict_do_nothing()
        .returning(literal(1))
    )
    return len(result.all())


async def claim(
    session: AsyncSession,
    platform: str,
    limit: int,
    now: int,
    *,
    lanes: Collection[int] = (REPLIES, BULK),
) -> list[Claim]:
    """Take up to `limit` due deliveries, the most urgent first, never two of one chat.

    Commit before sending them. Other processes on PostgreSQL skip what is being claimed.
    """
    chosen: dict[bytes, int] = {}  # chat → delivery
    for lane in sorted(lanes):  # one lane after the other: then the index gives them in order
        if (room := limit - len(chosen)) > 0:
            rows = await session.execute(_due(platform, lane, now).limit(room * 4))
            for delivery_id, chat in rows:
                if len(chosen) < limit:
                    chosen.setdefault(chat, delivery_id)
    if not chosen:
        return []
    await session.execute(
        update(Delivery)
        .where(Delivery.id.in_(chosen.values()))
        .values(state=DeliveryState.SENDING, attempts=Delivery.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    return await _claims(session, chosen.values())


def _due(platform: str, lane: int, now: int) -> Select[int, bytes]:
    """Due deliveries of one lane with their chats, the most urgent first, none that is busy."""
    busy = aliased(Delivery)
    target = aliased(Delivery)
    in_flight = select(busy.chat).where(
        busy.platform == platform,
        busy.state == DeliveryState.SENDING,
        busy.settled_at.is_(None),
    )
    settled = select(target.id).where(
        target.id == Delivery.edits_id,
        target.state.not_in([DeliveryState.PENDING, DeliveryState.SENDING]),
    )
    return (
        select(Delivery.id, Delivery.chat)
        .where(
            Delivery.platform == platform,
            Delivery.state == DeliveryState.PENDING,
            Delivery.settled_at.is_(None),  # always so; it tells the database which index
            Delivery.lane == lane,
            Delivery.due_at <= now,
            Delivery.chat.not_in(in_flight),
            or_(Delivery.edits_id.is_(None), settled.exists()),
        )
        .order_by(Delivery.rank, Delivery.id)
        .with_for_update(skip_locked=True, of=Delivery)
    )


async def _claims(session: AsyncSession, ids: Collection[int]) -> list[Claim]:
    target = aliased(Delivery)
    rows = await session.execute(
        select(Delivery, Subscriber, Notice.kind, target.refs)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(Notice, Notice.id == Delivery.notice_id)
        .outerjoin(target, target.id == Delivery.edits_id)
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.lane, Delivery.rank, Delivery.id)
        .execution_options(populate_existing=True)
    )
    return [_as_claim(session, *row) for row in rows]


def _as_claim(
    session: AsyncSession,
    delivery: Delivery,
    subscriber: Subscriber | None,
    notice_kind: str | None,
    target_refs: str | None,
) -> Claim:
    sealed = delivery.address or (subscriber.address if subscriber else b"")
    return Claim(
        id=delivery.id,
        platform=delivery.platform,
        address=subscribers.open_address(session, sealed),
        reader=_reader(subscriber),
        notice_id=delivery.notice_id,
        notice_kind=notice_kind or "",
        body=vault_of(session).open(delivery.body, _BODY) if delivery.body else "",
        part=delivery.part,
        edits=delivery.edits_ref or (target_refs or "").partition("\n")[0],
        repeat=delivery.repeat,
        attempts=delivery.attempts,
        lane=delivery.lane,
    )


def _reader(subscriber: Subscriber | None) -> Reader:
    if subscriber is None:
        return Reader()
    return Reader(
        language=subscriber.language,
        country=subscriber.country,
        timezone=subscriber.timezone,
        kind=subscriber.kind,
        quiet_from=subscriber.quiet_from,
        quiet_to=subscriber.quiet_to,
    )


async def settle(session: AsyncSession, outcomes: Iterable[Outcome], now: int) -> None:
    """Write down how attempts ended, with what that means for the subscriber."""
    for outcome in outcomes:
        delivery = await session.get(Delivery, outcome.delivery_id)
        if delivery is None:
            continue  # forgotten while it was in flight
        _write_down(delivery, outcome, now)
        if outcome.lost:
            await _lose(session, delivery, now)
        elif delivery.settled_at and not (delivery.notice_id or delivery.subscriber_id):
            await session.delete(delivery)  # the last word after /forget leaves no trace
            continue
        if outcome.moved_to:
            await _follow_move(session, delivery, outcome.moved_to)


def _write_down(delivery: Delivery, outcome: Outcome, now: int) -> None:
    delivery.state = outcome.state
    delivery.error = outcome.error
    if outcome.ref:
        delivery.refs = "\n".join(filter(None, [delivery.refs, outcome.ref]))
        delivery.part += 1
        delivery.attempts = 0
        delivery.repeat = False
    if outcome.more_parts:
        delivery.state = DeliveryState.PENDING
    if outcome.snoozed:
        delivery.attempts -= 1
    if delivery.state == DeliveryState.PENDING:
        delivery.due_at = max(outcome.due_at, now)
        delivery.repeat = delivery.repeat or outcome.repeat
    else:
        delivery.settled_at = now
        delivery.body = None


async def _lose(session: AsyncSession, delivery: Delivery, now: int) -> None:
    if delivery.subscriber_id is not None:
        await session.execute(
            update(Subscriber)
            .where(Subscriber.id == delivery.subscriber_id)
            .values(state=SubscriberState.GONE)
        )
    await session.execute(
        update(Delivery)
        .where(Delivery.chat == delivery.chat, Delivery.state == DeliveryState.PENDING)
        .values(state=DeliveryState.UNREACHABLE, body=None, settled_at=now)
    )


async def _follow_move(session: AsyncSession, delivery: Delivery, address: str) -> None:
    await session.flush()
    subscriber = await session.get(Subscriber, delivery.subscriber_id or 0)
    if subscriber is not None:
        await subscribers.move(session, subscriber, address)
    else:
        delivery.address = subscribers.seal_address(session, address)
        delivery.chat = subscribers.chat_index(session, delivery.platform, address)


async def recover(
    session: AsyncSession, platform: str, *, idempotent: bool, hold: Collection[str]
) -> int:
    """Decide about deliveries that were in flight when the process died; returns how many.

    Where the service recognises a repeated key they simply go again. Elsewhere they go again
    marked as a possible repeat, except notices whose kind is in `hold`: those wait for an
    organiser.
    """
    doubtful = and_(
        Delivery.platform == platform,
        Delivery.state == DeliveryState.SENDING,
        Delivery.settled_at.is_(None),
    )
    held = select(Notice.id).where(Notice.kind.in_(list(hold)))
    if not idempotent:
        await session.execute(
            update(Delivery)
            .where(doubtful, Delivery.notice_id.in_(held))
            .values(state=DeliveryState.HELD)
            .execution_options(synchronize_session=False)
        )
    rows = await session.scalars(
        update(Delivery)
        .where(doubtful)
        .values(state=DeliveryState.PENDING, repeat=not idempotent)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(list(rows))


async def get(session: AsyncSession, delivery_id: int) -> Delivery | None:
    """One delivery; None once it has been purged."""
    return await session.get(Delivery, delivery_id)


async def counts(session: AsyncSession, notice_id: int) -> dict[str, int]:
    """How many deliveries of a notice are in each state."""
    rows = await session.execute(
        select(Delivery.state, func.count())
        .where(Delivery.notice_id == notice_id)
        .group_by(Delivery.state)
    )
    return {str(state): number for state, number in rows}


async def notice_payload(session: AsyncSession, notice_id: int) -> str:
    """The frozen payload of a notice."""
    return await session.scalar(select(Notice.payload).where(Notice.id == notice_id)) or "{}"


async def purge(session: AsyncSession, *, replies_before: int, links_before: int) -> None:
    """Forget finished replies, and whom finished notices went to; their counts stay."""
    done = Delivery.state.not_in(
        [DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.HELD]
    )
    await session.execute(
        delete(Delivery).where(
            done, Delivery.notice_id.is_(None), Delivery.settled_at < replies_before
        )
    )
    await session.execute(
        update(Delivery)
        .where(done, Delivery.settled_at < links_before, Delivery.chat != b"")
        .values(subscriber_id=None, chat=b"", address=None, refs="")
        .execution_options(synchronize_session=False)
    )


def _is_postgresql(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"
