"""One platform account in this process: stand by, connect, carry, and try again when it fails.

The account's duty covers everything about it: listening, working through its inbox rows, sending
its outbox rows. Who has the duty does all of it; the others stand by, not even connected.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from bot.duty import Duties
from bot.health import Pulse, State
from bot.intake import Intake
from bot.pacer import Pacer
from bot.platforms.base import Platform, Receive, Unusable
from bot.relay import Relay
from storage import inbox
from storage.database import Database

log = structlog.get_logger()

RETRY = 60.0
"""Seconds until an account that cannot work is tried again, and the log says so again."""
SOON = 2.0
"""Seconds until a service that cannot be reached is tried again; doubled each time up to RETRY."""

Watched = Callable[[Coroutine[Any, Any, None]], Coroutine[Any, Any, None]]


class Carrier:
    """Carries one account for as long as the process runs."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Platform],
        *,
        database: Database,
        duties: Duties,
        intake: Intake,
        pacer: Callable[[], Pacer],
        relay: Callable[[Platform, Pacer], Relay],
        given_up: Callable[[Carrier, Unusable], Awaitable[None]],
        watched: Watched,
    ) -> None:
        self.name = name
        self.pulse = Pulse(name)
        self.platform: Platform | None = None  # while connected
        self.settled = asyncio.Event()  # carrying, standing by, or known not to work
        self._make = make
        self._outages = 0  # attempts in a row at a service that cannot be reached
        self._database = database
        self._duties = duties
        self._intake = intake
        self._pacer = pacer
        self._relay = relay
        self._given_up = given_up
        self._watched = watched

    async def run(self) -> None:
        """Carry for ever. `given_up` decides whether the process goes on without this account."""
        while True:
            try:
                async with self._duties.hold(self.name, self._stand_by):
                    await self._carry()
            except* Unusable as group:
                self.platform = None
                await self._give_up(_first(group))
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        """Seconds. An outage may be over any moment; a refused token stays refused."""
        if self.pulse.fault is None or not self.pulse.fault.is_outage:
            return RETRY
        self._outages += 1
        return min(SOON * 2.0 ** (self._outages - 1), RETRY) * random.uniform(0.8, 1.0)  # noqa: S311 - jitter

    def _stand_by(self) -> None:
        self.pulse.move_to(State.STANDING_BY)
        self.settled.set()

    async def _carry(self) -> None:
        self.pulse.move_to(State.CONNECTING)
        async with self._make() as platform, asyncio.TaskGroup() as tasks:
            pacer = self._pacer()
            relay = self._relay(platform, pacer)
            for part in (self._listen(platform), self._intake.run(self.name), relay.run()):
                tasks.create_task(self._watched(part))
            self.platform = platform
            self._outages = 0
            self.pulse.move_to(State.CARRYING)
            self.pulse.frozen_for = lambda: pacer.frozen_for
            self.settled.set()

    async def _listen(self, platform: Platform) -> None:
        async with self._database.read() as session:
            since = await inbox.cursor(session, self.name)
        await platform.listen(self._receiver(), since)

    def _receiver(self) -> Receive:
        store = self._intake.receiver(self.name)

        async def receive(*what: Any) -> None:  # noqa: ANN401 - handed on as it comes
            self.pulse.heard()
            await store(*what)

        return receive

    async def _give_up(self, error: Unusable) -> None:
        self.pulse.fail(error)
        log.error("account unusable", platform=self.name, reason=error.reason, remedy=error.remedy)
        await self._given_up(self, error)
        self.settled.set()


def _first(group: BaseExceptionGroup[Unusable]) -> Unusable:
    """Listening and sending may both have found out."""
    inner = group.exceptions[0]
    return inner if isinstance(inner, Unusable) else _first(inner)
