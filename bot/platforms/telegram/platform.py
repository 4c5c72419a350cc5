"""The Telegram platform: sending, editing, taking back, and who administers a group."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from telegram import Bot, InputFile, Update
from telegram.constants import ChatMemberStatus
from telegram.error import InvalidToken

from bot.platforms.base import Lookup, Receive, RecipientGone, Rejected, Unknown, Unusable
from bot.platforms.telegram.bodies import Bodies, caption
from bot.platforms.telegram.errors import (
    is_already_so,
    takes_no_files,
    token_refused,
    translate,
)
from bot.platforms.telegram.lookup import Numbers, TelegramLookup
from bot.platforms.telegram.poll import Poller
from bot.platforms.telegram.request import CONNECT, READ, AiohttpRequest
from bot.platforms.telegram.updates import Me
from bot.platforms.telegram.updates import translate as understand
from bot.render.split import split_message
from bot.render.telegram import fits
from handlers.message import ChatKind, Event, Message, Request

_ADMINS = (ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER)
_REMEMBERED = 60.0  # seconds an answer about somebody's rights is believed
_ASIDE = 5.0  # seconds for a question that all later updates have to wait for
_SLACK = 15.0  # seconds a poll may take longer than was asked for

Answer = TypeVar("Answer")


class Telegram:
    """One bot account. `api_url` is a self-hosted Bot API server; "" means Telegram's own.

    `settle_doubts` lets it look for messages whose sending got no answer, `doubts_after` seconds.
    """

    name = "telegram"
    idempotent = False

    def __init__(
        self,
        token: str,
        *,
        api_url: str = "",
        poll_seconds: int = 50,
        conflict_patience: float = 30.0,
        connect_seconds: float = CONNECT,
        read_seconds: float = READ,
        poll_slack: float = _SLACK,
        settle_doubts: bool = False,
        doubts_after: float = 1.0,
    ) -> None:
        base: dict[str, Any] = {
            "base_url": f"{api_url}/bot",
            "base_file_url": f"{api_url}/file/bot",
        }
        self._polling = AiohttpRequest(poll_seconds + poll_slack, connect_seconds)
        self._calling = AiohttpRequest(read_seconds, connect_seconds)
        self._bot = Bot(
            token,
            request=self._calling,
            get_updates_request=self._polling,
            **(base if api_url else {}),
        )
        self._poll_seconds = poll_seconds
        self._read_seconds = read_seconds
        self._conflict_patience = conflict_patience
        self._numbers = Numbers()
        self.lookup: Lookup | None = None
        if settle_doubts:
            self.lookup = TelegramLookup(self._bot, self._numbers, after=doubts_after)
        self._bodies = Bodies()
        self._me = Me(0, "")
        self._admins: dict[tuple[str, str], tuple[float, bool]] = {}

    def __repr__(self) -> str:
        return "<Telegram>"

    async def __aenter__(self) -> Self:
        """Learn who we are. Raises `Unusable` if the token is refused."""
        try:
            await self._bot.initialize()
        except InvalidToken:
            await self._bot.shutdown()
            raise token_refused() from None
        except Exception as error:  # PTB stumbles in many ways over an answer that is not one
            await self._bot.shutdown()
            raise Unusable(
                f"Telegram cannot be reached ({type(error).__name__}).",
                "Check the network, and [telegram] api_url if you use your own server.",
                "unreachable",
            ) from None
        self._me = Me(self._bot.id, self._bot.username)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._bot.shutdown()

    async def describe(self) -> str:
        """Who the bot is, for `tocsin check`. Raises `Unusable` if the token is refused."""
        async with self:
            me = self._bot.bot
        reads = me.can_read_all_group_messages
        warning = ". It can read everything in groups: turn privacy mode on with @BotFather"
        return f"@{me.username}{warning if reads else ''}"

    async def listen(self, receive: Receive, since: str | None) -> None:
        """Poll for ever (see poll.py)."""
        poller = Poller(
            self._bot,
            self._polling,
            seconds=self._poll_seconds,
            conflict_patience=self._conflict_patience,
            understand=self._understand,
        )
        await poller.run(receive, since)

    def _note(self, chat: int | str, number: int) -> None:
        if self.lookup is not None and isinstance(chat, int):
            self._numbers.note(chat, number)

    async def _understand(self, update: Update) -> Request | None:
        if update.message is not None:
            self._note(update.message.chat.id, update.message.message_id)
        request = understand(update, self._me)
        if request is None or request.kind == ChatKind.PRIVATE or request.doubt:
            return request
        if request.event in (Event.SAID, Event.PRESSED):
            return replace(request, is_admin=await self._administers(request))
        return request

    async def _administers(self, request: Request) -> bool | None:
        """Does the sender administer the group? None when Telegram does not say."""
        who = request.address.partition("/")[0], request.sender
        asked, answer = self._admins.get(who, (-_REMEMBERED, False))
        if time.monotonic() - asked < _REMEMBERED:
            return answer
        try:
            member = await self._bot.get_chat_member(
                int(who[0]), int(who[1]), read_timeout=min(_ASIDE, self._read_seconds)
            )
        except Exception:  # whatever went wrong, what somebody wrote must not get lost over it
            return None
        if len(self._admins) > 1000:
            self._admins.clear()
        self._admins[who] = (time.monotonic(), member.status in _ADMINS)
        return member.status in _ADMINS

    def split(self, message: Message) -> Sequence[Message]:
        """Parts of 4096 UTF-16 units, each file a message of its own."""
        return split_message(message, fits)

    async def send(self, address: str, message: Message, *, key: str) -> str:  # noqa: ARG002 - Telegram knows no keys
        """Send one part; the reference is Telegram's message id."""
        about = {**_where(address), **_how(message)}
        if message.attachments:
            return await self._send_file(message, about)
        sent = await _translated(self._call("sendMessage", message, about))
        return self._noted(sent, about["chat_id"])

    async def _send_file(self, message: Message, about: dict[str, Any]) -> str:
        words = caption(message)
        try:
            sent = await self._bot.send_document(
                document=_file(message),
                caption=words.text or None,
                caption_entities=words.entities or None,
                **about,
            )
            answer = sent.to_dict()
        except Exception as error:
            if takes_no_files(error):
                return ""
            raise translate(error) from None
        return self._noted(answer, about["chat_id"])

    def _noted(self, sent: object, chat: int | str) -> str:
        ref = _reference(sent, chat)
        self._note(chat, int(ref))
        return ref

    async def edit(self, address: str, ref: str, message: Message, *, key: str) -> None:  # noqa: ARG002 - Telegram knows no keys
        """Let a message read like this; an edit may be repeated safely."""
        await _changed(self._call("editMessageText", message, _which(address, ref)))

    async def _call(self, method: str, message: Message, about: dict[str, Any]) -> object:
        body = self._bodies.write(message, about)
        return await self._calling.call(f"{self._bot.base_url}/{method}", body)

    async def retract(self, address: str, ref: str) -> None:
        """Delete a message. Telegram allows it for 48 hours; later this raises `TooOld`."""
        await _changed(self._bot.delete_message(**_which(address, ref)))


async def _translated(call: Awaitable[Answer]) -> Answer:
    try:
        return await call
    except Exception as error:
        raise translate(error) from None


async def _changed(call: Awaitable[object]) -> None:
    """Change what was sent; doing it twice does no harm, so doubt means trying again."""
    try:
        await call
    except Exception as error:
        if not is_already_so(error):
            raise translate(error) from None


def _reference(sent: object, chat: int | str) -> str:
    """The number of our message, if the answer really is about it and not about another's."""
    match sent:
        case {"message_id": int(number), "chat": {"id": int(known), **more}}:
            wanted = chat.casefold() if isinstance(chat, str) else chat
            if wanted in (known, f"@{more.get('username')}".casefold()) and number is not True:
                return str(number)
            raise Unknown("an answer about something else")
        case _:
            raise Unknown("an answer about nothing")


def _where(address: str) -> dict[str, Any]:
    """The chat and, in a topic, the thread."""
    chat, _, thread = address.partition("/")
    try:
        chat_id: int | str = chat if chat.startswith("@") else int(chat)
        return {"chat_id": chat_id, **({"message_thread_id": int(thread)} if thread else {})}
    except ValueError:
        raise RecipientGone("no chat of Telegram has such an address") from None


def _which(address: str, ref: str) -> dict[str, Any]:
    """The chat, and the message in it."""
    chat = _where(address)["chat_id"]
    try:
        return {"chat_id": chat, "message_id": int(ref)}
    except ValueError:
        raise Rejected("no message of Telegram has such a reference") from None


def _how(message: Message) -> dict[str, Any]:
    silent = {"disable_notification": True} if message.silent else {}
    protected = {"protect_content": True} if message.protected else {}
    return {**silent, **protected}


def _file(message: Message) -> InputFile:
    file = message.attachments[0]
    return InputFile(file.text.encode(), filename=file.filename)
