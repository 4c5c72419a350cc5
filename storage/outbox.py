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
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CursorResult,
    Integer,
    Result,
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
from storage.models import Delivery, DeliveryState, Notice, Subscriber
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
    notice_kind: str  # "" for replies
    body: str  # a packed message; "" for notices
    part: int
    refs: tuple[str, ...]  # of the parts that are there by now
    edits_id: int | None
    edits: tuple[str, ...]  # the references of the message to change, by part
    repeat: bool
    attempts: int
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


async def claim(
    session: AsyncSession,
    platform: str,
    now: int,
    *,
    replies: int,
    notices: int,
    first: int = CORRECTIONS,
) -> list[Claim]:
    """Take up to so many due replies and notices, never two of one chat.

    Commit before sending them. `first` is the lane of notices that is drawn from first, the
    others follow in their order: whoever always asks for one lane starves the rest. Other
    processes on PostgreSQL skip what is being claimed.
    """
    drawn = _Drawn()
    drawn.take(await session.execute(_REPLIES, _about(platform, now, replies * 4)), replies)
    if notices > 0:
        about = _about(platform, now, notices * 2 + _WORKERS)
        await _draw_notices(session, drawn, about, notices, first)
    if not drawn.ids:
        return []
    await session.execute(_CLAIM, {"ids": list(drawn.ids)})
    return await _claims(session, drawn.ids)


class _Drawn:
    """Rows chosen so far, no chat twice."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._chats: set[bytes] = set()

    def take(self, rows: Iterable[Any], most: int) -> int:
        """Choose up to so many of these rows (number, chat, …); how many."""
        taken = 0
        for row_id, chat, *_ in rows:
            if taken < most and chat not in self._chats:
                self._chats.add(chat)
                self.ids.append(row_id)
                taken += 1
        return taken


async def _draw_notices(
    session: AsyncSession, drawn: _Drawn, about: dict[str, object], most: int, first: int
) -> None:
    streams = list(await session.execute(_OPEN))
    for stream in sorted(streams, key=lambda it: it.lane != first):  # sorting is stable
        if most <= 0:
            return
        rows = list(await session.execute(_STREAM, {**about, "notice": stream.id}))
        most -= drawn.take(_of_first_stage(rows), most)


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
    return {"platform": platform, "now": now, "limit": limit}


def _busy() -> Select[bytes]:
    """The chats that have a message in flight."""
    busy = aliased(Delivery)
    return select(busy.chat).where(
        busy.platform == bindparam("platform"), busy.state == DeliveryState.SENDING
    )


def _due_replies() -> Select[int, bytes]:
    """Replies that are due, in the order they were made; a chat's never overtake each other."""
    earlier, target = aliased(Delivery), aliased(Delivery)
    overtaken = select(earlier.id).where(
        earlier.chat == Delivery.chat,
        earlier.state == DeliveryState.PENDING,
        earlier.notice_id.is_(None),
        earlier.due_at > bindparam("now"),
        earlier.id < Delivery.id,
    )
    return (
        select(Delivery.id, Delivery.chat)
        .where(
            Delivery.platform == bindparam("platform"),
            Delivery.settled_at.is_(None),  # with the next line: tells which index
            Delivery.notice_id.is_(None),
            Delivery.state == DeliveryState.PENDING,
            Delivery.due_at <= bindparam("now"),
            Delivery.chat.not_in(_busy()),
            ~overtaken.exists(),
            ~_is_open(target).exists(),
        )
        .order_by(Delivery.id)
        .limit(bindparam("limit", type_=Integer()))
        .with_for_update(skip_locked=True, of=Delivery)
    )


def _is_open(target: type[Delivery]) -> Select[int]:
    """What an edit changes must have arrived first, or never will."""
    return select(target.id).where(
        target.id == Delivery.edits_id,
        target.state.in_([DeliveryState.PENDING, DeliveryState.SENDING]),
    )


def _due_of_stream() -> Select[int, bytes, str, int]:
    """The next rows of a notice in the order of their ranks, those in flight among them."""
    waits = and_(
        Delivery.state == DeliveryState.PENDING,
        Delivery.due_at <= bindparam("now"),
        Delivery.chat.not_in(_busy()),
        ~_is_open(aliased(Delivery)).exists(),
    )
    return (
        select(Delivery.id, Delivery.chat, Delivery.state, Delivery.rank)
        .where(
            Delivery.platform == bindparam("platform"),
            Delivery.notice_id == bindparam("notice"),
            Delivery.settled_at.is_(None),
            or_(Delivery.state == DeliveryState.SENDING, waits),
        )
        .order_by(Delivery.rank, Delivery.id)
        .limit(bindparam("limit", type_=Integer()))
        .with_for_update(skip_locked=True, of=Delivery)
    )


_REPLIES = _due_replies()
_STREAM = _due_of_stream()
_OPEN = (
    select(Notice.id, Notice.lane)
    .where(Notice.finished_at.is_(None), Notice.paused_at.is_(None))
    .order_by(Notice.lane, Notice.priority, Notice.id)
)
_CLAIM = (
    update(Delivery)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)))
    .values(state=DeliveryState.SENDING, attempts=Delivery.attempts + 1)
    .execution_options(synchronize_session=False)
)
_Target = aliased(Delivery)
_CLAIMED = (
    select(
        Delivery.id,
        Delivery.platform,
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
        Subscriber.address.label("usual_address"),
        Subscriber.language,
        Subscriber.country,
        Subscriber.timezone,
        Subscriber.kind,
        Subscriber.quiet_from,
        Subscriber.quiet_to,
        Notice.kind.label("notice_kind"),
        Notice.lane,
        _Target.refs.label("target_refs"),
    )
    .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    .outerjoin(Notice, Notice.id == Delivery.notice_id)
    .outerjoin(_Target, _Target.id == Delivery.edits_id)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)))
)


async def _claims(session: AsyncSession, ids: Sequence[int]) -> list[Claim]:
    """What was claimed, in the order it was drawn in."""
    rows = {row.id: row for row in await session.execute(_CLAIMED, {"ids": list(ids)})}
    return [_as_claim(session, rows[number]) for number in ids]


def _as_claim(session: AsyncSession, row: Row[*tuple[Any, ...]]) -> Claim:
    edits = row.edits_ref or row.target_refs or ""
    return Claim(
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
        repeat=row.repeat,
        attempts=row.attempts,
        lane=REPLIES if row.lane is None else row.lane,
        anonymous=row.notice_id is None and row.subscriber_id is None,
    )


def _reader(row: Row[*tuple[Any, ...]]) -> Reader:
    if row.subscriber_id is None:
        return Reader()
    return Reader(
        language=row.language,
        country=row.country,
        timezone=row.timezone,
        kind=row.kind,
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
    )


async def get(session: AsyncSession, delivery_id: int) -> Delivery | None:
    """One delivery; None once it has been purged."""
    return await session.get(Delivery, delivery_id)


async def oldest_due(session: AsyncSession, platform: str) -> int | None:
    """When the delivery that waits longest fell due; None if none waits."""
    replies = select(func.min(Delivery.due_at)).where(
        Delivery.platform == platform,
        Delivery.settled_at.is_(None),
        Delivery.notice_id.is_(None),
    )
    notices = (
        select(func.min(Notice.created_at))
        .where(Notice.finished_at.is_(None), Notice.paused_at.is_(None))
        .where(
            select(Delivery.id)
            .where(
                Delivery.platform == platform,
                Delivery.notice_id == Notice.id,
                Delivery.settled_at.is_(None),
            )
            .exists()
        )
    )
    found = [await session.scalar(replies), await session.scalar(notices)]
    return min((at for at in found if at is not None), default=None)


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


def rows_of(result: Result[Any]) -> int:
    """How many rows a statement has changed."""
    return result.rowcount if isinstance(result, CursorResult) else 0
