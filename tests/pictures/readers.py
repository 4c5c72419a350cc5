"""Readers of the pictures: each subscribes from one city, on one platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from playwright.async_api import Browser, Page

from bot.app import App
from bot.platforms.local import Local
from tests.fakes.browser import PHONE, screenshot, window
from tests.fakes.matrix_person import MatrixPerson
from tests.fakes.synapse import Homeserver
from tests.fakes.telegram import BotApi, Person
from tests.pictures import hydrogen, telegram_chat

_PATIENCE = 60.0  # seconds for anything the bot should do


@dataclass(frozen=True, slots=True)
class City:
    """Where somebody reads, and how."""

    name: str
    country: str
    language: str
    headline: str

    @property
    def id(self) -> str:
        """The reader's name."""
        return self.name.lower()

    @property
    def words(self) -> Sequence[str]:
        """What the reader writes to the bot."""
        return (f"language {self.language}", f"country {self.country}", "subscribe KZ")


class Reader(Protocol):
    """Somebody who subscribes, and whose screen is then photographed."""

    city: City

    async def subscribes(self) -> None:
        """Write everything that is needed, waiting for each answer."""

    async def photographs(self, path: Path) -> None:
        """Wait for the notice, and take a picture of how it begins."""


@dataclass
class OnTelegram:
    """A reader on the emulated Telegram."""

    city: City
    person: Person
    browser: Browser

    async def subscribes(self) -> None:
        """As the protocol says."""
        for words in ("start", *self.city.words):
            before = len(self.person.chat.messages)
            await self.person.writes(f"/{words}")
            await _until(partial(self._has_more_than, before))

    def _has_more_than(self, count: int) -> bool:
        return len(self.person.chat.messages) > count

    async def photographs(self, path: Path) -> None:
        """As the protocol says."""
        first = await self.person.hears(self.city.headline, _PATIENCE)
        since = [it for it in self.person.chat.messages.values() if _at(it) >= _at(first)]
        async with window(self.browser, PHONE) as page:
            await page.set_content(telegram_chat.page(since))
            await screenshot(page, path)


@dataclass
class OnMatrix:
    """A reader on the tests' homeserver: writes with one client and reads with Hydrogen."""

    city: City
    person: MatrixPerson
    page: Page
    bot: str
    room: str = ""

    async def begins(self) -> None:
        """Open a chat; the bot greets."""
        self.room = await self.person.talks_to(self.bot)
        await self.person.looks_until(partial(self._has_more_than, 0), _PATIENCE)

    async def subscribes(self) -> None:
        """As the protocol says."""
        if not self.room:
            await self.begins()
        for words in self.city.words:
            await self._says(words)
        await hydrogen.open_chat(self.page)

    async def _says(self, words: str) -> None:
        before = len(self.person.heard(self.room))
        await self.person.writes(self.room, f"!{words}")
        await self.person.looks_until(partial(self._has_more_than, before), _PATIENCE)

    def _has_more_than(self, count: int) -> bool:
        return len(self.person.heard(self.room)) > count

    async def photographs(self, path: Path) -> None:
        """As the protocol says."""
        await self.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await hydrogen.scroll_to(self.page, self.city.headline)
        await self.page.screenshot(path=path)


@dataclass
class OnOurPage:
    """A reader in the built-in chat."""

    city: City
    app: App
    local: Local
    browser: Browser

    async def subscribes(self) -> None:
        """As the protocol says."""
        for words in ("start", *self.city.words):
            await says(self.local, self.city.id, f"/{words}")

    async def photographs(self, path: Path) -> None:
        """As the protocol says."""
        async with window(self.browser, PHONE, language=self.city.language) as page:
            await page.goto(f"{self.app.chat_url}{self.city.id}?lang={self.city.language}")
            message = page.locator(".ours", has_text=self.city.headline).first
            await message.wait_for()
            await message.evaluate("it => (it.parentElement.scrollTop = it.offsetTop - 16)")
            await screenshot(page, path)


async def says(local: Local, who: str, text: str) -> None:
    """Write in the built-in chat and wait for the answer."""
    before = len((await local.lines(who))[0])
    await local.said(who, text)
    async with asyncio.timeout(_PATIENCE):
        while len((await local.lines(who))[0]) <= before + 1:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await local.next_change().wait()


@asynccontextmanager
async def on_matrix(
    browser: Browser, client: str, homeserver: Homeserver, cities: Sequence[City], folder: Path
) -> AsyncIterator[Callable[[str], list[OnMatrix]]]:
    """Sign everybody in, so that their devices are known; then who their bot is can be said."""
    async with AsyncExitStack() as stack:
        found = []
        for city in cities:
            account = await homeserver.register(city.id)
            page = await stack.enter_async_context(
                window(browser, PHONE, complaint="Failed to load")
            )
            await hydrogen.sign_in(page, client, homeserver, account)
            person = MatrixPerson(homeserver, account, folder / city.id)
            found.append((city, await stack.enter_async_context(person), page))
        yield lambda bot: [OnMatrix(city, person, page, bot) for city, person, page in found]


def on_telegram(browser: Browser, server: BotApi, cities: Sequence[City]) -> list[OnTelegram]:
    """Somebody in each city."""
    return [OnTelegram(it, server.person(language=it.language), browser) for it in cities]


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not done():  # noqa: ASYNC110 -- a picture may be a moment late
            await asyncio.sleep(0.05)


def _at(message: dict[str, object]) -> int:
    return int(str(message["message_id"]))
