"""The built-in chat: a platform whose service is our own database and whose client is a page.

Addresses are the ids of the people in the side bar ("owner", "london"). The page calls `said` and
`pressed` for what they do and `lines` for what it shows; everything else is as on any platform.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter

from bot.platforms.base import PlatformError, Receive
from handlers.message import (
    ChatKind,
    Event,
    Message,
    Request,
    pack_message,
    unpack_message,
)
from storage import keepsakes, local_chat
from storage.database import Database
from storage.local_chat import Line

_TAKEN_WITHIN = 10.0  # seconds until somebody who wrote is told that nobody listens

_QUIET = 30.0  # seconds after which we say that we still listen


@dataclass(frozen=True, slots=True)
class Persona:
    """One of the people (or groups) a visitor of the page can be.

    A group is written for by its admin.
    """

    id: str  # the address; lower-case letters, digits and hyphens
    name: str
    place: str = ""
    language: str = ""  # what their client says
    kind: ChatKind = ChatKind.PRIVATE
    organiser: bool = False  # for the page's badge and hints only; gives no rights


class NotTakenError(PlatformError):
    """What somebody wrote was not stored: nobody listens, or storing failed."""


@dataclass(slots=True)
class _Spoken:
    request: Request
    stored: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


_PEOPLE: TypeAdapter[list[Persona]] = TypeAdapter(list[Persona])


class Local:
    """The built-in chat as a platform. One process at a time serves it."""

    name = "local"
    idempotent = True
    lookup = None

    def __init__(self, database: Database) -> None:
        self._database = database
        self._spoken: asyncio.Queue[_Spoken] = asyncio.Queue()
        self._writing = asyncio.Lock()  # versions of one chat are given out one after the other
        self._stirred = asyncio.Event()
        self._people: dict[str, Persona] = {}
        self._added: dict[str, Persona] = {}
        self._last_words: dict[str, Line] = {}

    async def __aenter__(self) -> Self:
        """Remember the people who were added on the page."""
        async with self._database.read() as session:
            kept = await keepsakes.load(session, self.name, "people")
        self._added = {one.id: one for one in _PEOPLE.validate_json(kept or "[]")}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is kept open."""

    # ------------------------------------------------------------------------------- people

    def introduce(self, people: Iterable[Persona]) -> None:
        """Put these people into the side bar, until the process ends."""
        self._people.update({one.id: one for one in people})
        self._stir()

    async def add(self, persona: Persona) -> None:
        """Put somebody into the side bar and remember them."""
        self._added[persona.id] = persona
        await self._keep_people()
        self._stir()

    def people(self) -> dict[str, Persona]:
        """Everybody in the side bar by address, in order."""
        return self._people | self._added

    async def _keep_people(self) -> None:
        packed = _PEOPLE.dump_json(list(self._added.values())).decode()
        async with self._database.write() as session:
            await keepsakes.save(session, self.name, "people", packed)

    # ---------------------------------------------------------------------- what people do

    async def said(self, person: str, text: str, language: str = "") -> None:
        """Somebody wrote; returns when the bot has it for sure. Raises `NotTakenError`."""
        self._last_words.pop(person, None)
        async with self._writing, self._database.write() as session:
            await local_chat.append(session, person, text, now=time.time())
        self._stir()
        await self._hand_over(replace(self._request(person, language), text=text))

    async def pressed(self, person: str, ref: str, token: str) -> None:
        """Somebody pressed a button; returns when the bot has it. Raises `NotTakenError`."""
        request = self._request(person, "")
        await self._hand_over(replace(request, event=Event.PRESSED, button=token, message_ref=ref))

    def _request(self, person: str, language: str) -> Request:
        persona = self.people().get(person, Persona(person, person))
        is_group = persona.kind is not ChatKind.PRIVATE
        return Request(
            platform=self.name,
            event_id=secrets.token_hex(16),
            address=person,
            sender=f"{person}-admin" if is_group else person,
            sent_at=int(time.time()),
            kind=persona.kind,
            language=language or persona.language,
            is_admin=True if is_group else None,
        )

    async def _hand_over(self, request: Request) -> None:
        spoken = _Spoken(request)
        self._spoken.put_nowait(spoken)
        try:
            async with asyncio.timeout(_TAKEN_WITHIN):
                await spoken.stored
        except TimeoutError:
            raise NotTakenError("the bot is not running") from None

    async def listen(self, receive: Receive, since: str | None) -> None:  # noqa: ARG002 - nothing to catch up with: what was not stored was never taken
        """Hand over what people do on the page, for ever."""
        while True:
            spoken = await self._next()
            if spoken is None:
                await receive((), None)
                continue
            if spoken.stored.done():
                continue  # given up waiting; they were told to write it again
            try:
                await receive([spoken.request], None)
            except BaseException:
                _settle(spoken.stored, NotTakenError("it could not be stored"))
                raise
            _settle(spoken.stored, None)

    async def _next(self) -> _Spoken | None:
        """What was done next; None when nothing was for a while."""
        try:
            async with asyncio.timeout(_QUIET):
                return await self._spoken.get()
        except TimeoutError:
            return None

    # --------------------------------------------------------------------- what we answer

    def split(self, message: Message) -> Sequence[Message]:
        """A page has room for everything, attachments too."""
        return [message]

    async def send(self, address: str, message: Message, *, key: str) -> str:
        """Store the message once, however often it comes; the reference is its row."""
        if message.erase:
            return await self._say_last_word(address, message)
        async with self._writing, self._database.write() as session:
            ref = await local_chat.put(
                session, address, key, pack_message(message), now=time.time()
            )
        self._stir()
        return str(ref)

    async def edit(self, address: str, ref: str, message: Message, *, key: str) -> None:  # noqa: ARG002 - the same edit twice changes nothing
        """Let a message read like this."""
        async with self._writing, self._database.write() as session:
            await local_chat.edit(
                session, address, _row(ref), pack_message(message), now=time.time()
            )
        self._stir()

    async def retract(self, address: str, ref: str) -> None:
        """Take a message back; its content is deleted."""
        async with self._writing, self._database.write() as session:
            await local_chat.retract(session, address, _row(ref), now=time.time())
        self._stir()

    async def _say_last_word(self, address: str, message: Message) -> str:
        """After /forget the chat's rows go, and what is said last is only held in memory."""
        now = time.time()
        async with self._writing, self._database.write() as session:
            await local_chat.forget(session, address)
        self._last_words[address] = Line(
            0,
            ours=True,
            content=pack_message(message),
            version=int(now * 1000),
            written_at=int(now),
        )
        if self._added.pop(address, None):
            await self._keep_people()
        self._stir()
        return "0"

    # ---------------------------------------------------------------------- for the page

    async def lines(self, person: str, since: int = 0) -> tuple[list[Line], bool]:
        """What was written or changed after version `since`, and whether that is all there is."""
        last = self._last_words.get(person)  # first: once it is there, the rows before it are gone
        anew = last is not None and last.version > since
        async with self._database.read() as session:
            rows = await local_chat.lines(session, person, since=0 if anew else since)
            oldest = await local_chat.oldest_version(session, person)
        if last is not None:
            return ([last, *rows] if anew else rows), anew
        return rows, oldest is None or oldest > since

    async def message(self, person: str, ref: str) -> Message | None:
        """The message of ours with this reference, if it is still there."""
        async with self._database.read() as session:
            line = await local_chat.find(session, person, _row(ref))
        return unpack_message(line.content) if line else None

    async def newest(self) -> dict[str, int]:
        """Up to which version we have written to each of the people."""
        async with self._database.read() as session:
            return await local_chat.newest_of_ours(session, self.people())

    def next_change(self) -> asyncio.Event:
        """Set as soon as anything changes; ask for it before looking at the rows."""
        return self._stirred

    def _stir(self) -> None:
        self._stirred.set()
        self._stirred = asyncio.Event()


def _row(ref: str) -> int:
    return int(ref) if ref.isascii() and ref.isdecimal() and len(ref) < 19 else 0


def _settle(stored: asyncio.Future[None], error: Exception | None) -> None:
    if stored.done():
        return  # whoever waited has gone
    if error is None:
        stored.set_result(None)
    else:
        stored.set_exception(error)
