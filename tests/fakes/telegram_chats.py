"""The people of the fake Telegram and their chats: what was said, what the bot may do there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram_keyboards import find_button
from tests.fakes.telegram_refusals import ApiError, bad, forbidden
from tests.fakes.telegram_texts import found_entities

if TYPE_CHECKING:
    from tests.fakes.telegram import BotApi

Message = dict[str, Any]

ANONYMOUS_ADMIN = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
BOT = {"id": 4242, "is_bot": True, "first_name": "Tocsin", "username": "tocsin_test_bot"}
_OURS_ALONE = ("content", "silent")  # kept for tests, no part of the Bot API's message
PRESENT = ("creator", "administrator", "member", "restricted")
SHARING_NUMBERS = ("private", "group")  # all of an account draw on one row of message numbers


@dataclass(eq=False)
class Chat:
    """A chat. `messages` are the bot's own as they are now, by number; edits are applied."""

    server: BotApi
    id: int
    type: str
    title: str = ""
    username: str = ""
    bot: str = "member"  # our own status
    members: dict[int, str] = field(default_factory=dict)  # user → status
    messages: dict[int, Message] = field(default_factory=dict)
    said: dict[int, Message] = field(default_factory=dict)  # what others said, by number
    topics: set[int] | None = None  # None: no forum
    started: bool = False  # a person has written to us first
    blocked: bool = False
    deactivated: bool = False
    moved_to: int = 0
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if self.type in SHARING_NUMBERS:
            self.numbers = self.server.box

    @property
    def texts(self) -> list[str]:
        """What the bot's messages say now."""
        return [words(message) for message in self.messages.values()]

    def about(self) -> dict[str, Any]:
        """The chat as the Bot API names it."""
        named = {"first_name": "CANARY-NAME"} if self.type == "private" else {"title": self.title}
        more = {"username": self.username} if self.username else {}
        forum = {"is_forum": True} if self.topics is not None else {}
        return {"id": self.id, "type": self.type, **named, **more, **forum}

    def check_open(self) -> None:
        """Refuse, in Telegram's words, if the chat takes no messages from the bot."""
        if self.moved_to:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.moved_to,
            )
        if self.deactivated:
            raise forbidden("user is deactivated")
        if self.blocked:
            raise forbidden("bot was blocked by the user")
        if self.type == "private" and not self.started:
            raise forbidden("bot can't initiate conversation with a user")
        if self.bot == "kicked":
            raise forbidden(f"bot was kicked from the {self.type} chat")
        if self.bot == "left":
            raise forbidden(f"bot is not a member of the {self.type} chat")

    def check_writable(self, thread: int | None = None) -> None:
        """As above, and the bot must be allowed to write there, in this topic."""
        self.check_open()
        if self.type == "channel" and self.bot != "administrator":
            raise bad("need administrator rights in the channel chat")
        if thread is not None and thread not in (self.topics or ()):
            raise bad("message thread not found")

    def keep(self, message: Message) -> None:
        """Keep a message of the bot, new or edited."""
        self.messages[message["message_id"]] = message
        self.stir()

    def find(self, number: int) -> Message | None:
        """A message by its number, whoever sent it."""
        return self.messages.get(number) or self.said.get(number)

    def forget(self, number: int) -> None:
        """Delete a message."""
        self.messages.pop(number, None)
        self.said.pop(number, None)
        self.stir()

    def stir(self) -> None:
        """Wake those who listen."""
        self.changed.set()
        self.changed = asyncio.Event()

    async def hears(self, text: str, within: float = 10) -> Message:
        """The newest of the bot's messages with these words, as soon as there is one."""
        return await self.gets(lambda message: text in words(message), f"{text!r}", within)

    async def gets_file(self, name: str, within: float = 10) -> Message:
        """The newest document whose name ends so; its bytes are under "content"."""
        return await self.gets(
            lambda it: it.get("document", {}).get("file_name", "").endswith(name), name, within
        )

    async def gets(self, fits: Callable[[Message], bool], wanted: str, within: float) -> Message:
        """The newest fitting message; fails with what was said instead after so many seconds."""
        try:
            async with asyncio.timeout(within):
                while True:
                    for message in reversed(self.messages.values()):
                        if fits(message):
                            return message
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"the bot did not send {wanted}, but {self.texts}") from None

    def tell(self, text: str, more: dict[str, Any]) -> Message:
        """Put a message of somebody else into the chat and before the bot."""
        message = self._said({"text": text, **more})
        if found := found_entities(text):
            message["entities"] = found
        if self._bot_sees(message):
            self.server.add_update("edited_message" if "edit_date" in more else "message", message)
        return message

    def announces(self, **what: object) -> None:
        """A service message; the bot gets them all while it is there."""
        message = self._said(what)
        if self.bot in PRESENT:
            self.server.add_update("message", message)

    def _said(self, what: dict[str, Any]) -> Message:
        number = next(self.numbers)
        at = {"message_id": number, "date": self.server.now(), "chat": self.about()}
        self.said[number] = {**at, **what}
        return self.said[number]

    def _bot_sees(self, message: Message) -> bool:
        """Privacy mode: in groups only commands and replies to the bot, unless it is an admin."""
        if self.type == "private":
            return True
        if self.bot not in PRESENT:
            return False
        reply = message.get("reply_to_message", {}).get("from", {})
        return bool(
            self.server.reads_everything
            or self.bot == "administrator"
            or message["text"].startswith("/")
            or reply.get("id") == BOT["id"]
        )


@dataclass(eq=False)
class Person:
    """Somebody on Telegram."""

    server: BotApi
    id: int
    language: str = "en"

    @property
    def chat(self) -> Chat:
        """Their private chat with the bot."""
        return self.server.chats[self.id]

    def about(self) -> dict[str, Any]:
        """The person as the Bot API names them."""
        named = {"first_name": "CANARY-NAME", "username": f"canary_{self.id}"}
        return {"id": self.id, "is_bot": False, "language_code": self.language, **named}

    async def writes(
        self, text: str, chat: Chat | None = None, *, anonymous: bool = False, **more: object
    ) -> Message:
        """Write to the bot, or into a group; `more` are further fields of the message.

        Who has blocked the bot unblocks it by writing, as Telegram's apps demand.
        """
        where = chat or self.chat
        if where.blocked:
            self.unblocks()
        if where.type == "private":
            where.started = True
        return where.tell(text, author(where, self, anonymous=anonymous) | more)

    async def presses(self, message: Message, label: str) -> str:
        """Press the button whose label begins so; gives the press's id.

        Fails if the message has no such button now, or the button tells the bot nothing.
        """
        chat = self.server.chats[message["chat"]["id"]]
        now = chat.messages.get(message["message_id"])
        button = find_button(now or {}, label)
        if now is None or button is None or "callback_data" not in button:
            raise AssertionError(f"no button {label!r} to press in {public(now or {})}")
        return self.presses_data(now, button["callback_data"])

    def presses_data(self, message: Message, data: str) -> str:
        """Press a button that carries this data, real or made up; gives the press's id."""
        press = self.server.new_press()
        shown = {"chat_instance": "1", "message": public(message), "data": data}
        self.server.add_update("callback_query", {"id": press, "from": self.about(), **shown})
        return press

    def blocks(self) -> None:
        """Block the bot; it is told."""
        self.chat.blocked = True
        self.server.tell_membership(self.chat, self, "member", "kicked")

    def unblocks(self) -> None:
        """Unblock it; it is told."""
        self.chat.blocked = False
        self.server.tell_membership(self.chat, self, "kicked", "member")

    def leaves_telegram(self) -> None:
        """Delete the account."""
        self.chat.deactivated = True

    async def hears(self, text: str, within: float = 10) -> Message:
        """The newest message of the bot with these words, as soon as there is one."""
        return await self.chat.hears(text, within)


def author(chat: Chat, person: Person, *, anonymous: bool) -> dict[str, Any]:
    """Who a message is from. Anonymous administrators speak as the group itself."""
    if anonymous:
        return {"from": ANONYMOUS_ADMIN, "sender_chat": chat.about()}
    return {"from": person.about()}


def words(message: Message) -> str:
    """The text of a message, or its caption."""
    return str(message.get("text") or message.get("caption") or "")


def public(message: Message) -> Message:
    """The message as the Bot API shows it."""
    return {name: value for name, value in message.items() if name not in _OURS_ALONE}
