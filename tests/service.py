"""A chat service in memory, behind the same contract as the real ones (`Platform`).

A model of the server, not a stand-in for our own code: it keeps chats, refuses those who blocked
or moved, and every request waits until the test says how it ends. The emulator over HTTP is
stricter about formats but far too slow for histories of thousands of steps.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from types import TracebackType
from typing import Protocol, Self

from bot.platforms.base import (
    Lookup,
    PlatformError,
    Receive,
    RecipientGone,
    RecipientMoved,
    Rejected,
    TooOld,
    TryLater,
    Unknown,
    Unreadable,
)
from handlers.message import Message, plain

PART = 6  # blocks that fit into one message: alerts then have several parts
_DELETABLE = 48 * 3600


class Fate(Enum):
    """How a request ends."""

    WELL = auto()
    FLOOD = auto()  # 429: the whole account must pause
    LATER = auto()  # known not to have been done
    UNREADABLE = auto()  # known not to have been done: nobody there could read it now
    BAD = auto()  # 400: refused because of its content
    LOST_BEFORE = auto()  # no answer, and nothing was done
    LOST_AFTER = auto()  # no answer, but it was done
    MOVED = auto()  # the chat has another address now
    GONE = auto()  # the chat takes no more messages


@dataclass(slots=True)
class Copy:
    """A message as it stands in a chat."""

    ref: str
    key: str
    message: Message
    sent_at: int
    known: bool  # was the bot told its reference?

    @property
    def text(self) -> str:
        return plain(self.message)


class Work(Protocol):
    """What a request does to a chat. `known`: will the bot hear of it?"""

    def __call__(self, *, known: bool) -> str: ...


@dataclass(slots=True)
class Call:
    """A request that the service has not answered yet."""

    address: str
    verb: str
    key: str
    message: Message
    work: Work
    answer: asyncio.Future[str]
    orphan: bool = False  # whoever asked is on the way out


@dataclass(slots=True)
class Arrival:
    """A message that has arrived, as it read then."""

    address: str
    key: str
    text: str
    at: int


@dataclass
class Service:
    """One account on it. A strict one forgets keys, as Telegram does; else as Matrix."""

    name: str
    idempotent: bool
    clock: Callable[[], int]
    admit: Callable[[Call], None] = lambda _call: None  # looks at each request as it comes in
    chats: defaultdict[str, list[Copy]] = field(default_factory=lambda: defaultdict(list))
    arrivals: list[Arrival] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    ended: Callable[[Call, Fate, int], None] = lambda _call, _fate, _s: None  # … at how it ends
    lookup: Lookup | None = None  # nothing that is in doubt can be looked up
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)
    _refs: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is open."""

    async def listen(self, receive: Receive, since: str | None) -> None:
        """Updates are handed to the intake by the test."""

    def split(self, message: Message) -> Sequence[Message]:
        blocks = message.blocks
        first, *rest = [blocks[at : at + PART] for at in range(0, len(blocks), PART)] or [()]
        later = [replace(message, blocks=part, buttons=()) for part in rest]
        return [replace(message, blocks=first), *later]

    async def send(self, address: str, message: Message, *, key: str) -> str:
        def work(*, known: bool) -> str:
            if self.idempotent and (address, key) in self._keys:
                ref = self._keys[address, key]
                for copy in self.chats[address]:
                    copy.known |= known and copy.ref == ref
                return ref
            ref = f"{self.name}{next(self._refs)}"
            self._keys[address, key] = ref
            self.chats[address].append(Copy(ref, key, message, self.clock(), known))
            self.arrivals.append(Arrival(address, key, plain(message), self.clock()))
            return ref

        return await self._ask(address, "send", key, message, work)

    async def edit(self, address: str, ref: str, message: Message, *, key: str) -> None:
        def work(*, known: bool) -> str:
            for copy in self.chats[address]:
                if copy.ref == ref:
                    copy.message = message
            return ref

        await self._ask(address, "edit", key, message, work)

    async def retract(self, address: str, ref: str) -> None:
        def work(*, known: bool) -> str:
            for copy in [it for it in self.chats[address] if it.ref == ref]:
                if not self.idempotent and self.clock() - copy.sent_at > _DELETABLE:
                    raise TooOld("message can't be deleted")
                self.chats[address].remove(copy)
            return ref

        await self._ask(address, "retract", "", Message(), work)

    async def _ask(self, address: str, verb: str, key: str, message: Message, work: Work) -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        call = Call(address, verb, key, message, work, answer)
        self.calls.append(call)
        self.admit(call)
        return await answer

    def settle(self, call: Call, fate: Fate, seconds: int = 1) -> None:
        """Answer a request. One that goes well may still find nobody at home."""
        self.calls.remove(call)
        if call.answer.done():
            return
        fate = self._refused(call) if fate is Fate.WELL else fate
        self.ended(call, fate, seconds)
        try:
            result = self._end(call, fate, seconds)
        except PlatformError as error:
            call.answer.set_exception(error)
        else:
            call.answer.set_result(result)

    def _refused(self, call: Call) -> Fate:
        if call.address in self.moved:
            return Fate.MOVED
        return Fate.GONE if call.address in self.blocked else Fate.WELL

    def _end(self, call: Call, fate: Fate, seconds: int) -> str:
        error = self._error(call, fate, seconds)
        if fate is Fate.LOST_AFTER:
            self._do_unseen(call)
        if error is not None:
            raise error
        return call.work(known=True)

    def _error(  # noqa: PLR0911 - one kind of answer each
        self, call: Call, fate: Fate, seconds: int
    ) -> PlatformError | None:
        match fate:
            case Fate.FLOOD:
                return TryLater("too many requests", retry_after=seconds, flood=True)
            case Fate.LATER:
                return TryLater("not reached", retry_after=seconds)
            case Fate.UNREADABLE:
                return Unreadable("no device")
            case Fate.BAD:
                return Rejected("can't parse entities")
            case Fate.LOST_BEFORE | Fate.LOST_AFTER:
                return Unknown("no answer")
            case Fate.MOVED:
                return RecipientMoved(self.moved[call.address])
            case Fate.GONE:
                return RecipientGone("blocked")
        return None

    def _do_unseen(self, call: Call) -> None:
        """Do what is asked, though nobody will hear of it."""
        if self._refused(call) is Fate.WELL:
            with suppress(TooOld):
                call.work(known=False)

    def abandon(self, call: Call, *, done: bool) -> None:
        """Whoever asked has died before the answer. Was it done?"""
        self.calls.remove(call)
        call.answer.cancel()
        if done:
            self._do_unseen(call)
