"""One life of the program in memory: everything the app builds, on a database with a plug.

Pulling the plug is `kill -9` at the end of a transaction, before its commit or after it: what is
committed stays, and everything in memory is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from bot.bell import Bell
from bot.buttons import Signer
from bot.composer import Composer
from bot.dispatcher import Dispatcher
from bot.intake import Intake
from bot.pacer import Pace, Pacer
from bot.relay import Relay
from bot.scheduler import Scheduler
from handlers import reminders
from handlers.command import Rules
from storage.database import Database
from storage.vault import Vault
from tests.people import DIRECTORY
from tests.service import Service
from tests.still_loop import StillLoop


class Dead(BaseException):
    """The process has been killed here."""


class Plugged(Database):
    """A database that does one thing at a time, and whose process dies when the fuse blows."""

    def __init__(self, url: str, vault: Vault, loop: StillLoop, turn: asyncio.Lock) -> None:
        super().__init__(url, vault)
        self.fuse: int | None = None  # ends of transactions that are still survived
        self.dead = False
        self._loop = loop
        self._turn = turn  # shared by all who use the database: one seed, one order

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        async with self._taking_turns():
            async with super().write() as session:
                yield session
                self._come_by()
            self._come_by()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        async with self._taking_turns(), super().read() as session:
            yield session

    async def scrub(self) -> None:
        async with self._taking_turns():
            await super().scrub()

    async def close(self) -> None:
        with self._loop.at_work():
            await super().close()

    @asynccontextmanager
    async def _taking_turns(self) -> AsyncIterator[None]:
        async with self._turn:
            if self.dead:
                raise Dead
            with self._loop.at_work():
                yield

    def _come_by(self) -> None:
        if self.fuse is not None:
            self.fuse -= 1
            self.dead = self.fuse < 0
        if self.dead:
            raise Dead


class Process:
    """The program from its start to its end."""

    def __init__(
        self,
        database: Plugged,
        services: Sequence[tuple[Service, Pace]],
        rules: Rules,
        loop: StillLoop,
        clock: Callable[[], int],
    ) -> None:
        self.database = database
        self.clock = clock
        signer, queued, arrived = Signer(database.vault), Bell(), Bell()
        dispatcher = Dispatcher(signer, DIRECTORY, rules, clock)
        self.intake = Intake(database, dispatcher, arrived=arrived, queued=queued, clock=clock)
        self.scheduler = Scheduler(database, queued=queued, clock=clock)
        composer = Composer(database, clock)
        self.relays = [
            Relay(
                database,
                service,
                Pacer(pace, loop.time),
                composer,
                signer,
                queued=queued,
                key_prefix="it.",
                clock=clock,
            )
            for service, pace in services
        ]
        self.names = [service.name for service, _ in services]
        self.parts: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """As the app does it."""
        async with self.database.write() as session:
            await reminders.rederive(session, self.clock())
        self.parts = [asyncio.create_task(relay.run()) for relay in self.relays]
        self.parts += [asyncio.create_task(self.intake.run(name)) for name in self.names]

    @property
    def ended(self) -> bool:
        """Are all of its parts over?"""
        return all(part.done() for part in self.parts)

    def leave(self) -> None:
        """Ask it to stop; what is on its way may still arrive."""
        for part in self.parts:
            part.cancel()

    async def die(self) -> None:
        """No part of it does anything any more."""
        self.database.dead = True
        self.leave()
        await asyncio.gather(*self.parts, return_exceptions=True)
        await self.database.close()

    def complain(self) -> None:
        """Raises what ended a part of it, if one has ended by itself."""
        for part in self.parts:
            if part.done() and not part.cancelled() and not self.database.dead:
                part.result()
