"""Following what happens in the account's rooms, losing nothing.

The homeserver's position is handed over together with the requests that lie before it, so it is
stored only with them; after a crash the same events come again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import nio

from bot.platforms.base import (
    Keep,
    PlatformError,
    Receive,
    RecipientGone,
    Rejected,
    Unusable,
)
from bot.platforms.matrix.choices import Choices
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.errors import NotSent, from_answer, is_error
from bot.platforms.matrix.invitations import Invitations
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.translation import Translation, joins, kind_of
from bot.platforms.matrix.verification import Verifications
from bot.platforms.matrix.verification_steps import Said, said_by_device, said_in_room
from handlers.message import ChatKind, Request

log = logging.getLogger(__name__)

TIMELINE_EVENTS = 100  # per room and sync; what is more is fetched page by page
MAX_PAGES = 50
_ENCRYPTED_ROOMS = "encrypted_rooms"
_NOTHING = {"not_types": ["*"]}

Answer = TypeVar("Answer")


class Sync:
    """The loop: ask, translate, hand over, go on from there."""

    def __init__(
        self,
        client: SafeClient,
        keep: Keep,
        invitations: Invitations,
        set_up: Callable[[], Awaitable[None]],
        patience: Patience,
        *,
        name: str,
    ) -> None:
        self._name = name  # of the account, in the database
        self._patience = patience
        self._client = client
        self._keep = keep
        self._invitations = invitations
        self._set_up = set_up
        self._translation = Translation(client, patience)
        invitations.history = self._translation
        self.choices = Choices(client, patience)
        self.verifications = Verifications(client, patience)
        self.ready = asyncio.Event()  # rooms and keys are known: sending makes sense

    async def load(self) -> None:
        """Recall which rooms must never get a message in the clear."""
        kept = await self._keep.load(_ENCRYPTED_ROOMS)
        self._client.ever_encrypted.update(json.loads(kept or "[]"))

    async def run(self, receive: Receive, since: str | None) -> None:
        """Hand over everything, for ever. Raises `Unusable` when the account is logged out."""
        while True:
            response = await self._persistently(partial(self._ask, since))
            timelines = await self._timelines(response, since)
            compared = self._compared(timelines) if since else []
            await self._learn_writers(timelines)
            requests = self._requests(response, timelines, compared)
            await self._remember(response, timelines)
            requests = [it for it in requests if not self._is_shunned(it)]
            # Without a position this is the account's past, which nobody wants answered.
            settled = await self.choices.settle(requests) if since else []
            await receive(settled, response.next_batch)
            since = response.next_batch
            self._invitations.answer()
            await self._after()

    async def _after(self) -> None:
        """Keys are tended when the requests are safe: failing here costs nothing but time."""
        if not self.ready.is_set():
            await self._persistently(self._set_up)
            self.ready.set()
            return
        try:
            await self._client.tend_keys()
        except Exception as error:
            log.warning("keys could not be tended (%s)", type(error).__name__)

    async def _ask(self, since: str | None) -> nio.SyncResponse:
        # Rooms are only in memory, so the first answer must bring them all.
        place = self._client.next_batch
        first, patience = not place, self._patience
        longest = patience.full_sync if first else patience.poll + patience.late
        try:
            async with asyncio.timeout(longest):
                answer = await self._client.sync(
                    timeout=0 if first else int(patience.poll * 1000),
                    since=since,
                    full_state=first,
                    sync_filter=_filter(),
                )
        except BaseException:
            self._client.next_batch = place  # else the library would skip the same answer
            raise
        if is_error(answer):
            raise from_answer(answer)
        return answer

    async def _persistently(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until there is an answer, with growing pauses. Raises `Unusable` only."""
        wait, logged = self._patience.first_pause, ""
        while True:
            try:
                return await ask()
            except Unusable:
                raise
            except Exception as error:
                if _reason(error) != logged:
                    logged = _reason(error)
                    log.warning("the homeserver does not answer as it should (%s)", logged)
                jitter = random.uniform(0.5, 1.0)  # noqa: S311 -- no secret
                asked = min(getattr(error, "retry_after", 0.0), self._patience.longest_flood)
                pause = max(wait * jitter, asked)
                wait = min(wait * 2, self._patience.longest_pause)
            await asyncio.sleep(pause)

    async def _timelines(
        self, response: nio.SyncResponse, since: str | None
    ) -> dict[str, Sequence[Any]]:
        """Each joined room's events, oldest first, without the holes the homeserver leaves."""
        late = self._translation.unread.late() if response.to_device_events else {}
        found: dict[str, Sequence[Any]] = dict(late)
        for room_id, room in response.rooms.join.items():
            events = list(room.timeline.events)
            if since and room.timeline.limited and not self._joined_in(events):
                events = await self._earlier(room_id, room.timeline.prev_batch, since) + events
            found[room_id] = [*late.get(room_id, ()), *events]
        return found

    async def _earlier(self, room_id: str, start: str, since: str) -> list[Any]:
        """The events between `since` and `start`, or since we joined; oldest first."""
        found: list[Any] = []
        for _ in range(MAX_PAGES):
            page = await self._persistently(partial(self._page, room_id, start, since))
            if page is None:
                break
            found += page.chunk
            if not page.chunk or not page.end or self._joined_in(page.chunk):
                break
            start = page.end
        else:
            log.warning("a room had too many messages at once: the oldest are passed over")
        return found[::-1]

    async def _page(self, room_id: str, start: str, since: str) -> Any:  # noqa: ANN401 -- the library has no types
        """One page; None if the room is closed to us by now."""
        answer = await self._client.room_messages(
            room_id, start=start, end=since, limit=TIMELINE_EVENTS
        )
        if not is_error(answer):
            return answer
        error = from_answer(answer)
        if isinstance(error, RecipientGone | Rejected):
            return None
        raise error

    def _compared(self, timelines: dict[str, Sequence[Any]]) -> list[Said]:
        """The steps of comparing keys: between devices, and in chats of two."""
        client = self._client
        found = [said_by_device(event) for event in client.device_events]
        for room_id, events in timelines.items():
            if kind_of(client.rooms[room_id]) is ChatKind.PRIVATE:
                found += [said_in_room(room_id, it, client.user_id) for it in events]
        return [said for said in found if said]

    async def _learn_writers(self, timelines: dict[str, Sequence[Any]]) -> None:
        """Ask for the keys of who has written, before it is judged what their messages prove."""
        identities = self._client.identities
        writers = set[str]().union(*map(identities.unknown, timelines.values()))
        if writers:
            await self._client.learn_keys(writers)

    def _joined_in(self, events: Sequence[Any]) -> bool:
        return any(joins(event, self._client.user_id) for event in events)

    def _requests(
        self,
        response: nio.SyncResponse,
        timelines: dict[str, Sequence[Any]],
        compared: Sequence[Said],
    ) -> list[Request]:
        self._translation.learn(response)
        said = self._translation.requests(timelines)
        said += self.verifications.take(compared)
        said += self._translation.removals(response.rooms.leave)
        said += self._translation.unreadable()
        return [replace(request, platform=self._name) for request in said]

    def _is_shunned(self, request: Request) -> bool:
        shuns = self._invitations.shuns
        return shuns(request.address) or shuns(request.moved_to)

    async def _remember(
        self, response: nio.SyncResponse, timelines: dict[str, Sequence[Any]]
    ) -> None:
        """What must be known even if the process ends right after the requests are stored."""
        ways_on = self._translation.ways_on(timelines)
        await self._invitations.note(response.rooms, self._client.invite_states, ways_on)
        rooms = self._client.rooms
        encrypted = {room for room in response.rooms.join if rooms[room].encrypted}
        if not encrypted <= self._client.ever_encrypted:
            self._client.ever_encrypted |= encrypted
            kept = sorted(self._client.ever_encrypted)
            await self._keep.save(_ENCRYPTED_ROOMS, json.dumps(kept))


def _reason(error: Exception) -> str:
    """Our own words; of a foreign error only its name, for it may quote addresses."""
    own = isinstance(error, PlatformError | NotSent)
    return str(error) if own else type(error).__name__


def _filter() -> dict[str, Any]:
    return {
        "presence": _NOTHING,
        "account_data": _NOTHING,
        "room": {
            "timeline": {"limit": TIMELINE_EVENTS},
            "state": {"lazy_load_members": False},
            "ephemeral": _NOTHING,
            "account_data": _NOTHING,
        },
    }
