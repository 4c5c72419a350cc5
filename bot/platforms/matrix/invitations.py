"""Invitations: answered in a task of their own, at a pace that a flood of them cannot raise."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Protocol

import nio

from bot.platforms.base import Keep, RecipientGone, Rejected, TryLater, Unusable
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.doorkeeping import (
    ADMIN_LEVEL,
    Door,
    Doorkeeper,
    Invitation,
    is_wider,
    read_invitation,
)
from bot.platforms.matrix.errors import from_answer, is_error

log = logging.getLogger(__name__)

JOINS_PER_HOUR = 300  # a campaign that has just been in the news, not a flood
ANSWERS_PER_SERVER = 100  # an hour, refusals included: one homeserver must not use up the number
MAX_WAITING = 1_000  # invitations remembered; what comes above that comes again at the next start
MAX_WAITING_PER_SERVER = 300
_HOUR = 3600.0
_KEPT = "invitations"


class History(Protocol):
    """What rooms say about how they came to be."""

    def moved_from(self, room_id: str) -> str:
        """The room that this one replaces, if both say so; else ""."""

    def creators_of(self, room_id: str) -> set[str]:
        """Who made it."""


class Invitations:
    """Remembers invitations over restarts, and joins or leaves as the doorkeeper says."""

    def __init__(self, client: SafeClient, keep: Keep, door: Doorkeeper, again: float) -> None:
        self._client = client
        self._door = door
        self._again = again  # seconds between two attempts
        self._not_before: dict[str, float] = {}  # room → when to try again
        self._keep = keep
        self._waiting: dict[str, Invitation] = {}
        self.history: History = _Nothing()
        self._small: set[str] | None = None  # rooms of two, as of the last sync
        self._answered: set[str] = set()  # joined or left, but the sync has not said so yet
        self._counted: set[str] = set()  # how often a room is tried again does not count
        self._allowance = Allowance()
        self._wake = asyncio.Event()

    async def load(self) -> None:
        """Recall what was waiting when the bot stopped."""
        kept = json.loads(await self._keep.load(_KEPT) or "[]")
        waiting = [Invitation(**{**it, "door": Door(it["door"])}) for it in kept]
        self._waiting = {it.room_id: it for it in waiting}

    def expects(self, room_id: str) -> bool:
        """Is this a room that we are about to join?"""
        return room_id in self._waiting and not self._waiting[room_id].refused

    def shuns(self, room_id: str) -> bool:
        """Is this a room that we are about to leave, so that nothing said there counts?"""
        return room_id in self._waiting and self._waiting[room_id].refused

    async def note(
        self,
        rooms: nio.responses.Rooms,
        states: Mapping[str, Sequence[Mapping[str, Any]]],
        ways_on: Sequence[tuple[str, str]],
    ) -> None:
        """Remember what a sync says about invitations, durably before this returns.

        `states` is the stripped state of each room we are invited to, `ways_on` the rooms in
        which others are said to go on, and who says so.
        """
        self._answered -= rooms.join.keys() | rooms.leave.keys() | states.keys()
        waiting = {it: one for it, one in self._waiting.items() if it not in rooms.leave}
        for room_id in rooms.join.keys() & waiting.keys():
            if not waiting[room_id].refused:
                await self._look_around(waiting, room_id)
        for room_id, changer in self._grown(rooms.join):
            await self._look_again(waiting, Invitation(room_id, changer, Door.DIRECT))
        self._small = {it for it, one in self._client.rooms.items() if len(one.users) <= 2}
        read = [read_invitation(*state, self._client.user_id) for state in states.items()]
        further = [Invitation(*way, Door.MOVED) for way in ways_on]
        for invitation in [*filter(None, read), *further]:
            if invitation.room_id not in self._client.rooms:
                _add(waiting, invitation)
        if waiting != self._waiting:
            await self._save(waiting)

    async def _save(self, waiting: dict[str, Invitation]) -> None:
        self._waiting = waiting
        self._counted &= waiting.keys()
        await self._keep.save(_KEPT, json.dumps([asdict(it) for it in waiting.values()]))

    async def _look_around(self, waiting: dict[str, Invitation], room_id: str) -> None:
        """We are in: is the room what it was called?"""
        room = self._client.rooms[room_id]
        seen = waiting.pop(room_id).seen_in(room)
        old = self._client.rooms.get(self.history.moved_from(room_id))
        same = old is not None and not is_wider(room, old)
        if not same and not await self._door.admits(seen):
            waiting[room_id] = replace(seen, refused=True)
            log.warning("a room is not what its invitation said: it is left")

    async def _look_again(self, waiting: dict[str, Invitation], changed: Invitation) -> None:
        """A room has become more than it was: by an organiser, or is one in charge there?"""
        room = self._client.rooms[changed.room_id]
        there = room.users.keys() - room.invited_users.keys()
        keepers = {it for it in there if room.power_levels.get_user_level(it) >= ADMIN_LEVEL}
        keepers |= self.history.creators_of(room.room_id) & there
        for user in (changed.inviter, *sorted(keepers - {changed.inviter, self._client.user_id})):
            if await self._door.admits(replace(changed.seen_in(room), inviter=user)):
                return
        waiting[room.room_id] = replace(changed.seen_in(room), refused=True)
        log.warning("a room has become more than it was: it is left")

    def _grown(self, joined: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Rooms that have become more than they were when we came, and by whom."""
        for room_id, info in joined.items():
            room = self._client.rooms[room_id]
            changes = [it for it in info.timeline.events if _opens(it)]
            if len(room.users) > 2 and room_id not in self._waiting:
                newcomers = {getattr(it, "state_key", "") for it in changes} & room.users.keys()
                before = len(room.users) - len(newcomers)
                small = before <= 2 if self._small is None else room_id in self._small
                if small or any(isinstance(it, nio.RoomJoinRulesEvent) for it in changes):
                    yield room_id, changes[-1].sender if changes else ""

    def answer(self) -> None:
        """Go on answering: what is waiting has been remembered."""
        self._wake.set()

    async def run(self) -> None:
        """Answer what is waiting, for ever."""
        while True:
            self._wake.clear()
            for room_id, at in self._due().items():
                if at <= _now() and room_id in self._waiting:
                    await self._answer(self._waiting[room_id])
            await self._rest()

    def _due(self) -> dict[str, float]:
        """The rooms still to be answered, and from when on."""
        left = [room for room in self._waiting if room not in self._answered]
        self._not_before = {room: self._not_before.get(room, 0.0) for room in left}
        return self._not_before

    async def _rest(self) -> None:
        """Until a room may be tried again, or a sync says that there are more."""
        next_at = min(self._due().values(), default=None)
        try:
            async with asyncio.timeout_at(next_at):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _answer(self, invitation: Invitation) -> None:
        """Join or leave, if the hour's number allows it; else it waits and others go on."""
        welcome = not invitation.refused and await self._door.admits(invitation)
        if invitation.room_id not in self._counted:
            free_at = self._allowance.free_at(invitation, joins=welcome)
            if free_at > _now():
                self._not_before[invitation.room_id] = free_at
                return
            self._allowance.use(invitation, joins=welcome)
            self._counted.add(invitation.room_id)
        through = partial(self._client.join_through, servers=invitation.servers)
        await self._attempt(invitation, through if welcome else self._client.room_leave)

    async def _attempt(self, invitation: Invitation, act: Callable[[str], Awaitable[Any]]) -> None:
        """One attempt. What failed for now stays waiting; what was refused is forgotten."""
        room_id = invitation.room_id
        self._not_before[room_id] = _now() + self._again
        try:
            answer = await act(room_id)
        except Exception as error:  # whatever went wrong, others are waiting too
            log.warning("an invitation could not be answered (%s)", type(error).__name__)
            return
        if not is_error(answer):
            self._answered.add(room_id)
            return
        refusal = from_answer(answer)
        if isinstance(refusal, Unusable):
            raise refusal
        if isinstance(refusal, TryLater):
            self._not_before[room_id] = _now() + max(self._again, refusal.retry_after)
        if isinstance(refusal, RecipientGone | Rejected):
            await self._save({it: one for it, one in self._waiting.items() if it != room_id})


class Allowance:
    """How many invitations are answered in an hour, of everybody and of one homeserver."""

    def __init__(self) -> None:
        self._joins: deque[float] = deque()
        self._of_server: defaultdict[str, deque[float]] = defaultdict(deque)

    def free_at(self, invitation: Invitation, *, joins: bool) -> float:
        """From when on this one may be answered; not later than now if it may be."""
        free = _free_at(self._of_server[invitation.server], ANSWERS_PER_SERVER)
        return max(free, _free_at(self._joins, JOINS_PER_HOUR)) if joins else free

    def use(self, invitation: Invitation, *, joins: bool) -> None:
        """Count an answer."""
        self._of_server[invitation.server].append(_now())
        if joins:
            self._joins.append(_now())


def _free_at(past: deque[float], most: int) -> float:
    while past and past[0] <= _now() - _HOUR:
        past.popleft()
    return past[0] + _HOUR if len(past) >= most else 0.0


def _add(waiting: dict[str, Invitation], invitation: Invitation) -> None:
    """Remember one more, as long as neither everybody nor one homeserver has too many."""
    if invitation.room_id in waiting or len(waiting) >= MAX_WAITING:
        return
    same = sum(one.server == invitation.server for one in waiting.values())
    if same < MAX_WAITING_PER_SERVER:
        waiting[invitation.room_id] = invitation


def _opens(event: Any) -> bool:  # noqa: ANN401 -- the library has no types
    """Somebody more is in the room, or anybody may come."""
    if isinstance(event, nio.RoomJoinRulesEvent):
        return bool(event.join_rule == "public")
    inside = {"invite", "join"}
    return (
        isinstance(event, nio.RoomMemberEvent)
        and event.membership in inside
        and event.prev_membership not in inside
    )


class _Nothing:
    def moved_from(self, _room_id: str) -> str:
        return ""

    def creators_of(self, _room_id: str) -> set[str]:
        return set()


def _now() -> float:
    return asyncio.get_running_loop().time()
