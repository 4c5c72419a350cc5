"""What ends with a case or an alert: drafts, planned sendings, and what is queued or in doubt."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import rows_of
from storage.models import Alert, AlertState, Delivery, DeliveryState, Notice
from storage.taking_back import take_back

_ALERT = "alert"
_REMINDERS = ("reminder", "hearing-changed")


async def call_off(session: AsyncSession, case_id: str) -> int:
    """Cancel every alert about a case that has not begun to go out; how many."""
    return await _cancel(session, Alert.case_id == case_id)


async def call_off_corrections(session: AsyncSession, alert_id: int) -> int:
    """Cancel every correction of an alert that has not begun to go out; how many."""
    return await _cancel(session, Alert.corrects_id == alert_id)


async def _cancel(session: AsyncSession, which: ColumnElement[bool]) -> int:
    waiting = Alert.state.in_([AlertState.DRAFT, AlertState.SCHEDULED])
    gone = await session.execute(
        update(Alert)
        .where(which, waiting)
        .values(state=AlertState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    return rows_of(gone)


async def told_about(session: AsyncSession, case_id: str) -> list[list[Notice]]:
    """What was told about a case and not taken back: one list for each thing a reader has a copy
    of. An alert and its corrections are one copy; each reminder is one by itself.
    """
    retracted = select(Alert.id).where(Alert.state == AlertState.RETRACTED)
    rows = await session.scalars(
        select(Notice)
        .where(Notice.case_id == case_id, Notice.kind.in_([_ALERT, *_REMINDERS]))
        .where(Notice.alert_id.is_(None) | Notice.alert_id.not_in(retracted))
        .order_by(Notice.id)
    )
    groups: dict[tuple[int, int], list[Notice]] = {}
    for row in rows:
        groups.setdefault((row.alert_id or 0, 0 if row.alert_id else row.id), []).append(row)
    return list(groups.values())


async def give_up_held(session: AsyncSession, notice_ids: Collection[int], now: int) -> None:
    """Offer no more to send again what is in doubt."""
    which = Delivery.notice_id.in_(notice_ids)
    await take_back(session, which, now, DeliveryState.HELD)
