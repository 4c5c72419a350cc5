"""The outbox: everything that leaves is a row here first.

    pending ──claim──▶ sending ──settle──▶ sent | unreachable | rejected | held
       ▲                  │
       └──── try later ───┘      cancelled: taken back before it left

A claim commits before the request is made and the settling after it (settling.py), so after a
crash exactly the rows in `sending` are doubtful. A delivery longer than one message is one row:
`part` counts the parts that have arrived, each part is claimed and settled by itself.

Replies are rows by themselves and go first. What many get is a stream of rows, one a notice
(notices.py): of the open streams the most urgent is drawn from, each in the order of its ranks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import subscribers
from storage.database import rows_of
from storage.lots import lot
from storage.models import SENDING, Delivery, DeliveryState, Notice, Subscriber
from storage.vault import vault_of

REPLIES, CORRECTIONS, REMINDERS, ALERTS = range(4)
"""Lanes. Somebody waits for a reply; a wrong alert must go before it is acted on; a reminder has
its hour; an alert takes what is left."""

ORGANISERS, SAMPLE, URGENT, ALL = range(4)
"""Ranks within a notice: its organisers see it first, then a sample of the readers of every
language, then all others, those who want only what is urgent before those who want everything."""

STAGES = {ORGANISERS: 0, SAMPLE: 1, URGENT: 2, ALL: 2}
"""Rank → stage. A stage begins when everybody of the one before has been dealt with."""

_BODY = "deliveries.body"
_WORKERS = 8  # more rows than may be in flight: how far to look past them


@dataclass(frozen=True, slots=True)
class Reader:
    """What rendering needs to know about the chat; "" where it never said."""

    language: str = ""
    country: str = ""
    timezone: str = ""
    kind: str = "private"
    content: str = ""  # what they asked for: see handlers/content.py
    quiet_from: int | None = None
    quiet_to: int | None = None
    lot: int = 0  # which of several approved wordings they get, see `lots.py`

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
    notice_kind: str  # "" for replies
    body: str  # a packed message; "" for notices
    part: int
    refs: tuple[str, ...]  # of the parts that are there by now
    edits_id: int | None
    edits: tuple[str, ...]  # the references of the message to change, by part
    repeat: bool
    attempts: int
    doubtful_since: int | None  # before this attempt: since when the part may have arrived
    lane: int
    anonymous: bool  # neither a subscriber nor a notice hangs on it


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
            due_at=now,
            created_at=now,
        )
    )


# -------------------------------------------------------------------------------- claiming


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is due but not ours yet."""

    claim: Claim  # as it will be once it is
    chat: bytes


async def claim(
    session: AsyncSession,
    platform: str,
    now: int,
    *,
    replies: int,
    notices: int,
    first: int = CORRECTIONS,
) -> list[Claim]:
    """Look for so many due replies and notices and take them, all in one."""
    found = await due_replies(session, platform, now, replies)
    found += await due_notices(session, platform, now, notices, first=first)
    return await take(session, found, now)


async def due_replies(session: AsyncSession, platform: str, now: int, most: int) -> list[Waiting]:
    """The replies that are due, in the order they were made."""
    if most <= 0:
        return []
    connection = await session.connection()  # plain rows: this runs all the time
    rows = await connection.execute(_REPLIES, _about(platform, now, most * 4))
    return [_as_waiting(session, row) for row in rows]


async def due_notices(
    session: AsyncSession, platform: str, now: int, most: int, *, first: int = CORRECTIONS
) -> list[Waiting]:
    """Up to so many deliveries of the open streams, the most urgent first.

    `first` is the lane that is drawn from first, the others follow in their order: whoever
    always asks for one lane starves the rest.
    """
    if most <= 0:
        return []
    connection = await session.connection()
    streams = sorted(await connection.execute(_OPEN), key=lambda it: it.lane != first)
    found: list[Waiting] = []
    for stream in streams:
        if len(found) >= most:
            break
        about = _about(platform, now, most + _WORKERS)
        rows = list(await connection.execute(_STREAM, {**about, "notice": stream.id}))
        found += [_as_waiting(session, row) for row in _of_first_stage(rows)]
    return found[:most]


async def take(session: AsyncSession, wanted: Iterable[Waiting], now: int) -> list[Claim]:
    """Make these of one platform ours, never two of one chat, those that are still to be had.

    Commit before sending them. Other processes on PostgreSQL skip what is being taken.
    """
    chosen: dict[bytes, Waiting] = {}
    for waiting in wanted:
        chosen.setdefault(waiting.chat, waiting)
    if not chosen:
        return []
    connection = await session.connection()
    claims = [waiting.claim for waiting in chosen.values()]
    about = {"ids": [claim.id for claim in claims], "on": claims[0].platform, "since": now}
    rows = await connection.execute(_TAKE, about)
    attempts = {row.id: row.attempts for row in rows}
    return [replace(it, attempts=attempts[it.id]) for it in claims if it.id in attempts]


async def in_flight(session: AsyncSession, platform: str) -> list[Claim]:
    """The claims that a process which is no more has left behind."""
    connection = await session.connection()
    rows = await connection.execute(_IN_FLIGHT, {"on": platform, "limit": _WORKERS})
    return [_as_waiting(session, row).claim for row in rows]


def _of_first_stage(rows: Sequence[Any]) -> list[Any]:
    """The waiting rows of the earliest stage that has rows waiting or in flight.

    Rows that are to be tried again later are not among them: one broken chat must not hold up
    everybody else.
    """
    if not rows:
        return []
    stage = STAGES[rows[0].rank]
    return [
        row for row in rows if row.state == DeliveryState.PENDING and STAGES[row.rank] == stage
    ]


def _about(platform: str, now: int, limit: int) -> dict[str, object]:
    return {"on": platform, "now": now, "limit": limit}


def _busy() -> Select[bytes]:
    """The chats that have a message in flight."""
    busy = aliased(Delivery)
    return select(busy.chat).where(busy.platform == bindparam("on"), busy.state == SENDING)


def _is_open(target: type[Delivery]) -> Select[int]:
    """What an edit changes must have arrived first, or never will."""
    return select(target.id).where(
        target.id == Delivery.edits_id,
        or_(target.state == DeliveryState.PENDING, target.state == SENDING),
    )


_Target = aliased(Delivery)
_EVERYTHING = (
    select(
        Delivery.id,
        Delivery.platform,
        Delivery.chat,
        Delivery.address,
        Delivery.subscriber_id,
        Delivery.notice_id,
        Delivery.body,
        Delivery.part,
        Delivery.refs,
        Delivery.edits_id,
        Delivery.edits_ref,
        Delivery.repeat,
        Delivery.attempts,
        Delivery.doubtful_since,
        Delivery.state,
        Delivery.rank,
        Subscriber.address.label("usual_address"),
        Subscriber.language,
        Subscriber.country,
        Subscriber.timezone,
        Subscriber.kind,
        Subscriber.content,
        Subscriber.quiet_from,
        Subscriber.quiet_to,
        Notice.kind.label("notice_kind"),
        Notice.lane,
        Notice.alert_id,
        _Target.refs.label("target_refs"),
    )
    .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    .outerjoin(Notice, Notice.id == Delivery.notice_id)
    .outerjoin(_Target, _Target.id == Delivery.edits_id)
    .where(
        Delivery.platform == bindparam("on"),
        Delivery.settled_at.is_(None),  # tells the database which index
    )
    .limit(bindparam("limit", type_=Integer()))
)


def _due_replies() -> Select[*tuple[Any, ...]]:
    """Replies that are due; a chat's never overtake each other."""
    earlier = aliased(Delivery)
    overtaken = select(earlier.id).where(
        earlier.chat == Delivery.chat,
        earlier.state == DeliveryState.PENDING,
        earlier.notice_id.is_(None),
        earlier.due_at > bindparam("now"),
        earlier.id < Delivery.id,
    )
    return _EVERYTHING.where(
        Delivery.notice_id.is_(None),
        Delivery.state == DeliveryState.PENDING,
        Delivery.due_at <= bindparam("now"),
        Delivery.chat.not_in(_busy()),
        ~overtaken.exists(),
        ~_is_open(aliased(Delivery)).exists(),
    ).order_by(Delivery.id)


def _due_of_stream() -> Select[*tuple[Any, ...]]:
    """The next rows of a notice in the order of their ranks, those in flight among them."""
    waits = and_(
        Delivery.state == DeliveryState.PENDING,
        Delivery.due_at <= bindparam("now"),
        Delivery.chat.not_in(_busy()),
        ~_is_open(aliased(Delivery)).exists(),
    )
    return _EVERYTHING.where(
        Delivery.notice_id == bindparam("notice"),
        or_(Delivery.state == DeliveryState.SENDING, waits),
    ).order_by(Delivery.rank, Delivery.id)


_REPLIES = _due_replies()
_IN_FLIGHT = _EVERYTHING.where(Delivery.state == SENDING).order_by(Delivery.id)
_STREAM = _due_of_stream()
_IS_OPEN = and_(Notice.finished_at.is_(None), Notice.paused_at.is_(None))
_OPEN = (
    select(Notice.id, Notice.lane)
    .where(_IS_OPEN)
    .order_by(Notice.lane, Notice.priority, Notice.id)
)
_TAKEN = aliased(Delivery)
_TAKE = (
    update(Delivery)
    .where(
        Delivery.id.in_(
            select(_TAKEN.id)
            .where(
                _TAKEN.id.in_(bindparam("ids", expanding=True)),
                _TAKEN.state == DeliveryState.PENDING,
                _TAKEN.chat.not_in(_busy()),
                or_(
                    _TAKEN.notice_id.is_(None),
                    _TAKEN.notice_id.in_(select(Notice.id).where(_IS_OPEN)),
                ),
            )
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        state=DeliveryState.SENDING,
        attempts=Delivery.attempts + 1,
        doubtful_since=func.coalesce(
            Delivery.doubtful_since, bindparam("since", type_=BigInteger())
        ),
    )
    .returning(Delivery.id, Delivery.attempts)
    .execution_options(synchronize_session=False)
)


def _as_waiting(session: AsyncSession, row: Row[*tuple[Any, ...]]) -> Waiting:
    edits = row.edits_ref or row.target_refs or ""
    claim = Claim(
        id=row.id,
        platform=row.platform,
        address=subscribers.open_address(session, row.address or row.usual_address or b""),
        reader=_reader(row),
        notice_id=row.notice_id,
        notice_kind=row.notice_kind or "",
        body=vault_of(session).open(row.body, _BODY) if row.body else "",
        part=row.part,
        refs=tuple(row.refs.split("\n")) if row.refs else (),
        edits_id=row.edits_id,
        edits=tuple(edits.split("\n")) if edits else (),
        repeat=bool(row.repeat),
        attempts=row.attempts,
        doubtful_since=row.doubtful_since,
        lane=REPLIES if row.lane is None else row.lane,
        anonymous=row.notice_id is None and row.subscriber_id is None,
    )
    return Waiting(claim, row.chat)


def _reader(row: Row[*tuple[Any, ...]]) -> Reader:
    if row.subscriber_id is None:
        return Reader()
    return Reader(
        language=row.language,
        country=row.country,
        timezone=row.timezone,
        kind=row.kind,
        content=row.content,
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        lot=lot(row.alert_id, row.subscriber_id) if row.alert_id else 0,  # a correction keeps it
    )


async def get(session: AsyncSession, delivery_id: int) -> Delivery | None:
    """One delivery; None once it has been purged."""
    return await session.get(Delivery, delivery_id)


# ------------------------------------------------------------------------------- forgetting

_PURGED = 5000  # rows a transaction: nobody waits long for the writer


async def purge(session: AsyncSession, *, replies_before: int, links_before: int) -> int:
    """Forget finished replies, and whom finished notices went to; their counts stay.

    Does a part of it; how many rows. Call again until it returns 0.
    """
    replies = (
        select(Delivery.id)
        .where(Delivery.notice_id.is_(None), Delivery.settled_at < replies_before)
        .limit(_PURGED)
    )
    links = (
        select(Delivery.id)
        .where(Delivery.subscriber_id.is_not(None), Delivery.settled_at < links_before)
        .limit(_PURGED)
    )
    gone = await session.execute(
        delete(Delivery)
        .where(Delivery.id.in_(replies))
        .execution_options(synchronize_session=False)
    )
    unlinked = await session.execute(
        update(Delivery)
        .where(Delivery.id.in_(links))
        .values(subscriber_id=None, chat=b"", address=None, refs="")
        .execution_options(synchronize_session=False)
    )
    return rows_of(gone) + rows_of(unlinked)
