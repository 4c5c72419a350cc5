"""An alert with an action page, served as the world sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.web.action import ActionPages
from bot.web.server import WebServer
from handlers.campaign import Campaign
from handlers.command import Rules
from storage.database import Database
from tests.fakes.echo import healthy
from tests.people import Person, World, sample

PUBLIC = "https://act.example.org"
ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now.\n\
[ru] Завтра в Атырау начинается суд\nО нём сообщили только сейчас."


@dataclass
class Published:
    """The bot, its owner, and the alert's page."""

    world: World
    owner: Person
    reader: Person
    base: str
    path: str = ""

    @property
    def url(self) -> str:
        """The page on this machine."""
        return self.base + self.path

    async def alert(self, text: str = ALERT) -> None:
        """Send an alert; the page is the one that readers' button leads to."""
        await self.owner.says(text)
        await self.owner.presses("Send")
        await self.reader.listens()
        button = self.reader.button("Open, send or print")
        assert button.url.startswith(f"{PUBLIC}/a/")
        self.path = urlsplit(button.url).path


@asynccontextmanager
async def published(
    database: Database, campaign: Campaign | None = None
) -> AsyncIterator[Published]:
    """A sent alert about the sample case, and the server that shows its page."""
    world = World(database, Rules(approvals=1, cooldown=0, public_url=PUBLIC))
    await world.knows(campaign or sample())
    owner = await world.owner()
    reader = world.person("anna")
    await reader.says("/country GB")
    await reader.says("/subscribe KZ")
    pages = ActionPages(database, world.clock)
    server = WebServer("127.0.0.1", 0, health=healthy, action=pages)
    await server.start()
    try:
        shown = Published(world, owner, reader, f"http://127.0.0.1:{server.port}")
        await shown.alert()
        yield shown
    finally:
        await server.stop()
