"""A relay on a platform, as the app builds it, with a clock that the test sets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from bot.bell import Bell
from bot.pacer import Pace, Pacer
from bot.platforms.base import Platform
from bot.relay import Relay
from handlers.message import ChatKind, Message, pack_message, paragraph
from storage import outbox, subscribers
from storage.database import Database
from storage.models import Delivery, DeliveryState, Subscriber
from tests.people import World

PATIENCE = 30  # seconds: only a broken relay needs them


@dataclass
class Line:
    """Queue messages, let the relay run, look at the rows."""

    world: World
    platform: Platform
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self.bell = Bell()
        self.relay = self._relay()
        self._carrying: asyncio.Task[None] | None = None

    def _relay(self) -> Relay:
        return Relay(
            self.world.database,
            self.platform,
            Pacer(self.pace, monotonic),
            self.world.composer,
            self.world.signer,
            queued=self.bell,
            key_prefix="test.",
            clock=self.world.clock,
        )

    @property
    def database(self) -> Database:
        return self.world.database

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The relay carries. If it ends by itself, the test fails with its error."""
        self.relay = self._relay()  # one that was stopped is not used again
        self._carrying = asyncio.create_task(self.relay.run())
        try:
            yield
        finally:
            self._carrying.cancel()
            await asyncio.wait([self._carrying])
            self._fail_if_ended()

    async def dies(self) -> BaseException:
        """Run until the relay gives up; what it raised."""
        async with asyncio.timeout(PATIENCE):
            try:
                await self.relay.run()
            except BaseExceptionGroup as group:
                return _only(group)
        raise AssertionError("a relay never ends without an error")

    async def queue(
        self, address: str, *messages: str | Message, edits_ref: str = ""
    ) -> list[int]:
        """Queue messages (or edits) to a subscriber of this address; the numbers of their rows."""
        async with self.database.write() as session:
            subscriber = await subscribers.meet(
                session, self.platform.name, address, kind=ChatKind.PRIVATE, now=self.world.now
            )
            rows = [
                await outbox.enqueue(
                    session,
                    platform=self.platform.name,
                    address=address,
                    body=pack_message(_message(one)),
                    now=self.world.now,
                    subscriber=subscriber,
                    edits_ref=edits_ref,
                )
                for one in messages
            ]
        self.bell.ring()
        return [row.id for row in rows]

    def later(self, seconds: int) -> None:
        """Let so much time pass."""
        self.world.now += seconds
        self.bell.ring()

    async def row(self, number: int) -> Delivery:
        """A delivery as it is now."""
        async with self.database.read() as session:
            found = await outbox.get(session, number)
        assert found is not None
        return found

    async def settled(self, *numbers: int) -> list[Delivery]:
        """The rows, as soon as all of them are settled."""

        async def done() -> bool:
            return all([(await self.row(number)).settled_at for number in numbers])

        await self.until(done)
        return [await self.row(number) for number in numbers]

    async def tried(self, number: int) -> Delivery:
        """The row, as soon as an attempt is over: it waits for the next, or it has ended."""

        async def done() -> bool:
            row = await self.row(number)
            return row.state != DeliveryState.SENDING and bool(row.error or row.settled_at)

        await self.until(done)
        return await self.row(number)

    async def until(self, done: Callable[[], Awaitable[bool]]) -> None:
        """Wait for it; fails at once if the relay has ended."""
        async with asyncio.timeout(PATIENCE):
            while not await done():
                self._fail_if_ended()
                await asyncio.sleep(0.02)

    async def subscriber(self, address: str) -> Subscriber:
        """Who has this address."""
        async with self.database.read() as session:
            found = await subscribers.find(session, self.platform.name, address)
        assert found is not None
        return found

    def _fail_if_ended(self) -> None:
        if self._carrying is not None and self._carrying.done() and not self._carrying.cancelled():
            self._carrying.result()


def _message(text: str | Message) -> Message:
    return Message(blocks=(paragraph(text),)) if isinstance(text, str) else text


def _only(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
