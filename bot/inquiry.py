"""Asking a platform whether a doubtful part has arrived, before it is repeated or held.

A claim's mark says where to look for its message. Marks are kept in the transaction that claims,
so that they are there after a crash for exactly the deliveries that were on their way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pacer import NotNow, Pacer
from bot.platforms.base import Lookup, Platform, PlatformError, TryLater
from handlers.message import ChatKind, Message
from storage import keepsakes
from storage.outbox import CORRECTIONS, Claim

log = structlog.get_logger()

_MARKS = "marks"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the account stood before an attempt, and when: its buttons are signed for a time."""

    attempt: int
    since: str
    at: int


class Inquiry:
    """What one platform can tell about doubtful parts; "" for most."""

    def __init__(self, platform: Platform, pacer: Pacer) -> None:
        self._name = platform.name
        self._lookup: Lookup | None = platform.lookup
        self._pacer = pacer
        self._marks: dict[int, Mark] = {}

    @property
    def possible(self) -> bool:
        """Can this platform tell anything at all?"""
        return self._lookup is not None

    def mark(self) -> str:
        """Where the account stands now."""
        return self._lookup.mark() if self._lookup is not None else ""

    async def found(self, claim: Claim, message: Message, since: str) -> str:
        """The reference of the part, if it has certainly arrived; else "".

        Asked once: a part that is a repeat already may have arrived as what it was at first.
        """
        if self._lookup is None or claim.reader.kind != ChatKind.PRIVATE:
            return ""
        since = "" if claim.repeat else since
        turn = partial(self._turn, claim)
        try:
            ref = await self._lookup.find(claim.address, message, since=since, turn=turn)
        except NotNow:
            return ""
        except PlatformError as error:
            if isinstance(error, TryLater) and error.flood:
                self._pacer.freeze(error.retry_after)
            return ""
        if ref:
            log.info("a doubtful delivery has arrived", delivery=claim.id)
        return ref

    async def _turn(self, claim: Claim) -> None:
        """Ask no faster than we write, and never before somebody's reply."""
        await asyncio.sleep(self._pacer.too_soon(claim.address, group=False))
        await self._pacer.slot(max(claim.lane, CORRECTIONS))
        self._pacer.note_sent(claim.address, group=False)

    # ------------------------------------------------------------------------- over a restart

    async def note(
        self, session: AsyncSession, claims: Sequence[Claim], sending: Iterable[Claim], now: int
    ) -> None:
        """Keep the marks of what is claimed now, with those of what is still on its way."""
        if self._lookup is None or not claims:
            return
        still = {claim.id for claim in sending}
        self._marks = {row: mark for row, mark in self._marks.items() if row in still}
        since = self.mark()
        self._marks |= {it.id: Mark(it.attempts, since, now) for it in claims}
        written = {row: [it.attempt, it.since, it.at] for row, it in self._marks.items()}
        await keepsakes.save(session, self._name, _MARKS, json.dumps(written))

    async def load(self, session: AsyncSession) -> None:
        """The marks of what was on its way when the process ended."""
        written = json.loads(await keepsakes.load(session, self._name, _MARKS) or "{}")
        self._marks = {int(row): Mark(*mark) for row, mark in written.items()}

    def mark_of(self, claim: Claim) -> Mark | None:
        """The mark that was kept for just this attempt."""
        mark = self._marks.get(claim.id)
        return mark if mark is not None and mark.attempt == claim.attempts else None
