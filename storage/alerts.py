"""Alerts on their way from draft to sent. Every step is compare-and-set on the state."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Alert, AlertState, Approval


async def add_draft(
    session: AsyncSession,
    *,
    case_id: str,
    payload: str,
    content_hash: str,
    created_by: int | None,
    now: int,
    expires_at: int,
    corrects_id: int | None = None,
    page: str | None = None,
) -> Alert:
    """A new draft; its payload never changes again."""
    alert = Alert(
        case_id=case_id,
        state=AlertState.DRAFT,
        payload=payload,
        content_hash=content_hash,
        created_by=created_by,
        created_at=now,
        expires_at=expires_at,
        corrects_id=corrects_id,
        page=page,
    )
    session.add(alert)
    await session.flush()
    return alert


async def get(session: AsyncSession, alert_id: int) -> Alert | None:
    """One alert."""
    return await session.get(Alert, alert_id)


async def of_page(session: AsyncSession, page: str) -> list[Alert]:
    """The alert whose page has this address, and its corrections; the oldest first."""
    root = select(Alert.id).where(Alert.page == page).scalar_subquery()
    rows = await session.scalars(
        select(Alert).where(or_(Alert.id == root, Alert.corrects_id == root)).order_by(Alert.id)
    )
    return list(rows)


async def step(
    session: AsyncSession,
    alert: Alert,
    from_states: Collection[AlertState],
    to_state: AlertState,
    *,
    send_at: int | None = None,
) -> bool:
    """Move the alert on if it still stands where expected; False if somebody was faster."""
    moved = await session.scalar(
        update(Alert)
        .where(Alert.id == alert.id, Alert.state.in_(list(from_states)))
        .values(state=to_state, send_at=send_at)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    if moved is not None:
        await session.refresh(alert)
    return moved is not None


async def approve(session: AsyncSession, alert: Alert, organiser_id: int, now: int) -> int:
    """Count this organiser's yes to the alert as it is; how many different ones there are."""
    await session.merge(
        Approval(
            alert_id=alert.id,
            organiser_id=organiser_id,
            content_hash=alert.content_hash,
            approved_at=now,
        )
    )
    await session.flush()
    count = await session.scalar(
        select(func.count()).where(
            Approval.alert_id == alert.id, Approval.content_hash == alert.content_hash
        )
    )
    return count or 0


async def in_state(session: AsyncSession, states: Collection[AlertState]) -> list[Alert]:
    """The alerts that stand in one of these states, oldest first."""
    rows = await session.scalars(
        select(Alert).where(Alert.state.in_(list(states))).order_by(Alert.id)
    )
    return list(rows)


async def due(session: AsyncSession, now: int) -> list[Alert]:
    """The scheduled alerts whose time has come."""
    rows = await session.scalars(
        select(Alert)
        .where(Alert.state == AlertState.SCHEDULED, Alert.send_at <= now)
        .order_by(Alert.send_at, Alert.id)
        .with_for_update(skip_locked=True)
    )
    return list(rows)


async def overdue_drafts(session: AsyncSession, now: int) -> list[Alert]:
    """The drafts nobody approved in time."""
    rows = await session.scalars(
        select(Alert).where(Alert.state == AlertState.DRAFT, Alert.expires_at <= now)
    )
    return list(rows)


async def latest(session: AsyncSession, limit: int) -> list[Alert]:
    """The newest alerts that went out or are going out, newest first."""
    rows = await session.scalars(
        select(Alert)
        .where(Alert.state.in_([AlertState.SENDING, AlertState.SENT]))
        .order_by(Alert.id.desc())
        .limit(limit)
    )
    return list(rows)
