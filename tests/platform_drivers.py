"""The other side of each platform, in the same words for all: one bot account and one person.

A driver gives a new platform object on the same account (`platform`, as after a restart), lets
the person act, and says what their client shows.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import nio

from bot.platforms.base import Platform
from bot.platforms.local import Local
from bot.platforms.telegram import Telegram
from bot.render import web
from handlers.message import Event, Request, unpack_message
from storage.database import Database
from storage.schema import upgrade
from storage.vault import Vault
from tests.fakes import telegram_chats
from tests.fakes.matrix_bot import Bot
from tests.fakes.matrix_person import Heard
from tests.fakes.proxy import FaultyProxy
from tests.fakes.synapse import Homeserver, MatrixPerson
from tests.fakes.telegram import BotApi


@dataclass(frozen=True)
class Shown:
    """One message of ours as a person's client shows it now."""

    ref: str
    readings: tuple[str, ...]  # its words: as plain text, as HTML, whatever clients may show
    buttons: dict[str, str]  # label → the token pressing it sends
    links: tuple[str, ...]  # where words other than the address itself lead
    markup: tuple[str, ...]  # every kind of markup in it, in order
    files: dict[str, bytes]

    def says(self, words: str) -> bool:
        return words in self.files or any(words in reading for reading in self.readings)


class Inbox:
    """What was handed over, and the cursor: all that our database remembers over a restart."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.cursor: str | None = None
        self.store: Callable[[Sequence[Request]], Awaitable[None]] | None = None
        self._news = asyncio.Condition()

    async def receive(self, requests: Sequence[Request], cursor: str | None) -> None:
        if requests and self.store is not None:
            await self.store(requests)
        self.requests += requests
        if cursor is not None:
            self.cursor = cursor
        async with self._news:
            self._news.notify_all()

    async def gets(self, wanted: str | Event) -> Request:
        """The first request with this text, or of this event."""

        def found() -> list[Request]:
            return [one for one in self.requests if wanted in {one.text, one.event}]

        async with asyncio.timeout(15), self._news:
            await self._news.wait_for(found)
        return found()[0]

    async def follows(self) -> None:
        """Wait for the first cursor: what happens from then on is news to the platform."""
        async with asyncio.timeout(15), self._news:
            await self._news.wait_for(lambda: self.cursor is not None)

    def texts(self) -> list[str]:
        return [one.text for one in self.requests if one.event is Event.SAID]


class Side(ABC):
    """One bot account and one person who writes to it in private."""

    has_buttons = True
    no_ref = "999999"  # of a message that never was
    told: asyncio.Task[None] | None = None
    """Where no service keeps what was written: what its writer was told last."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.address = ""  # of their private chat, once they have met
        self.sender = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Platform]:
        """The platform, connected and listening; the person has found the bot."""
        async with self.platform() as platform:
            listening = asyncio.create_task(platform.listen(self.inbox.receive, self.inbox.cursor))
            try:
                await self.meets()
                yield platform
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening

    @abstractmethod
    def platform(self) -> Platform: ...

    @abstractmethod
    async def meets(self) -> None:
        """The person finds the bot, if they have not yet; it must be listening."""

    @abstractmethod
    async def writes(self, text: str) -> None: ...

    @abstractmethod
    async def presses(self, shown: Shown, label: str) -> None:
        """Press a button; where there are none, send the command named in its place."""

    @abstractmethod
    async def shows(self, until: str) -> list[Shown]:
        """Everything of ours that is shown, as soon as a message with these words has come."""

    async def sees(self, words: str) -> Shown:
        """The message with these words (or this file), as soon as it is shown."""
        return next(one for one in await self.shows(words) if one.says(words))

    async def leaves(self) -> None:
        """The person blocks the bot or leaves its chat."""
        raise NotImplementedError

    async def goes_down(self) -> None:
        """From now on the service cannot be reached."""
        raise NotImplementedError

    def loses_an_answer(self) -> None:
        """The next message is taken, but the bot does not learn it."""
        raise NotImplementedError


class Page(HTMLParser):
    """HTML as a browser understands it: words, tags, where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.tags: list[str] = []
        self.links: list[str] = []
        self.buttons: dict[str, str] = {}
        self._button: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attrs}
        self.tags.append(" ".join([tag, *about]))
        self.links += [about["href"]] if "href" in about else []
        if tag == "button":
            self._button = about.get("value", "")
        self.words += {"br": "\n", "li": "• "}.get(tag, "")

    def handle_endtag(self, tag: str) -> None:
        self._button = None if tag == "button" else self._button
        self.words += "\n" if tag in {"p", "li", "pre", "h3", "h4"} else ""

    def handle_data(self, data: str) -> None:
        if self._button is None:
            self.words += data
        else:
            self.buttons[data] = self._button


# ------------------------------------------------------------------------------------ Telegram

_FOUND = {"email", "url", "phone_number", "bot_command"}  # Telegram marks these by itself


class TelegramSide(Side):
    def __init__(self, server: BotApi) -> None:
        super().__init__()
        self._server = server
        self._person = server.person()
        self.address = self.sender = str(self._person.id)

    def platform(self) -> Telegram:
        return Telegram(
            self._server.token, api_url=self._server.url, poll_seconds=2, conflict_patience=2
        )

    async def meets(self) -> None:
        if not self._person.chat.started:
            await self.writes("/start")
        await self.inbox.gets("/start")

    async def writes(self, text: str) -> None:
        await self._person.writes(text)

    async def presses(self, shown: Shown, label: str) -> None:
        await self._person.presses(self._person.chat.messages[int(shown.ref)], label)

    async def shows(self, until: str) -> list[Shown]:
        messages = [_on_telegram(one) for one in self._person.chat.messages.values()]
        assert any(one.says(until) for one in messages), f"{until!r} is not in {messages}"
        return messages

    async def leaves(self) -> None:
        self._person.blocks()

    async def goes_down(self) -> None:
        await self._server.stop()

    def loses_an_answer(self) -> None:
        self._server.drop("sendMessage", "after")


def _on_telegram(message: telegram_chats.Message) -> Shown:
    entities = [*message.get("entities", ()), *message.get("caption_entities", ())]
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    buttons = [button for row in rows for button in row]
    ours = [it for it in entities if it["type"] not in _FOUND]
    document = message.get("document")
    return Shown(
        ref=str(message["message_id"]),
        readings=(telegram_chats.words(message),),
        buttons={it["text"]: it.get("callback_data", "") for it in buttons},
        links=tuple(it["url"] for it in [*ours, *buttons] if "url" in it),
        markup=tuple(it["type"] for it in ours),
        files={document["file_name"]: message["content"]} if document else {},
    )


@asynccontextmanager
async def telegram() -> AsyncIterator[Side]:
    server = BotApi()
    await server.start()
    try:
        yield TelegramSide(server)
    finally:
        await server.stop()


# -------------------------------------------------------------------------------------- Matrix


class MatrixSide(Side):
    has_buttons = False
    no_ref = "$" + "A" * 43

    def __init__(
        self, bot: Bot, person: MatrixPerson, proxy: FaultyProxy, line: AsyncExitStack
    ) -> None:
        super().__init__()
        self._bot = bot
        self._person = person
        self._proxy = proxy
        self._line = line  # between the bot and the homeserver
        self.sender = person.user_id

    def platform(self) -> Platform:
        return self._bot.platform()

    async def meets(self) -> None:
        await self.inbox.follows()
        if not self.address:
            self.address = await self._person.talks_to(self._bot.user_id)
        await self.inbox.gets(Event.ADDED)

    async def writes(self, text: str) -> None:
        await self._person.writes(self.address, text)

    async def presses(self, shown: Shown, label: str) -> None:
        commands = {_named(reading, label) for reading in shown.readings}
        assert len(commands) == 1, f"its readings differ: {commands}"
        await self.writes(commands.pop())

    async def shows(self, until: str) -> list[Shown]:
        await self._person.hears(self.address, until)
        now = {one.replaces or one.event_id: one for one in self._person.heard(self.address)}
        return [
            await self._shown(ref, one)
            for ref, one in now.items()
            if await self._has(ref) or await self._has(one.event_id)
        ]

    async def _has(self, ref: str) -> bool:
        answer = await self._person.client.room_get_event(self.address, ref)
        assert isinstance(answer, nio.RoomGetEventResponse), answer
        return not isinstance(answer.event, nio.RedactedEvent)

    async def _shown(self, ref: str, heard: Heard) -> Shown:
        is_file = heard.msgtype == "m.file"
        page = Page(heard.formatted_body)
        return Shown(
            ref=ref,
            readings=() if is_file else (heard.body, page.words),
            buttons=page.buttons,
            links=tuple(page.links),
            markup=(*page.tags, *(("mention",) if heard.content["m.mentions"] else ())),
            files={heard.body: await self._person.downloads(heard)} if is_file else {},
        )

    async def leaves(self) -> None:
        await self._person.client.room_leave(self.address)

    async def goes_down(self) -> None:
        await self._line.aclose()

    def loses_an_answer(self) -> None:
        self._proxy.fail("/send/", "cut after", times=2)  # the client tries twice


def _named(reading: str, label: str) -> str:
    """The command that stands beside a label in place of a button."""
    line = re.search(rf"^\S+ {re.escape(label)} — (.+)$", reading, re.MULTILINE)
    assert line is not None, f"no command named for {label!r} in {reading!r}"
    return line[1]


@asynccontextmanager
async def matrix(homeserver: Homeserver, folder: Path) -> AsyncIterator[Side]:
    account = await homeserver.register("aigerim")
    proxy = FaultyProxy(homeserver.url)
    async with AsyncExitStack() as line:
        await line.enter_async_context(proxy)
        async with MatrixPerson(homeserver, account, folder / "aigerim") as person:
            bot = Bot(proxy.url, await homeserver.register("tocsin"), folder / "bot")
            yield MatrixSide(bot, person, proxy, line)


# --------------------------------------------------------------------------- the built-in chat


class LocalSide(Side):
    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._local = Local(database)
        self.address = self.sender = "london"

    def platform(self) -> Local:
        self._local = Local(self._database)
        return self._local

    async def meets(self) -> None:
        pass  # whoever opens the page has found the bot

    async def writes(self, text: str) -> None:
        self.told = asyncio.create_task(self._local.said(self.address, text))

    async def presses(self, shown: Shown, label: str) -> None:
        pressed = self._local.pressed(self.address, shown.ref, shown.buttons[label])
        self.told = asyncio.create_task(pressed)

    async def shows(self, until: str) -> list[Shown]:
        lines, _ = await self._local.lines(self.address)
        ours = [(str(line.id), line.content) for line in lines if line.ours and line.content]
        messages = [_on_page(ref, content) for ref, content in ours]
        assert any(one.says(until) for one in messages), f"{until!r} is not in {messages}"
        return messages


def _on_page(ref: str, content: str) -> Shown:
    message = unpack_message(content)
    page = Page(web.render(message, web.Place(ref, press="press", files="files", copy="c")))
    files = {
        one.filename: one.text.encode()
        for number, one in enumerate(message.attachments)
        if f"files/{number}" in page.links
    }
    links = tuple(link for link in page.links if not link.startswith("files/"))
    return Shown(ref, (page.words,), page.buttons, links, tuple(page.tags), files)


@asynccontextmanager
async def local(folder: Path) -> AsyncIterator[Side]:
    database = Database(f"sqlite:///{folder}/tocsin.db", Vault(bytes(range(32))))
    await upgrade(database)
    try:
        yield LocalSide(database)
    finally:
        await database.close()
