"""Outbox → platform, one relay a platform: claim, render, send, settle.

The claim is committed before the request leaves and the outcome after it, so whenever the
process dies, exactly the rows it was sending are doubtful, never more than `WORKERS`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from bot.bell import Bell
from bot.buttons import Signer
from bot.composer import Composer
from bot.pacer import Closed, Pacer
from bot.platforms.base import (
    Platform,
    PlatformError,
    RecipientGone,
    RecipientMoved,
    Rejected,
    TryLater,
    Unknown,
)
from bot.settler import Settler
from handlers.message import ChatKind, Message
from handlers.registry import HELD_WHEN_DOUBTFUL
from storage import outbox
from storage.database import Database
from storage.models import DeliveryState
from storage.outbox import Claim, Outcome

log = structlog.get_logger()

WORKERS = 8
"""Requests in flight at once, and so the most that can be doubtful after a crash."""

_BULK_WORKERS = 6  # two stay free for replies
_POLL = 1.0  # seconds; the bell is usually faster
_LONGEST_WAIT = 300  # seconds between two attempts at most
_GRACE = 6.0  # seconds for what is on its way when the program is asked to stop
_DOUBTS = 3  # attempts that may have arrived, before an organiser is asked


class Relay:
    """Carries one platform's part of the outbox."""

    def __init__(
        self,
        database: Database,
        platform: Platform,
        pacer: Pacer,
        composer: Composer,
        signer: Signer,
        *,
        queued: Bell,
        key_prefix: str,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._platform = platform
        self._pacer = pacer
        self._composer = composer
        self._signer = signer
        self._queued = queued
        self._key_prefix = key_prefix
        self._clock = clock
        self._settler = Settler(database, clock)
        self._taking: asyncio.Task[int] | None = None
        self._in_flight: dict[asyncio.Task[None], int] = {}  # task of a delivery → lane

    async def run(self) -> None:
        """Recover from the last stop, then carry for ever."""
        await self._recover()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pacer.run())
            tasks.create_task(self._settler.run())
            try:
                await self._carry(tasks)
            except asyncio.CancelledError:
                await self._finish()
                raise

    async def _recover(self) -> None:
        async with self._database.write() as session:
            doubtful = await outbox.recover(
                session,
                self._platform.name,
                idempotent=self._platform.idempotent,
                hold=HELD_WHEN_DOUBTFUL,
            )
        if doubtful:
            log.warning("deliveries in doubt", platform=self._platform.name, count=doubtful)

    async def _carry(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            rounds = self._queued.rounds
            self._taking = tasks.create_task(self._take(tasks))
            if not await asyncio.shield(self._taking):  # a claim never goes without its sending
                await self._queued.wait(rounds, _POLL)

    async def _take(self, tasks: asyncio.TaskGroup) -> int:
        """Claim what is due and begin to send it; how many."""
        claims = await self._claim()
        for claim in claims:
            task = tasks.create_task(self._deliver(claim))
            self._in_flight[task] = claim.lane
            task.add_done_callback(self._landed)
        return len(claims)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(task, None)
        self._queued.ring()  # a place is free

    async def _finish(self) -> None:
        """Let what is on its way arrive and be written down, so that nothing is in doubt."""
        self._pacer.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                if self._taking is not None:
                    await asyncio.wait([self._taking])
                if self._in_flight:
                    await asyncio.wait(self._in_flight)

    async def _claim(self) -> Sequence[Claim]:
        free = WORKERS - len(self._in_flight)
        if free <= 0:
            return ()
        bulk = sum(lane == outbox.BULK for lane in self._in_flight.values())
        async with self._database.write() as session:
            claim = partial(outbox.claim, session, self._platform.name, now=self._clock())
            replies = await claim(limit=free, lanes=(outbox.REPLIES,))
            room = min(free - len(replies), _BULK_WORKERS - bulk)
            return [*replies, *await claim(limit=room, lanes=(outbox.BULK,))]

    async def _deliver(self, claim: Claim) -> None:
        await self._settler.settle(await self._attempt(claim))

    async def _attempt(self, claim: Claim) -> Outcome:
        try:
            message = await self._composer.compose(claim)
            parts = self._platform.split(message)
        except Exception as error:
            log.error("not composed", delivery=claim.id, fault=type(error).__name__)
            return Outcome(claim.id, DeliveryState.REJECTED, error=type(error).__name__)
        if claim.part >= len(parts):
            return Outcome(claim.id, DeliveryState.SENT)
        wait = self._pacer.too_soon(claim.address, group=_is_group(claim))
        if wait > 0:
            due_at = self._clock() + math.ceil(wait)
            return _not_now(claim, due_at)
        part = self._signer.sign(parts[claim.part], claim.platform, claim.address, self._clock())
        try:
            await self._pacer.slot(claim.lane)
        except Closed:
            return _not_now(claim, self._clock())
        self._pacer.note_sent(claim.address, group=_is_group(claim))
        return await self._send(claim, part, last=claim.part + 1 >= len(parts))

    async def _send(self, claim: Claim, part: Message, *, last: bool) -> Outcome:
        key = f"{self._key_prefix}{claim.id}.{claim.part}"
        try:
            if claim.edits and claim.part == 0:
                await self._platform.edit(claim.address, claim.edits, part, key=key)
                ref = claim.edits
            else:
                ref = await self._platform.send(claim.address, part, key=key)
        except PlatformError as error:
            return self._failed(claim, error)
        return Outcome(claim.id, DeliveryState.SENT, ref=ref, more_parts=not last)

    def _failed(self, claim: Claim, error: PlatformError) -> Outcome:
        """What to do next, as the platform's error says. Raises what ends the whole account."""
        match error:
            case TryLater():
                if error.flood:
                    self._pacer.freeze(error.retry_after)
                return self._later(claim, error.retry_after, str(error))
            case Unknown():
                return self._doubt(claim, str(error))
            case RecipientGone():
                return Outcome(claim.id, DeliveryState.UNREACHABLE, error=str(error), lost=True)
            case RecipientMoved():
                return Outcome(claim.id, DeliveryState.PENDING, moved_to=error.address)
            case Rejected():
                log.error("rejected", delivery=claim.id, reason=str(error))
                return Outcome(claim.id, DeliveryState.REJECTED, error=str(error))
            case _:
                raise error

    def _later(self, claim: Claim, seconds: float, reason: str) -> Outcome:
        patience = min(2 ** min(claim.attempts - 1, 9), _LONGEST_WAIT) if claim.attempts > 1 else 0
        due_at = self._clock() + math.ceil(max(seconds, patience))
        return Outcome(claim.id, DeliveryState.PENDING, due_at=due_at, error=reason)

    def _doubt(self, claim: Claim, reason: str) -> Outcome:
        """It may have arrived. Repeat where that is safe or worth it, else ask an organiser."""
        hold = claim.notice_kind in HELD_WHEN_DOUBTFUL or claim.attempts >= _DOUBTS
        if hold and not self._platform.idempotent:
            return Outcome(claim.id, DeliveryState.HELD, error=reason)
        return replace(self._later(claim, 1.0, reason), repeat=not self._platform.idempotent)


def _not_now(claim: Claim, due_at: int) -> Outcome:
    """It was not attempted at all."""
    return Outcome(claim.id, DeliveryState.PENDING, due_at=due_at, snoozed=True)


def _is_group(claim: Claim) -> bool:
    return claim.reader.kind != ChatKind.PRIVATE
