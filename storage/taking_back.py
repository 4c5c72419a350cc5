"""Taking back what is queued: nobody wants it any more, or it must not go out.

Rows that another transaction is just making are not seen: who takes back has the turn
(`duties.take_turn`).
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import rows_of
from storage.models import SENDING, Delivery, DeliveryState


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
