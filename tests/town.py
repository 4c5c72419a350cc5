"""A town that uses the bot: its chats on two services, the clock on the wall, the program's lives.

Whatever people do reaches the program as updates, which a service repeats until they have been
taken. When the program dies, its next life begins at once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache

from bot.pacer import Pace
from handlers.campaign import Campaign
from handlers.campaign_file import read_campaign
from handlers.command import Rules
from handlers.message import ChatKind, Request
from storage import organisers
from storage.database import Database
from storage.vault import Vault
from tests.expectations import Reader
from tests.process import Dead, Plugged, Process
from tests.service import Fate, Service
from tests.still_loop import StillLoop

NOON = 1_792_238_400  # 17 October 2026, 12:00 UTC: clocks in Berlin go back eight days later
KEY = bytes(range(32))
ONE_BY_ONE = 0.04  # seconds between two paced requests, and a little more

_CAMPAIGN = """
id = "de"
country = "DE"
title = "Germany"
timezone = "Europe/Berlin"

[[targets]]
id = "court"
office = "The court"
as_of = "2026-10-01"
contacts = [{ kind = "email", printed = "court@example.org" }]

[[cases]]
id = "now"
title = "Case that cannot wait"
summary = "Urgent."
urgency = "urgent"
targets = ["court"]

[[cases]]
id = "soon"
title = "Case that can wait"
summary = "Not so urgent."
urgency = "this-week"
targets = ["court"]
"""


@cache
def campaign() -> Campaign:
    """Two cases, one urgent, on courts whose clocks change."""
    return read_campaign(_CAMPAIGN)[0]


class Town:
    """Everything outside the program, and the program's present life."""

    def __init__(self, url: str, loop: StillLoop, rules: Rules) -> None:
        self.loop = loop
        self.rules = rules
        self.slow_by = 0  # seconds by which the clock on the wall has been put back
        strict = Service("telegram", idempotent=False, clock=self.clock)
        knowing = Service("matrix", idempotent=True, clock=self.clock)
        self.services = {service.name: service for service in (strict, knowing)}
        self.latest = 0  # what the clock has ever shown
        self.process = Process.__new__(Process)  # until `begin`
        self.leaving: list[Process] = []
        self.untaken: list[Request] = []
        self.last_taken: Request | None = None
        self.on_new_life: Callable[[Database], Awaitable[None]]
        self._url = url
        self._turn = asyncio.Lock()
        self._events = itertools.count(1)

    def clock(self) -> int:
        """The clock on the wall."""
        now = int(self.loop.moment - 1_000) + NOON - self.slow_by
        self.latest = max(self.latest, now)
        return now

    def put_clock(self, back: int) -> None:
        """Somebody sets the clock on the wall."""
        self.slow_by += back

    # ------------------------------------------------------------------------ the program

    async def begin(self) -> None:
        """The first start, with a campaign and two organisers."""
        from handlers import casebook  # noqa: PLC0415

        await self._start()
        async with self.process.database.write() as session:
            await casebook.save(session, campaign(), self.clock())
            await organisers.add(session, "telegram", "olga", organisers.OWNER, self.clock())
            await organisers.add(session, "matrix", "oskar", organisers.ORGANISER, self.clock())

    async def _start(self) -> None:
        paces = {"telegram": Pace(per_second=28.5, per_chat=1.0, per_group=20), "matrix": Pace()}
        database = Plugged(self._url, Vault(KEY), self.loop, self._turn)
        services = [(service, paces[name]) for name, service in self.services.items()]
        self.process = Process(database, services, self.rules, self.loop, self.clock)
        await self.on_new_life(database)
        await self.process.start()
        await self.loop.still()

    async def survives(self, doing: Awaitable[object]) -> bool:
        """Let something happen; if the program dies of it, it starts again: was it so?"""
        with suppress(Dead):
            await doing
        await self.loop.still()
        self.process.complain()
        if not self.process.database.dead:
            return True
        await self.next_life()
        return False

    async def next_life(self, *, done: bool = True) -> None:
        """The program dies, if it has not yet, and starts again; were its requests `done`?"""
        for service in self.services.values():
            for call in [call for call in service.calls if not call.orphan]:
                service.abandon(call, done=done)
        await self.process.die()
        await self._begin_again()

    async def relieve(self) -> None:
        """The program is asked to stop, and the next starts before it has."""
        for service in self.services.values():
            for call in service.calls:
                call.orphan = True
        self.leaving.append(self.process)
        self.process.leave()
        await self._begin_again()

    async def _begin_again(self) -> None:
        await self._start()
        for request in list(self.untaken):
            await self._hand_over(request)
        await self.loop.still()

    async def bury(self) -> None:
        """Close the books of those who have left."""
        for process in [it for it in self.leaving if it.ended]:
            await process.die()
            self.leaving.remove(process)

    async def end(self) -> None:
        """Nothing runs any more."""
        for process in (*self.leaving, self.process):
            for service in self.services.values():
                for call in list(service.calls):
                    call.answer.cancel()
            await process.die()

    # ------------------------------------------------------------------------- the people

    async def update(self, reader: Reader, **about: object) -> None:
        """Something happens in a chat, and the program takes it, in this life or the next."""
        request = Request(
            platform=reader.service,
            event_id=str(next(self._events)),
            address=reader.address,
            sender=reader.name,
            sent_at=self.clock(),
            kind=reader.kind,
            language=reader.language,
            is_admin=True if reader.kind is ChatKind.GROUP else None,
        )
        request = replace(request, **about)  # type: ignore[arg-type]
        self.untaken.append(request)
        await self.survives(self._hand_over(request))

    async def says(self, reader: Reader, text: str) -> None:
        """Somebody writes."""
        await self.update(reader, text=text)

    async def repeat_update(self) -> None:
        """The service did not hear that the last update was taken."""
        if self.last_taken is not None:
            await self.survives(self._hand_over(self.last_taken))

    async def _hand_over(self, request: Request) -> None:
        await self.process.intake.receiver(request.platform)([request], None)
        self.last_taken = request
        if request in self.untaken:
            self.untaken.remove(request)
        await self.loop.still()

    # --------------------------------------------------------------------------- the time

    async def serve(self, seconds: float) -> None:
        """Every request goes well for so long."""
        end = self.loop.moment + seconds
        while True:
            while self.answer_all():
                await self.survives(self._nothing())
            if self.loop.moment >= end:
                return
            wait = self.loop.next_timer
            step = min(end - self.loop.moment, ONE_BY_ONE if wait is None else wait)
            await self.survives(self.loop.pass_time(max(step, 0.001)))

    def answer_all(self) -> bool:
        """Let every request in flight go well; were there any?"""
        calls = [(it, call) for it in self.services.values() for call in it.calls]
        for service, call in calls:
            service.settle(call, Fate.WELL)
        return bool(calls)

    async def _nothing(self) -> None:
        """Only what follows from before."""

    async def tick(self) -> None:
        """The scheduler looks at the clock, in the next life if this one ends meanwhile."""
        while not await self.survives(self.process.scheduler.tick()):
            pass
