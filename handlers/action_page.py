"""The action page of an alert: what it shows now, and when it asks for nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.alert_notice import read_payload
from handlers.alert_payload import AlertPayload
from handlers.organisers import WITHDRAWN
from handlers.withdrawal import Withdrawal
from storage import alerts, cases, notices
from storage.models import Alert, AlertState

LASTS_DAYS = 90
"""How long an alert without a deadline asks for letters: who finds it later may do harm."""

_OUT = (AlertState.SENDING, AlertState.SENT)


class Ended(StrEnum):
    """Why nobody should write any more."""

    WITHDRAWN = "withdrawn"  # the organisers took the alert back
    CLOSED = "closed"  # the case is closed
    DEADLINE = "deadline"  # the day until which letters helped is over
    OLD = "old"  # nobody has confirmed it for long


@dataclass(frozen=True, slots=True)
class Action:
    """What the page shows: the alert as it was last corrected, and whether it is over."""

    payload: AlertPayload
    ended: Ended | None = None
    reason: str = ""  # the organisers' own words, where it was taken back
    outcome: str = ""  # how the case ended, where an organiser closed it: "freed", …


async def find_action(session: AsyncSession, page: str, now: int) -> Action | None:
    """What is to be shown at this address; None if nothing ever went out from there."""
    family = await alerts.of_page(session, page)
    withdrawn = [row for row in family if row.state == AlertState.RETRACTED]
    shown = [row for row in family if row.state in (*_OUT, AlertState.RETRACTED)]
    if not shown:
        return None
    payload = read_payload(shown[-1].payload)
    if withdrawn:
        return Action(payload, Ended.WITHDRAWN, await _reason(session, family))
    ended = await _ended(session, payload, now)
    outcome = await cases.outcome(session, payload.case.id) if ended is Ended.CLOSED else ""
    return Action(payload, ended, outcome=outcome)


async def _ended(session: AsyncSession, payload: AlertPayload, now: int) -> Ended | None:
    today = datetime.fromtimestamp(now, UTC).date()
    row = await cases.get_case(session, payload.case.id)
    if row is None or row.closed_at is not None:
        return Ended.CLOSED
    deadline = payload.case.deadline
    if deadline >= payload.issued:  # an older one is a mistake the organisers were told of
        return Ended.DEADLINE if today.isoformat() > deadline else None
    issued = date.fromisoformat(payload.issued)
    return Ended.OLD if today > issued + timedelta(days=LASTS_DAYS) else None


async def _reason(session: AsyncSession, family: Sequence[Alert]) -> str:
    """Why it was taken back, as the organisers told everybody."""
    told = await notices.of_alert(session, family[0].id)
    texts = [it.payload for it in told if it.kind == WITHDRAWN]
    return Withdrawal.model_validate_json(texts[-1]).reason if texts else ""
