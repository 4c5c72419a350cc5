"""The people, groups and channels of the fake Telegram, and what they do."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.telegram import BotApi

ANONYMOUS = 1087968824
_BOT = {"id": 4242, "is_bot": True, "first_name": "Tocsin", "username": "tocsin_test_bot"}


@dataclass
class Chat:
    """A chat and the messages in it, as the bot's side sees them."""

    server: BotApi
    id: int
    type: str
    members: dict[int, str] = field(default_factory=dict)  # user → status
    bot: str = "member"  # our own status
    blocked: bool = False
    deactivated: bool = False
    moved_to: int = 0
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def texts(self) -> list[str]:
        """What the bot's messages say now."""
        return [message.get("text", "") for message in self.messages.values()]

    def about(self) -> dict[str, Any]:
        title = {"first_name": "P"} if self.type == "private" else {"title": "G"}
        return {"id": self.id, "type": self.type, **title}

    def keep(self, message: dict[str, Any]) -> None:
        self.messages[message["message_id"]] = message
        self.stir()

    def stir(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    async def hears(self, words: str, within: float = 10.0) -> dict[str, Any]:
        """The first message of the bot with these words, as soon as it is there."""
        async with asyncio.timeout(within):
            while True:
                for message in self.messages.values():
                    if words in message.get("text", ""):
                        return message
                await self.changed.wait()

    async def gets_file(self, name: str, within: float = 10.0) -> dict[str, Any]:
        """A document whose name ends so."""
        async with asyncio.timeout(within):
            while True:
                for message in self.messages.values():
                    if message.get("document", {}).get("file_name", "").endswith(name):
                        return message
                await self.changed.wait()


@dataclass
class Person:
    """Somebody on Telegram."""

    server: BotApi
    id: int
    language: str = "en"

    @property
    def chat(self) -> Chat:
        """Their private chat with the bot."""
        return self.server.chat(self.id, "private")

    def about(self) -> dict[str, Any]:
        named = {"first_name": "CANARY-NAME", "username": f"canary_{self.id}"}
        return {"id": self.id, "is_bot": False, "language_code": self.language, **named}

    async def writes(self, text: str, chat: Chat | None = None, **extra: object) -> None:
        """Write to the bot, or into a group."""
        where = chat or self.chat
        sender: dict[str, object] = {"from": self.about()}
        if extra.pop("anonymous", False):
            stand_in = {"id": ANONYMOUS, "is_bot": True, "first_name": "Group"}
            sender = {"from": stand_in, "sender_chat": where.about()}
        message = {
            "message_id": next(where.numbers),
            "date": self.server.now(),
            "chat": where.about(),
            "text": text,
            **sender,
            **extra,
        }
        if where.type == "private":
            where.blocked = False
            self.server.started.add(self.id)
        if where.type == "private" or text.startswith("/") or self.server.reads_everything:
            self.server.add_update("message", message)

    async def forwards(self, text: str) -> None:
        origin = {"type": "hidden_user", "sender_user_name": "x", "date": self.server.now()}
        await self.writes(text, forward_origin=origin)

    async def presses(self, message: dict[str, Any], label: str) -> None:
        """Press the button of this message whose label begins so."""
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        for button in itertools.chain.from_iterable(rows):
            if button["text"].startswith(label) and "callback_data" in button:
                return self.presses_data(message, button["callback_data"])
        raise AssertionError(f"no button {label!r} in {rows}")

    def presses_data(self, message: dict[str, Any], data: str) -> None:
        """Press a button that carries this data, real or made up."""
        self.server.add_update(
            "callback_query",
            {
                "id": str(next(self.server.numbers)),
                "from": self.about(),
                "chat_instance": "1",
                "message": message,
                "data": data,
            },
        )

    def blocks(self) -> None:
        self.chat.blocked = True
        self.server.membership(self.chat, self, "member", "kicked")

    def unblocks(self) -> None:
        self.chat.blocked = False
        self.server.membership(self.chat, self, "kicked", "member")

    async def hears(self, words: str, within: float = 10.0) -> dict[str, Any]:
        """A message of the bot with these words in the private chat."""
        return await self.chat.hears(words, within)


def bot_user() -> dict[str, Any]:
    """The bot as a user."""
    return dict(_BOT)
