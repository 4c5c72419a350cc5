"""A bot on Matrix behind a line that breaks, and somebody it talks with, for many cells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from bot.platforms.base import PlatformError
from bot.platforms.matrix import Matrix
from bot.platforms.matrix.patience import Patience
from handlers.message import Event
from tests.fakes.faulty import Fault, FaultyWire
from tests.fakes.matrix_bot import Bot, message
from tests.fakes.synapse import Homeserver, MatrixPerson
from tests.faults import HARMLESS, THREE_HOURS, TORN_AFTER, TORN_BEFORE, Breaks, says

IMPATIENT = Patience(
    request=0.8,
    keys=2.5,
    send=6,
    poll=1,
    late=0.5,
    first_pause=0.05,
    longest_pause=0.2,
    longest_flood=0.3,
    join_again=0.1,
)


def limit(seconds: int) -> Breaks:
    word = {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down"}
    return says(429, {**word, "retry_after_ms": seconds * 1000})


UNKNOWN = {"errcode": "M_UNKNOWN", "error": "Internal server error"}
TORN: dict[str, Breaks] = {**TORN_BEFORE, **TORN_AFTER, "own 500": says(500, UNKNOWN)}
FLOODS = {
    "429 short": limit(1),
    "429 of three hours": limit(THREE_HOURS),
    "429 of a stranger": says(429, b"<html>", "text/html"),
}
STRANGERS: dict[str, Breaks] = {
    "401 of a stranger": says(401, b"<html>", "text/html"),
    "403 of a stranger": says(403, b"<html>Forbidden</html>", "text/html"),
    "404 of a stranger": says(404, b"<html>Not Found</html>", "text/html"),
    "a redirection": says(302, b"", "text/html"),
}
ALL: dict[str, Breaks] = {**TORN, **HARMLESS, **FLOODS, **STRANGERS}
QUICK = (
    "reset after",
    "stall after",
    "half body",
    "truncated JSON",
    "502 HTML",
    "200 HTML",
    "429 of three hours",
    "403 of a stranger",
    "slow drip",
)
"""One of each family; the rest of the matrix is in tests/slow."""
REST = tuple(name for name in ALL if name not in QUICK)


@dataclass
class Talk:
    """The bot behind the line, and somebody in an encrypted room with it."""

    homeserver: Homeserver
    wire: FaultyWire
    bot: Bot
    matrix: Matrix
    aigerim: MatrixPerson
    room: str
    folder: Path
    listening: asyncio.Task[None]
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def words(self) -> str:
        return f"words {next(self._numbers)}"

    def breaks(self, part: str, fault: str) -> Fault:
        """The next request breaks, and the client's own second attempt at it."""
        self.wire.heal()
        self.wire.paths.clear()
        broken = ALL[fault](self.wire, part)
        broken.times = 2 if fault.startswith("reset") else 1
        return broken

    async def until_done(self, act: Callable[[], Awaitable[str]]) -> list[PlatformError]:
        """Do it again, as the relay does, until it has succeeded; what was raised before."""
        raised = list[PlatformError]()
        async with asyncio.timeout(40):
            while True:
                try:
                    await act()
                except PlatformError as error:
                    raised.append(error)
                else:
                    return raised

    async def heard(self, words: str) -> list[str]:
        """How the room reads, once everything has come that will."""
        end = f"end of {words}"
        self.wire.heal()
        await self.matrix.send(self.room, message(end), key=end)
        await self.aigerim.hears(self.room, end)
        assert not self.aigerim.unreadable(self.room)
        heard = [one for one in self.aigerim.heard(self.room) if one.body == words]
        assert all(one.encrypted for one in heard)
        return [one.event_id for one in heard]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talk(
    homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Talk]:
    folder = tmp_path_factory.mktemp("matrix")
    async with FaultyWire(homeserver.url) as wire:
        bot = Bot(wire.url, await homeserver.register("tocsin"), folder / "bot")
        bot.patience = IMPATIENT
        account = await homeserver.register("aigerim")
        async with (
            MatrixPerson(homeserver, account, folder / "aigerim") as aigerim,
            bot.running() as matrix,
        ):
            await bot.follows()
            room = await aigerim.talks_to(bot.user_id)
            await bot.gets(Event.ADDED)
            assert bot.listening is not None
            yield Talk(homeserver, wire, bot, matrix, aigerim, room, folder, bot.listening)
