"""Taking back what is queued: nobody wants it any more, or it must not go out.

PostgreSQL runs transactions side by side: one that fixes the readers of a notice does not see who
unsubscribes at that moment, who in turn does not see the rows it makes. So they wait for each
other, by an advisory lock that is gone when the transaction ends. SQLite has one writer anyway.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import rows_of
from storage.models import SENDING, Delivery, DeliveryState

_READERS = 0x70C51  # the number of the advisory lock; no other use of ours has it


async def fix_readers(session: AsyncSession) -> None:
    """From here to the end of the transaction nobody leaves: who reads a notice is decided."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(_READERS)))


async def await_readers(session: AsyncSession) -> None:
    """Wait until no notice's readers are being decided, and let none be until we are done."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock_shared(_READERS)))


async def take_back(
    session: AsyncSession,
    which: ColumnElement[bool],
    now: int,
    state: DeliveryState = DeliveryState.PENDING,
) -> int:
    """Cancel the deliveries that wait in this state; how many.

    What is on its way at this moment cannot be stopped, but it is not tried again, nor is the
    rest of it sent: `unwanted` tells who settles it.
    """
    await await_readers(session)
    result = await session.execute(
        update(Delivery)
        .where(which, Delivery.state == state)
        .values(state=DeliveryState.CANCELLED, settled_at=now)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Delivery)
        .where(which, Delivery.state == SENDING)
        .values(unwanted=True)
        .execution_options(synchronize_session=False)
    )
    return rows_of(result)
