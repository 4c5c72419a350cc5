"""Writing down how attempts ended, and what to do about those nobody knows the end of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Text,
    and_,
    bindparam,
    case,
    delete,
    false,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from storage import subscribers
from storage.database import rows_of
from storage.models import SENDING, Delivery, DeliveryState, Notice, Subscriber, SubscriberState
from storage.outbox import Claim


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `state` is what the delivery becomes; `pending` means try again."""

    claim: Claim
    state: DeliveryState
    refs: tuple[str, ...] | None = None  # of the parts that are there now; None: as before
    done: bool = False  # this part is dealt with
    due_at: int = 0
    repeat: bool = False
    error: str = ""
    moved_to: str = ""
    snoozed: bool = False  # was not attempted at all: does not count
    doubtful: bool = False  # this attempt may have arrived
    lost: bool = False  # the chat takes no more messages


async def settle(session: AsyncSession, outcomes: Sequence[Outcome], now: int) -> None:
    """Write down how attempts ended, with what that means for the subscribers.

    An outcome that comes late, when the row is somebody else's by now or erased, changes
    nothing: parts and attempts are numbered.
    """
    if not outcomes:
        return
    connection = await session.connection()  # many rows at once, past the objects
    await connection.execute(_SETTLE, [_written(outcome, now) for outcome in outcomes])
    changes = [_edited(it) for it in outcomes if _is_whole_change(it)]
    if changes:
        await connection.execute(_EDITED, changes)
    traceless = [it.claim.id for it in outcomes if it.claim.anonymous]
    if traceless:  # the last word after /forget leaves no trace
        await session.execute(_ERASE, {"ids": traceless})
    for outcome in outcomes:
        if outcome.lost:
            await _lose(session, outcome.claim, now)
        if outcome.moved_to:
            await _follow_move(session, outcome.claim, outcome.moved_to)


def _written(outcome: Outcome, now: int) -> dict[str, object]:
    claim = outcome.claim
    pending = outcome.state == DeliveryState.PENDING
    attempts = 0 if outcome.done else claim.attempts - (1 if outcome.snoozed else 0)
    return {
        "row": claim.id,
        "attempt": claim.attempts,
        "at_part": claim.part,
        "new_state": outcome.state,
        "new_part": claim.part + (1 if outcome.done else 0),
        "new_refs": "\n".join(claim.refs if outcome.refs is None else outcome.refs),
        "new_attempts": attempts,
        "new_repeat": pending and not outcome.done and (claim.repeat or outcome.repeat),
        "new_error": outcome.error,
        "in_doubt": outcome.doubtful,
        "old_doubt": None if outcome.done else claim.doubtful_since,
        "new_due": max(outcome.due_at, now),
        "new_settled": None if pending else now,
        "taken_back": now,
    }


_TAKEN_BACK = bindparam("taken_back", type_=BigInteger())
_NEW_SETTLED = bindparam("new_settled", type_=BigInteger())
_NEW_STATE = bindparam("new_state", type_=Text())
_NOT_AGAIN = and_(_NEW_STATE == DeliveryState.PENDING, Delivery.unwanted)
_SETTLE = (
    update(Delivery.__table__)  # type: ignore[arg-type] # the table itself: no objects are kept
    .where(
        Delivery.id == bindparam("row"),
        Delivery.part == bindparam("at_part"),  # attempts begin anew with each part
        Delivery.attempts == bindparam("attempt"),
        or_(
            Delivery.state == DeliveryState.SENDING,
            Delivery.state == DeliveryState.PENDING,  # recovered meanwhile, but it did arrive
        ),
    )
    .values(
        state=case((_NOT_AGAIN, DeliveryState.CANCELLED), else_=_NEW_STATE),
        part=bindparam("new_part"),
        refs=bindparam("new_refs"),
        attempts=bindparam("new_attempts"),
        repeat=bindparam("new_repeat"),
        error=bindparam("new_error"),
        doubtful_since=case(
            (bindparam("in_doubt", type_=Boolean()), Delivery.doubtful_since),
            else_=bindparam("old_doubt", type_=BigInteger()),
        ),
        due_at=bindparam("new_due"),
        settled_at=case((_NOT_AGAIN, _TAKEN_BACK), else_=_NEW_SETTLED),
        body=case((_NEW_STATE == DeliveryState.PENDING, Delivery.body), else_=null()),
    )
)
_ERASE = (
    delete(Delivery)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)), Delivery.settled_at.is_not(None))
    .execution_options(synchronize_session=False)
)
_EDITED = (
    update(Delivery.__table__)  # type: ignore[arg-type] # as above
    .where(Delivery.id == bindparam("row"))
    .values(refs=bindparam("new_refs"))
)


def _is_whole_change(outcome: Outcome) -> bool:
    """Has what was to be changed been changed in every part?"""
    done = outcome.state == DeliveryState.SENT and outcome.refs is not None
    return done and outcome.claim.edits_id is not None


def _edited(outcome: Outcome) -> dict[str, object]:
    """What was changed remembers the parts it has now, for the next change."""
    return {"row": outcome.claim.edits_id, "new_refs": "\n".join(outcome.refs or ())}


async def _lose(session: AsyncSession, claim: Claim, now: int) -> None:
    chat = subscribers.chat_index(session, claim.platform, claim.address)
    await session.execute(
        update(Subscriber)
        .where(Subscriber.platform == claim.platform, Subscriber.address_index == chat)
        .values(state=SubscriberState.GONE)
    )
    await session.execute(
        update(Delivery)
        .where(subscribers.sent_to(claim.platform, chat), Delivery.state == DeliveryState.PENDING)
        .values(state=DeliveryState.UNREACHABLE, body=None, settled_at=now)
        .execution_options(synchronize_session=False)
    )


async def _follow_move(session: AsyncSession, claim: Claim, address: str) -> None:
    subscriber = await subscribers.find(session, claim.platform, claim.address)
    if subscriber is not None:
        await subscribers.move(session, subscriber, address)
        return
    await session.execute(
        update(Delivery)
        .where(Delivery.id == claim.id)
        .values(
            address=subscribers.seal_address(session, address),
            chat=subscribers.chat_index(session, claim.platform, address),
        )
        .execution_options(synchronize_session=False)
    )


async def recover(
    session: AsyncSession, platform: str, *, idempotent: bool, hold: Collection[str], now: int
) -> int:
    """Decide about deliveries that were in flight when the process died; returns how many.

    Where the service recognises a repeated key they simply go again. Elsewhere they go again
    marked as a possible repeat, except notices whose kind is in `hold`: those wait for an
    organiser. What nobody wants any more goes nowhere.
    """
    doubtful = and_(Delivery.platform == platform, Delivery.state == SENDING)
    result = await session.execute(
        update(Delivery)
        .where(doubtful, Delivery.unwanted)
        .values(state=DeliveryState.CANCELLED, settled_at=now)
        .execution_options(synchronize_session=False)
    )
    unwanted = rows_of(result)
    held = 0
    if not idempotent:
        kinds = select(Notice.id).where(Notice.kind.in_(list(hold)))
        result = await session.execute(
            update(Delivery)
            .where(doubtful, Delivery.notice_id.in_(kinds), Delivery.edits_id.is_(None))
            .values(state=DeliveryState.HELD, settled_at=now)
            .execution_options(synchronize_session=False)
        )
        held = rows_of(result)
    marked = false() if idempotent else true()  # a change may send a part, too
    result = await session.execute(
        update(Delivery)
        .where(doubtful)
        .values(state=DeliveryState.PENDING, repeat=or_(Delivery.repeat, marked))
        .execution_options(synchronize_session=False)
    )
    return unwanted + held + rows_of(result)
