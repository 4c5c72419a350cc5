"""Who may bring the bot into which room: what an invitation says, and what the operator allows.

What stands in an invitation is its sender's word. So a room is judged twice: by the invitation,
and by what it turns out to be once it is joined.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import nio

if TYPE_CHECKING:
    from bot.config import Groups


ADMIN_LEVEL = 50  # what the specification's defaults ask for changing a room's settings


class Door(StrEnum):
    """What kind of room an invitation leads to."""

    DIRECT = "direct"  # a chat of two
    GROUP = "group"
    PUBLIC = "public"  # anybody may come in and see who is there
    SPACE = "space"  # a list of rooms, where nothing is said
    MOVED = "moved"  # where a room is said to go on that the bot was in


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that is not settled yet. `refused`: the room is to be left."""

    room_id: str
    inviter: str
    door: Door
    refused: bool = False

    @property
    def server(self) -> str:
        """The homeserver of whoever invited: what limits are counted by."""
        return self.inviter.partition(":")[2]

    @property
    def servers(self) -> list[str]:
        """Homeservers that are in the room, as far as one can tell: ours may not be yet."""
        known = [self.server, self.room_id.partition(":")[2]]
        return list(dict.fromkeys(it for it in known if it))

    def seen_in(self, room: nio.MatrixRoom) -> Invitation:
        """The same, with the room as it is now that the bot is in it."""
        return replace(self, door=_door_of(room))


def _door_of(room: nio.MatrixRoom) -> Door:
    if room.room_type == "m.space":
        return Door.SPACE
    if len(room.users) <= 2:
        return Door.DIRECT
    return Door.PUBLIC if room.join_rule == "public" else Door.GROUP


_NARROW = (Door.DIRECT, Door.GROUP, Door.PUBLIC, Door.SPACE)


def is_wider(new: nio.MatrixRoom, old: nio.MatrixRoom) -> bool:
    """May more people see who is there than in the room that it replaces?"""
    return _NARROW.index(_door_of(new)) > _NARROW.index(_door_of(old))


async def _nobody(_user_id: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """The operator's policy: who may bring the bot into a room of more than two.

    `knows` says whether a Matrix id is an organiser's.
    """

    groups: Groups = "anyone"
    knows: Callable[[str], Awaitable[bool]] = _nobody

    async def admits(self, invitation: Invitation) -> bool:
        """May the bot be in this room?"""
        match invitation.door:
            case Door.DIRECT | Door.MOVED:
                return True
            case Door.SPACE:
                return False
            case Door.GROUP if self.groups == "anyone":
                return True
        return self.groups != "nobody" and await self.knows(invitation.inviter)


def read_invitation(
    room_id: str, state: Iterable[Mapping[str, Any]], user_id: str
) -> Invitation | None:
    """What the stripped state of an invitation says; None if it is none to us."""
    events = {
        (kind, key): it
        for it in state
        if isinstance(it, dict)
        and isinstance(kind := it.get("type"), str)
        and isinstance(key := it.get("state_key"), str)
    }
    own = events.get(("m.room.member", user_id))
    if own is None or not isinstance(own.get("sender"), str):
        return None
    if _said(events.get(("m.room.create", ""))).get("type") == "m.space":
        door = Door.SPACE
    elif _said(events.get(("m.room.join_rules", ""))).get("join_rule") == "public":
        door = Door.PUBLIC
    else:
        door = Door.DIRECT if _said(own).get("is_direct") is True else Door.GROUP
    return Invitation(room_id, own["sender"], door)


def _said(event: Mapping[str, Any] | None) -> Mapping[str, Any]:
    content = event.get("content") if event else None
    return content if isinstance(content, dict) else {}
