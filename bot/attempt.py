"""One attempt at a delivery: compose it, wait for its moment, send it, say how it ended."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import structlog

from bot.buttons import Signer
from bot.composer import Composer
from bot.inquiry import Inquiry
from bot.pacer import NotNow, Pacer
from bot.platforms.base import (
    Platform,
    PlatformError,
    RecipientGone,
    RecipientMoved,
    Rejected,
    TooOld,
    TryLater,
    Unknown,
    Unreadable,
)
from bot.steps import Act, Step, next_step
from handlers.message import ChatKind
from handlers.registry import HELD_WHEN_DOUBTFUL
from storage.crashpoints import crashpoint
from storage.models import DeliveryState
from storage.outbox import Claim
from storage.settling import Outcome

log = structlog.get_logger()

_UNREADABLE_WAIT = 600.0  # seconds before looking again whether anybody there can decrypt
_UNREADABLE_DAY = 86_400.0
_LONGEST_WAIT = 300  # seconds between two attempts at most
_DOUBTS = 3  # attempts that may have arrived, before an organiser is asked
_REMEMBERED = 23 * 3600  # seconds a service knows a key again; homeservers forget in 24 hours


class Attempt:
    """Makes attempts on one platform."""

    def __init__(
        self,
        platform: Platform,
        pacer: Pacer,
        composer: Composer,
        signer: Signer,
        inquiry: Inquiry,
        *,
        key_prefix: str,
        clock: Callable[[], int],
    ) -> None:
        self._platform = platform
        self._pacer = pacer
        self._composer = composer
        self._signer = signer
        self._inquiry = inquiry
        self._key_prefix = key_prefix
        self._clock = clock

    async def make(self, claim: Claim) -> Outcome:
        """How it ended. Raises only what ends the whole account."""
        forgotten = self._is_forgotten(claim)
        if forgotten:
            claim = replace(claim, repeat=True)
        try:
            step = await self._compose(claim, self._clock())
        except Exception as error:
            log.error("not composed", delivery=claim.id, fault=type(error).__name__)
            return Outcome(claim, DeliveryState.REJECTED, error=type(error).__name__)
        if step.act is Act.PASS:
            return Outcome(claim, DeliveryState.SENT, refs=claim.refs)
        if forgotten and step.act is Act.SEND and claim.notice_kind in HELD_WHEN_DOUBTFUL:
            return Outcome(claim, DeliveryState.HELD, error="in doubt for too long")
        wait = self._pacer.too_soon(claim.address, group=_is_group(claim))
        if wait > 0:
            return _not_now(claim, self._clock() + math.ceil(wait))
        try:
            await self._pacer.slot(claim.lane)
        except NotNow:
            return _not_now(claim, self._clock())
        self._pacer.note_sent(claim.address, group=_is_group(claim))
        return await self._request(claim, step)

    def _is_forgotten(self, claim: Claim) -> bool:
        """Has it been in doubt for so long that the service may not know its key any more?"""
        since = claim.doubtful_since
        if since is None or claim.repeat or not self._platform.idempotent:
            return False
        return self._clock() - since > _REMEMBERED

    async def _compose(self, claim: Claim, now: int) -> Step:
        parts = await self._composer.parts(claim, self._platform.split)
        step = next_step(claim, parts)
        again = claim.repeat and step.act is Act.SEND  # changed twice reads like changed once
        message = self._composer.marked(step.message, claim) if again else step.message
        signed = self._signer.sign(message, claim.platform, claim.address, now)
        return replace(step, message=signed)

    async def look_back(self, claim: Claim) -> Outcome | None:
        """What became of an attempt that was cut off by a crash; None if nobody can tell."""
        mark = self._inquiry.mark_of(claim)
        try:
            step = await self._compose(claim, mark.at if mark else self._clock())
        except Exception:  # the next attempt says so
            return None
        if step.act is not Act.SEND:
            return None
        ref = await self._inquiry.found(claim, step.message, mark.since if mark else "")
        return _done(claim, step, ref) if ref else None

    async def _request(self, claim: Claim, step: Step) -> Outcome:
        since = self._inquiry.mark()
        crashpoint("sending")
        try:
            ref = await self._act(claim, step)
            crashpoint("sent")
        except PlatformError as error:
            if not isinstance(error, Unknown) or step.act is not Act.SEND:
                return self._failed(claim, step, error)
            ref = await self._inquiry.found(claim, step.message, since)
            if not ref:
                return self._failed(claim, step, error)
        return _done(claim, step, ref)

    async def _act(self, claim: Claim, step: Step) -> str:
        """Do it; the reference of the part that is there now, "" if none is."""
        key = f"{self._key_prefix}{claim.id}.{claim.part}"
        if step.act is Act.SEND:
            return await self._platform.send(claim.address, step.message, key=key)
        if step.act is Act.RETRACT:
            try:
                await self._platform.retract(claim.address, step.ref)
            except TooOld:  # it can still be made to say something else
                await self._platform.edit(claim.address, step.ref, step.message, key=key)
                return step.ref
            return ""
        await self._platform.edit(claim.address, step.ref, step.message, key=key)
        return step.ref

    def _failed(self, claim: Claim, step: Step, error: PlatformError) -> Outcome:
        """What to do next, as the platform's error says. Raises what ends the whole account."""
        match error:
            case TryLater():
                if error.flood:
                    self._pacer.freeze(error.retry_after)
                return self._later(claim, error.retry_after, str(error))
            case Unreadable():
                return self._unreadable(claim, str(error))
            case Unknown():
                return self._doubt(claim, step, str(error))
            case RecipientGone():
                return Outcome(claim, DeliveryState.UNREACHABLE, error=str(error), lost=True)
            case RecipientMoved():
                return Outcome(claim, DeliveryState.PENDING, moved_to=error.address)
            case Rejected():
                log.error("rejected", delivery=claim.id, reason=str(error))
                return Outcome(claim, DeliveryState.REJECTED, error=str(error))
            case _:
                raise error

    def _later(self, claim: Claim, seconds: float, reason: str) -> Outcome:
        patience = min(2 ** min(claim.attempts - 1, 9), _LONGEST_WAIT) if claim.attempts > 1 else 0
        due_at = self._clock() + math.ceil(max(seconds, patience))
        return Outcome(claim, DeliveryState.PENDING, due_at=due_at, error=reason)

    def _unreadable(self, claim: Claim, reason: str) -> Outcome:
        """Their device may come back; what it missed for a day is not waited for any more."""
        if claim.attempts >= _UNREADABLE_DAY / _UNREADABLE_WAIT:
            return Outcome(claim, DeliveryState.UNREACHABLE, error=reason)
        return self._later(claim, _UNREADABLE_WAIT, reason)

    def _doubt(self, claim: Claim, step: Step, reason: str) -> Outcome:
        """It may have arrived. Repeat where that is safe or worth it, else ask an organiser."""
        if self._platform.idempotent or step.act is not Act.SEND:
            return replace(self._later(claim, 1.0, reason), doubtful=True)
        if claim.notice_kind in HELD_WHEN_DOUBTFUL or claim.attempts >= _DOUBTS:
            return Outcome(claim, DeliveryState.HELD, error=reason, doubtful=True)
        return replace(self._later(claim, 1.0, reason), repeat=True, doubtful=True)


def _done(claim: Claim, step: Step, ref: str) -> Outcome:
    """This part is dealt with; `ref` is there now, if it is not ""."""
    refs = (*claim.refs, ref) if ref else claim.refs
    state = DeliveryState.SENT if step.last else DeliveryState.PENDING
    return Outcome(claim, state, refs=refs, done=True)


def _not_now(claim: Claim, due_at: int) -> Outcome:
    """It was not attempted at all."""
    return Outcome(claim, DeliveryState.PENDING, due_at=due_at, snoozed=True)


def _is_group(claim: Claim) -> bool:
    return claim.reader.kind != ChatKind.PRIVATE
