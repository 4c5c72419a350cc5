"""The Telegram platform: sending, editing, taking back, and who administers a group."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from telegram import Bot, InputFile, LinkPreviewOptions, Update
from telegram.constants import ChatMemberStatus
from telegram.error import InvalidToken, TelegramError

from bot.platforms.base import PlatformError, Receive, RecipientGone, Rejected, TooOld, Unusable
from bot.platforms.telegram.errors import ASK_BOTFATHER, is_already_so, is_too_old, translate
from bot.platforms.telegram.poll import Poller
from bot.platforms.telegram.request import AiohttpRequest
from bot.platforms.telegram.updates import Me
from bot.platforms.telegram.updates import translate as understand
from bot.render.split import split_message
from bot.render.telegram import Rendered, fits, render
from handlers.message import ChatKind, Event, Message, Request

_ADMINS = (ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER)
_REMEMBERED = 60.0  # seconds an answer about somebody's rights is believed
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Telegram:
    """One bot account. `api_url` is a self-hosted Bot API server; "" means Telegram's own."""

    name = "telegram"
    idempotent = False

    def __init__(
        self,
        token: str,
        *,
        api_url: str = "",
        poll_seconds: int = 50,
        conflict_patience: float = 30.0,
    ) -> None:
        base: dict[str, Any] = {
            "base_url": f"{api_url}/bot",
            "base_file_url": f"{api_url}/file/bot",
        }
        self._bot = Bot(
            token,
            request=AiohttpRequest(),
            get_updates_request=AiohttpRequest(poll_seconds + 15),
            **(base if api_url else {}),
        )
        self._poll_seconds = poll_seconds
        self._conflict_patience = conflict_patience
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
            raise Unusable("Telegram refuses the bot's token.", ASK_BOTFATHER) from None
        except TelegramError as error:
            await self._bot.shutdown()
            raise Unusable(
                f"Telegram cannot be reached ({type(error).__name__}).",
                "Check the network, and [telegram] api_url if you use your own server.",
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
            me = await self._bot.get_me()
            reads = me.can_read_all_group_messages
        warning = ". It can read everything in groups: turn privacy mode on with @BotFather"
        return f"@{me.username}{warning if reads else ''}"

    async def listen(self, receive: Receive, since: str | None) -> None:
        """Poll for ever (see poll.py)."""
        poller = Poller(
            self._bot,
            seconds=self._poll_seconds,
            conflict_patience=self._conflict_patience,
            understand=self._understand,
        )
        await poller.run(receive, since)

    async def _understand(self, update: Update) -> Request | None:
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
            member = await self._bot.get_chat_member(int(who[0]), int(who[1]))
        except (TelegramError, ValueError):
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
        try:
            if message.attachments:
                sent = await self._bot.send_document(
                    document=_file(message), **_where(address), **_how(message)
                )
            else:
                rendered = _rendered(message)
                sent = await self._bot.send_message(
                    text=rendered.text,
                    entities=rendered.entities,
                    reply_markup=rendered.keyboard,
                    link_preview_options=_NO_PREVIEW,
                    **_where(address),
                    **_how(message),
                )
        except TelegramError as error:
            raise translate(error) from None
        return str(sent.message_id)

    async def edit(self, address: str, ref: str, message: Message, *, key: str) -> None:  # noqa: ARG002 - Telegram knows no keys
        """Let a message read like this; an edit may be repeated safely."""
        rendered = _rendered(message)
        await self._change(
            self._bot.edit_message_text(
                text=rendered.text,
                entities=rendered.entities,
                reply_markup=rendered.keyboard,
                link_preview_options=_NO_PREVIEW,
                chat_id=_where(address)["chat_id"],
                message_id=int(ref),
            )
        )

    async def retract(self, address: str, ref: str) -> None:
        """Delete a message. Raises `TooOld` when it is older than 48 hours."""
        await self._change(
            self._bot.delete_message(_where(address)["chat_id"], message_id=int(ref))
        )

    async def _change(self, call: Any) -> None:  # noqa: ANN401 - any of PTB's coroutines
        """Change what was sent; doing it twice does no harm, so doubt means trying again."""
        try:
            await call
        except TelegramError as error:
            if is_already_so(error):
                return
            if is_too_old(error):
                raise TooOld("it is too old to be deleted") from None
            failure: PlatformError = translate(error)
            raise failure from None


def _rendered(message: Message) -> Rendered:
    try:
        return render(message)
    except ValueError as error:  # its words are ours: they quote nothing
        raise Rejected(str(error)) from None


def _where(address: str) -> dict[str, Any]:
    """The chat and, in a topic, the thread."""
    chat, _, thread = address.partition("/")
    try:
        chat_id: int | str = chat if chat.startswith("@") else int(chat)
        return {"chat_id": chat_id, **({"message_thread_id": int(thread)} if thread else {})}
    except ValueError:
        raise RecipientGone("no chat of Telegram has such an address") from None


def _how(message: Message) -> dict[str, Any]:
    return {
        "disable_notification": message.silent or None,
        "protect_content": message.protected or None,
    }


def _file(message: Message) -> InputFile:
    file = message.attachments[0]
    return InputFile(file.text.encode(), filename=file.filename)
