"""Our Matrix platform with all that survives its restarts: store, kept secrets, inbox, cursor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from bot.platforms.base import Platform, TryLater, Unreadable
from bot.platforms.matrix import Matrix
from bot.platforms.matrix.patience import Patience
from handlers.message import Attachment, Event, Message, Request, paragraph
from tests.fakes.synapse import Account


class MemoryKeep:
    """Keeps what a platform keeps, for as long as the test."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def load(self, name: str) -> str | None:
        return self.values.get(name)

    async def save(self, name: str, value: str) -> None:
        self.values[name] = value


class Bot:
    """Tocsin's account with everything that survives a restart: store, keep, inbox, cursor."""

    def __init__(self, url: str, account: Account, directory: Path) -> None:
        self.url = url
        self.account = account
        self.user_id = account.user_id
        self.store = directory / "store"
        self.keep = MemoryKeep()
        self.inbox: list[Request] = []
        self.cursor: str | None = None
        self.patience = Patience()
        self.listening: asyncio.Task[None] | None = None
        self.crash: Callable[[Sequence[Request]], None] = lambda _: None
        self._news = asyncio.Condition()

    def platform(self, **changes: object) -> Matrix:
        settings: dict[str, Any] = {
            "password": self.account.password,
            "patience": self.patience,
            **changes,
        }
        return Matrix(self.url, self.user_id, store=self.store, keep=self.keep, **settings)

    @asynccontextmanager
    async def running(self, **changes: object) -> AsyncIterator[Matrix]:
        async with self.platform(**changes) as matrix:
            listening = asyncio.create_task(matrix.listen(self.receive, self.cursor))
            self.listening = listening
            try:
                yield matrix
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening

    async def receive(self, requests: Sequence[Request], cursor: str | None) -> None:
        self.crash(requests)
        self.inbox += requests
        self.cursor = cursor
        async with self._news:
            self._news.notify_all()

    async def gets(self, wanted: str | Event, within: float = 15) -> Request:
        """The first request with this text, of this event or of an event with this id."""

        def found() -> list[Request]:
            return [one for one in self.inbox if wanted in {one.text, one.event, one.event_id}]

        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(found)
        return found()[0]

    async def follows(self) -> None:
        """Wait for the first position, so that nothing later counts as the past."""
        async with asyncio.timeout(15), self._news:
            await self._news.wait_for(lambda: self.cursor is not None)

    def texts(self) -> list[str]:
        return [one.text for one in self.inbox if one.event is Event.SAID]


def message(text: str, *attachments: Attachment) -> Message:
    return Message((paragraph(text),), attachments=attachments)


async def wait_until(condition: Callable[[], bool], within: float = 10) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.02)


async def deliver(platform: Platform, address: str, message: Message, key: str) -> str:
    """Send as the relay does: what was not sent is tried again. The reference."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await platform.send(address, message, key=key)
            except (TryLater, Unreadable):
                await asyncio.sleep(0.2)
