"""The brake for a bad day: whether it is on, and calling off what is planned."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import keepsakes
from storage.models import Alert, AlertState

_FLAG = ("tocsin", "lockdown")


async def is_on(session: AsyncSession) -> bool:
    """Has somebody pulled the brake and nobody released it?"""
    return await keepsakes.load(session, *_FLAG) == "on"


async def switch(session: AsyncSession, *, on: bool) -> None:
    """Pull the brake, or release it."""
    await keepsakes.save(session, *_FLAG, "on" if on else "off")


async def cancel_alerts(session: AsyncSession, states: Iterable[AlertState]) -> int:
    """Call off every alert in one of these states; how many."""
    gone = await session.scalars(
        update(Alert)
        .where(Alert.state.in_(list(states)))
        .values(state=AlertState.CANCELLED)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    return len(list(gone))
