"""A strict Bot API server: refuses what Telegram refuses, in its words, with its limits.

Driven over HTTP by the real python-telegram-bot. `person`, `group` and `channel` play the other
side; `fail`, `drop` and `stall` break single calls; `calls` is what was accepted.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from aiohttp import web

from tests.fakes.telegram_answers import ANSWERS, member_of
from tests.fakes.telegram_chats import BOT, Chat, Message, Person
from tests.fakes.telegram_faults import Fault, Faults, When
from tests.fakes.telegram_groups import Group
from tests.fakes.telegram_limits import PACED, Gate, Limits
from tests.fakes.telegram_methods import Upload, parameters_of, read_parameters
from tests.fakes.telegram_refusals import WEBHOOK_CAME, ApiError, bad, conflict
from tests.fakes.telegram_updates import Updates

__all__ = ["BotApi", "Call", "Chat", "Group", "Limits", "Message", "Person", "telegram_server"]

_TOKEN = "4242:CANARY-TOKEN-abcdefghijklmnopqrstuv"
_LARGEST = 50 * 2**20  # bytes of an upload
_SUPERGROUPS = -1_000_000_000_000
_FAR = 5_000_000_000  # users' numbers are longer than 32 bits


class Call(NamedTuple):
    """An accepted call; `time` is of the monotonic clock."""

    method: str
    params: dict[str, Any]
    time: float


@dataclass(eq=False)
class BotApi:
    """One bot's Telegram. `clock` gives seconds since 1970 and may be replaced at any time."""

    token: str = _TOKEN
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.time
    url: str = ""

    def __post_init__(self) -> None:
        self.chats: dict[int, Chat] = {}
        self.people: dict[int, Person] = {}
        self.calls: list[Call] = []
        self.asked = Counter[str]()  # requests by method, refused ones too
        self.box = itertools.count(1)  # numbers of the messages in private chats and basic groups
        self.files: dict[str, Upload] = {}
        self.presses: dict[str, dict[str, Any]] = {}  # id → how it was answered
        self.commands: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
        self.reads_everything = False  # privacy mode is off
        self.webhook = ""
        self.conflicts = 0  # refusals because somebody else polls, that somebody got to see
        self.updates = Updates(clock=self._now)
        self.gate = Gate()
        self._faults = Faults()
        self._late: list[web.Request] = []
        self._accepted = asyncio.Event()
        self._numbers = itertools.count(1001)
        self._runner: web.AppRunner | None = None

    # --------------------------------------------------------------------------- the other side

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock())

    def _now(self) -> float:
        return self.clock()

    def person(self, id: int = 0, language: str = "en") -> Person:  # noqa: A002 - Telegram's word
        """Somebody who has not written to the bot yet; the same one for the same id."""
        number = id or _FAR + next(self._numbers)
        if number not in self.people:
            self.people[number] = Person(self, number, language)
            self.chats[number] = Chat(self, number, "private")
        return self.people[number]

    def skips(self, numbers: int = 1) -> None:
        """Messages that the bot never hears of take so many numbers."""
        for _ in range(numbers):
            next(self.box)

    @property
    def somebody(self) -> Person:
        """Who does things when nobody is named."""
        return self.person(_FAR)

    def group(
        self,
        *,
        supergroup: bool = True,
        topics: bool = False,
        title: str = "CANARY-GROUP",
        username: str = "",
    ) -> Group:
        """A group the bot is already in; `topics` makes a forum."""
        number = next(self._numbers)
        kind = "supergroup" if supergroup else "group"
        return self._keep(
            Group(
                self,
                _SUPERGROUPS - number if supergroup else -number,
                kind,
                title=title,
                username=username,
                topics=set() if topics else None,
            )
        )

    def channel(self, title: str = "CANARY-CHANNEL", username: str = "") -> Group:
        """A channel where the bot may post."""
        number = _SUPERGROUPS - next(self._numbers)
        channel = Group(self, number, "channel", title=title, username=username)
        channel.bot = "administrator"
        return self._keep(channel)

    def _keep(self, group: Group) -> Group:
        self.chats[group.id] = group
        return group

    def migrates(self, group: Group) -> Group:
        """The same as `group.migrates()`."""
        return group.migrates()

    def add_update(self, kind: str, content: dict[str, Any]) -> None:
        """Put anything before the bot."""
        self.updates.add(kind, content)

    def tell_membership(self, chat: Chat, by: Person, old: str, new: str) -> None:
        """Tell the bot that its own place in a chat has changed."""
        what = {"chat": chat.about(), "from": by.about(), "date": self.now()}
        before, after = member_of(old, BOT), member_of(new, BOT)
        changed = {"old_chat_member": before, "new_chat_member": after}
        self.add_update("my_chat_member", what | changed)

    def new_press(self) -> str:
        """The id of a press that may be answered."""
        press = str(next(self._numbers))
        self.presses[press] = {}
        return press

    def sets_webhook(self, url: str) -> None:
        """Somebody else directs the bot's updates to themselves."""
        self.webhook = url
        self.updates.interrupt(conflict(WEBHOOK_CAME))

    def revoke_token(self) -> str:
        """The old token is worth nothing from now on; gives the new one."""
        self.token = f"{BOT['id']}:{hashlib.sha256(self.token.encode()).hexdigest()[:35]}"
        self.updates.interrupt(ApiError(401, "Unauthorized"))
        return self.token

    # --------------------------------------------------------------------------------- faults

    def fail(
        self, method: str, status: int = 500, body: bytes = b"<html></html>", times: int = 1
    ) -> None:
        """Answer the next calls with this instead of acting."""
        self._faults.order(Fault(method, times, status=status, body=body))

    def drop(self, method: str, when: When, times: int = 1) -> None:
        """Reset the connection of the next calls before acting, after, or before acting late.

        What is late acts when `late_ones_act` says so.
        """
        self._faults.order(Fault(method, times, drop=when))

    def repeat(self, method: str) -> None:
        """Act twice on the next call; only the second answer is seen."""
        self._faults.order(Fault(method, twice=True))

    async def late_ones_act(self) -> list[Any]:
        """What has been given up long ago reaches the chats after all; what comes of each."""
        late, self._late = self._late, []
        return [await self._act(request) for request in late]

    def stall(self, method: str, seconds: float, times: int = 1) -> None:
        """Keep silent so long before acting."""
        self._faults.order(Fault(method, times, stall=seconds))

    # ----------------------------------------------------------------------------- the server

    async def start(self) -> None:
        """Listen on a free local port."""
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Close everything; an open poll ends as when Telegram restarts."""
        self.updates.interrupt(ApiError(502, "Bad Gateway"))
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.take(request.match_info["method"])
        if fault.drop == "before":
            return _hang_up(request)
        if fault.status:
            return web.Response(status=fault.status, body=fault.body)
        if fault.drop == "late":
            await request.read()
            self._late.append(request)
            return _hang_up(request)
        await asyncio.sleep(fault.stall)
        if fault.twice:
            with suppress(ApiError):
                await self._act(request)
        try:
            result = await self._act(request)
        except ApiError as error:
            if error.code == 409 and not _has_gone(request):
                self.conflicts += 1
            answer = web.json_response(error.answer(), status=error.code)
        else:
            answer = web.json_response({"ok": True, "result": result})
        return _hang_up(request) if fault.drop == "after" else answer

    async def _act(self, request: web.Request) -> Any:  # noqa: ANN401 - each method its own
        if not re.fullmatch(r"\d+:[\w-]{30,}", request.match_info["token"], re.ASCII):
            raise ApiError(404, "Not Found")
        if request.match_info["token"] != self.token:
            raise ApiError(401, "Unauthorized")
        method = request.match_info["method"]
        self.asked[method] += 1
        params = read_parameters(method, await parameters_of(request))
        if method in PACED:
            chat = self.find_chat(params["chat_id"])
            self.gate.let_through(self.limits, chat.id, private=chat.type == "private")
        result = await ANSWERS[method](self, params)
        self.calls.append(Call(method, params, time.monotonic()))
        self._accepted.set()
        return result

    async def accepts(self, more: int, within: float = 30) -> None:
        """Wait until so many more calls have been accepted."""
        goal = len(self.calls) + more
        async with asyncio.timeout(within):
            while len(self.calls) < goal:
                self._accepted.clear()
                await self._accepted.wait()

    def find_chat(self, chat_id: int | str) -> Chat:
        """The chat of this number or @name; refuses if there is none."""
        if isinstance(chat_id, int) and chat_id in self.chats:
            return self.chats[chat_id]
        for chat in self.chats.values():
            if chat.username and chat_id == f"@{chat.username}":
                return chat
        raise bad("chat not found")

    def file_id(self, upload: Upload) -> str:
        """The name under which an uploaded file can be sent again."""
        named = f"{upload.filename}\n".encode() + upload.content
        file_id = "BQ" + hashlib.sha256(named).hexdigest()
        self.files[file_id] = upload
        return file_id


def _has_gone(request: web.Request) -> bool:
    """Is nobody there any more to get the answer?"""
    return request.transport is None or request.transport.is_closing()


def _hang_up(request: web.Request) -> web.Response:
    """Reset the connection; the answer goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@pytest.fixture
async def telegram_server() -> AsyncIterator[BotApi]:
    """A fake Telegram with one bot."""
    server = BotApi()
    await server.start()
    yield server
    await server.stop()
