"""A strict Bot API server: refuses what Telegram refuses, in its words, with its limits.

Driven over HTTP by the real python-telegram-bot. `person`, `group` and `channel` play the other
side; `fail` and `drop` break single calls.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiohttp import web

from tests.fakes.telegram_chats import Chat, Person, bot_user
from tests.fakes.telegram_rules import (
    LONGEST_CAPTION,
    METHODS,
    ApiError,
    bad,
    check_keyboard,
    check_text,
    kept_entities,
    read_parameters,
)

_DAY = 86400
_SENDING = ("sendMessage", "sendDocument", "editMessageText")


@dataclass
class Limits:
    """What is refused with 429. 0 means no limit."""

    per_second: int = 0  # of all chats, in any sliding second
    per_chat: float = 0.0  # seconds between two messages of a private chat
    per_group: int = 0  # messages a minute
    shut: float = 0.0  # seconds everything is refused after a refusal


@dataclass
class Fault:
    """One way to break calls of a method."""

    method: str
    times: int
    status: int = 0
    body: bytes = b"<html>Bad Gateway</html>"
    drop: str = ""  # "before" or "after" the server acts


@dataclass
class Call:
    """An accepted call."""

    method: str
    parameters: dict[str, Any]
    at: float


@dataclass
class BotApi:
    """One bot's Telegram."""

    token: str = "4242:CANARY-TOKEN-abcdefghijklmnopqrstu"
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.time
    url: str = ""

    def __post_init__(self) -> None:
        self.numbers = itertools.count(1000)
        self.chats: dict[int, Chat] = {}
        self.calls: list[Call] = []
        self.started: set[int] = set()
        self.reads_everything = False
        self.webhook = ""
        self.faults: list[Fault] = []
        self._allowed: list[str] | None = None
        self._updates: deque[tuple[int, str, dict[str, Any], float]] = deque()
        self._came = asyncio.Event()
        self._poll: asyncio.Event | None = None
        self._sent: deque[float] = deque()
        self._sent_to: dict[int, deque[float]] = {}
        self._shut_until = 0.0
        self._runner: web.AppRunner | None = None

    # -------------------------------------------------------------------------- the other side

    def now(self) -> int:
        return int(self.clock())

    def person(self, id: int = 0, language: str = "en") -> Person:  # noqa: A002 - Telegram's word
        person = Person(self, id or next(self.numbers), language)
        self.chat(person.id, "private")
        return person

    def group(self, *, supergroup: bool = True) -> Chat:
        number = next(self.numbers)
        kind = "supergroup" if supergroup else "group"
        return self.chat(-100_000_000_0000 - number if supergroup else -number, kind)

    def channel(self) -> Chat:
        channel = self.chat(-100_000_000_0000 - next(self.numbers), "channel")
        channel.bot = "administrator"
        return channel

    def chat(self, chat_id: int, kind: str) -> Chat:
        return self.chats.setdefault(chat_id, Chat(self, chat_id, kind))

    def add_update(self, kind: str, content: dict[str, Any]) -> None:
        if self._allowed is not None and kind not in self._allowed:
            return
        self._updates.append((next(self.numbers), kind, content, self.clock()))
        self._came.set()

    def membership(self, chat: Chat, by: Person, old: str, new: str) -> None:
        """Tell the bot that its own place in a chat has changed."""
        member = {"user": bot_user(), "until_date": 0}
        self.add_update(
            "my_chat_member",
            {
                "chat": chat.about(),
                "from": by.about(),
                "date": self.now(),
                "old_chat_member": {**member, "status": old},
                "new_chat_member": {**member, "status": new},
            },
        )

    def kicks_bot(self, chat: Chat, by: Person) -> None:
        chat.bot = "kicked"
        self.membership(chat, by, "member", "kicked")

    def migrates(self, chat: Chat) -> Chat:
        """A group becomes a supergroup with another id."""
        new = self.group()
        new.members = dict(chat.members)
        chat.moved_to = new.id
        return new

    def revoke_token(self) -> None:
        self.token = "revoked"

    def fail(
        self, method: str, status: int = 502, body: bytes = b"<html></html>", times: int = 1
    ) -> None:
        self.faults.append(Fault(method, times, status=status, body=body))

    def drop(self, method: str, when: str, times: int = 1) -> None:
        self.faults.append(Fault(method, times, drop=when))

    # ---------------------------------------------------------------------------- the server

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        self._came.set()
        if self._poll is not None:
            self._poll.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fault = self._fault(method)
        if fault is not None and fault.drop == "before":
            _hang_up(request)
        if fault is not None and fault.status:
            return web.Response(status=fault.status, body=fault.body)
        try:
            result = await self._call(request, method)
        except ApiError as error:
            return _refusal(error)
        if fault is not None and fault.drop == "after":
            _hang_up(request)
        return web.json_response({"ok": True, "result": result})

    def _fault(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _call(self, request: web.Request, method: str) -> Any:  # noqa: ANN401 - any result
        if request.match_info["token"] != self.token:
            raise ApiError(401, "Unauthorized")
        if method not in METHODS:
            raise ApiError(404, "Not Found: method not found")
        parameters = read_parameters(method, await _given(request))
        if method in _SENDING:
            self._pace(parameters)
        handler = cast("Callable[..., Awaitable[Any]]", getattr(self, f"_{_snake(method)}"))
        result = await handler(**parameters)
        self.calls.append(Call(method, parameters, time.monotonic()))
        return result

    def _pace(self, parameters: dict[str, Any]) -> None:
        now = time.monotonic()
        chat_id = parameters["chat_id"]
        if now < self._shut_until:
            raise _too_many(self._shut_until - now)
        if self.limits.per_second:
            _forget(self._sent, now - 1.0)
            if len(self._sent) >= self.limits.per_second:
                self._shut_until = now + self.limits.shut
                raise _too_many(1)
        mine = self._sent_to.setdefault(chat_id, deque())
        _forget(mine, now - 60.0)
        if self.limits.per_group and int(chat_id) < 0 and len(mine) >= self.limits.per_group:
            raise _too_many(60 - (now - mine[0]))
        if self.limits.per_chat and mine and now - mine[-1] < self.limits.per_chat:
            raise _too_many(1)
        self._sent.append(now)
        mine.append(now)

    # --------------------------------------------------------------------------- the methods

    async def _get_me(self) -> dict[str, Any]:
        return {
            **bot_user(),
            "can_join_groups": True,
            "can_read_all_group_messages": self.reads_everything,
            "supports_inline_queries": False,
        }

    async def _get_updates(
        self,
        offset: int = 0,
        limit: int = 100,
        timeout: int = 0,  # noqa: ASYNC109 - the API's word
        allowed_updates: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        if self.webhook:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        if allowed_updates is not None:
            self._allowed = allowed_updates
        self._confirm(offset)
        if not self._updates and timeout:
            await self._wait(timeout)
        return [
            {"update_id": number, kind: content}
            for number, kind, content, _ in itertools.islice(self._updates, limit)
        ]

    def _confirm(self, offset: int) -> None:
        """Forget what is confirmed by the offset, and what is older than a day."""
        if offset < 0:
            while len(self._updates) > -offset:
                self._updates.popleft()
        while self._updates and self._updates[0][0] < offset:
            self._updates.popleft()
        while self._updates and self._updates[0][3] < self.clock() - _DAY:
            self._updates.popleft()

    async def _wait(self, seconds: int) -> None:
        """Hold the line until something comes; a second caller cuts off the first."""
        if self._poll is not None:
            self._poll.set()
        mine = self._poll = asyncio.Event()
        self._came.clear()
        waits = [asyncio.create_task(event.wait()) for event in (self._came, mine)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if mine.is_set():
            raise ApiError(
                409,
                "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
            )
        self._poll = None

    async def _send_message(
        self,
        chat_id: int | str,
        text: str,
        entities: list[dict[str, Any]] | None = None,
        reply_markup: dict[str, Any] | None = None,
        parse_mode: str = "",
        **about: object,
    ) -> dict[str, Any]:
        if parse_mode:
            raise bad("this bot never sends markup to parse")
        chat = self._reachable(chat_id)
        check_text(text, entities or [])
        keyboard = check_keyboard(reply_markup)
        shown = {"text": text, "entities": kept_entities(text, entities or [])}
        return self._keep(chat, shown, keyboard, about)

    async def _send_document(
        self,
        chat_id: int | str,
        document: web.FileField,
        caption: str = "",
        reply_markup: dict[str, Any] | None = None,
        **about: object,
    ) -> dict[str, Any]:
        chat = self._reachable(chat_id)
        if caption:
            check_text(caption, [], LONGEST_CAPTION)
        if not isinstance(document, web.FileField):
            raise bad("wrong file identifier/HTTP URL specified")
        content = document.file.read()
        named = {"file_name": document.filename, "mime_type": document.content_type}
        file = {"file_id": "f", "file_unique_id": "f", "file_size": len(content), **named}
        message = self._keep(chat, {"document": file}, check_keyboard(reply_markup), about)
        self.chats[chat.id].messages[message["message_id"]]["content"] = content
        return message

    def _keep(
        self,
        chat: Chat,
        shown: dict[str, Any],
        keyboard: dict[str, Any] | None,
        about: Mapping[str, object],
    ) -> dict[str, Any]:
        message = {
            "message_id": next(chat.numbers),
            "date": self.now(),
            "chat": chat.about(),
            "from": bot_user(),
            **shown,
        }
        if keyboard is not None:
            message["reply_markup"] = keyboard
        if about.get("protect_content"):
            message["has_protected_content"] = True
        chat.keep({**message, "silent": bool(about.get("disable_notification"))})
        return message

    async def _edit_message_text(
        self,
        chat_id: int | str,
        message_id: int,
        text: str,
        entities: list[dict[str, Any]] | None = None,
        reply_markup: dict[str, Any] | None = None,
        **_about: object,
    ) -> dict[str, Any]:
        chat = self._reachable(chat_id)
        message = chat.messages.get(message_id)
        if message is None:
            raise bad("message to edit not found")
        check_text(text, entities or [])
        keyboard = check_keyboard(reply_markup)
        if message.get("text") == text and message.get("reply_markup") == keyboard:
            raise bad(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        message |= {"text": text, "entities": kept_entities(text, entities or [])}
        message.pop("reply_markup", None)
        if keyboard is not None:
            message["reply_markup"] = keyboard
        chat.stir()
        return {key: value for key, value in message.items() if key != "silent"}

    async def _edit_message_reply_markup(
        self, chat_id: int | str, message_id: int, reply_markup: dict[str, Any] | None = None
    ) -> bool:
        chat = self._reachable(chat_id)
        if message_id not in chat.messages:
            raise bad("message to edit not found")
        chat.messages[message_id]["reply_markup"] = check_keyboard(reply_markup)
        return True

    async def _delete_message(self, chat_id: int | str, message_id: int) -> bool:
        chat = self._reachable(chat_id)
        message = chat.messages.get(message_id)
        if message is None:
            raise bad("message to delete not found")
        if message["date"] < self.now() - 2 * _DAY:
            raise bad("message can't be deleted")
        del chat.messages[message_id]
        return True

    async def _answer_callback_query(self, callback_query_id: str, **_about: object) -> bool:
        return bool(callback_query_id)

    async def _get_chat(self, chat_id: int | str) -> dict[str, Any]:
        chat = self._reachable(chat_id)
        return {**chat.about(), "accent_color_id": 1, "max_reaction_count": 1}

    async def _get_chat_member(self, chat_id: int | str, user_id: int) -> dict[str, Any]:
        chat = self._reachable(chat_id)
        status = chat.members.get(user_id)
        if status is None:
            raise bad("user not found")
        user = {"id": user_id, "is_bot": False, "first_name": "M"}
        return {"status": status, "user": user, **(_RIGHTS if status == "administrator" else {})}

    async def _set_my_commands(self, **_about: object) -> bool:
        return True

    async def _delete_my_commands(self, **_about: object) -> bool:
        return True

    async def _get_webhook_info(self) -> dict[str, Any]:
        return {"url": self.webhook, "has_custom_certificate": False, "pending_update_count": 0}

    async def _delete_webhook(self, **_about: object) -> bool:
        self.webhook = ""
        return True

    def _reachable(self, chat_id: int | str) -> Chat:
        """The chat, if it takes our messages; else Telegram's refusal."""
        chat = self.chats.get(int(chat_id)) if not str(chat_id).startswith("@") else None
        if chat is None:
            raise bad("chat not found")
        if chat.moved_to:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        if chat.deactivated:
            raise ApiError(403, "Forbidden: user is deactivated")
        if chat.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat.bot == "kicked":
            raise ApiError(403, f"Forbidden: bot was kicked from the {_named(chat)} chat")
        if chat.bot == "left":
            raise ApiError(403, f"Forbidden: bot is not a member of the {_named(chat)} chat")
        if chat.type == "private" and chat.id not in self.started:
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        return chat


_RIGHTS: dict[str, Any] = {
    "can_be_edited": False,
    "is_anonymous": False,
    "can_manage_chat": True,
    "can_delete_messages": True,
    "can_manage_video_chats": True,
    "can_restrict_members": True,
    "can_promote_members": False,
    "can_change_info": True,
    "can_invite_users": True,
    "can_post_stories": False,
    "can_edit_stories": False,
    "can_delete_stories": False,
}


def _named(chat: Chat) -> str:
    return {"supergroup": "supergroup", "channel": "channel"}.get(chat.type, "group")


def _too_many(seconds: float) -> ApiError:
    wait = max(1, round(seconds))
    return ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()


def _snake(method: str) -> str:
    return "".join(f"_{ch.lower()}" if ch.isupper() else ch for ch in method)


def _refusal(error: ApiError) -> web.Response:
    answer: dict[str, Any] = {
        "ok": False,
        "error_code": error.code,
        "description": error.description,
    }
    if error.parameters:
        answer["parameters"] = error.parameters
    return web.json_response(answer, status=error.code)


def _hang_up(request: web.Request) -> None:
    """Break the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError


async def _given(request: web.Request) -> Mapping[str, object]:
    if request.content_type == "application/json":
        return cast("Mapping[str, object]", await request.json())
    return {**request.query, **await request.post()}


@pytest.fixture
async def telegram_server() -> AsyncIterator[BotApi]:
    """A fake Telegram with one bot."""
    server = BotApi()
    await server.start()
    yield server
    await server.stop()
