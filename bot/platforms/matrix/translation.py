"""What a sync brought, as `Request`s."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import nio

from bot.platforms.matrix import words
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.doorkeeping import ADMIN_LEVEL
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.unread import Unread
from handlers.message import ChatKind, Event, Origin, Proof, Request

log = logging.getLogger(__name__)

NAME = "matrix"
_OWNER_VERSION = 12  # from this room version on, creators stand above all power levels
_COMMAND_MARKS = ("!", "/")
_OUT = frozenset({"leave", "ban"})


class Translation:
    """Turns events into requests; knows the rooms the client knows."""

    def __init__(self, client: SafeClient, patience: Patience) -> None:
        self._client = client
        self._creators: dict[str, set[str]] = {}
        self._came_from: dict[str, str] = {}  # room → the one it says it replaces
        self._replaced: dict[str, str] = {}  # room → the one it says it is replaced by
        self.unread = Unread(client, patience)

    def learn(self, response: nio.SyncResponse) -> None:
        """Remember who created which room and what it replaces; the client library does not."""
        for room_id, room in response.rooms.join.items():
            for event in [*room.state, *room.timeline.events]:
                if isinstance(event, nio.RoomCreateEvent):
                    self._creators[room_id] = {event.sender, *_more_creators(event)}
                    self._came_from[room_id] = _predecessor(event)
                elif isinstance(event, nio.RoomUpgradeEvent):
                    self._replaced[room_id] = event.replacement_room

    def moved_from(self, room_id: str) -> str:
        """The room that this one replaces, if both say so: one alone could name any room."""
        old = self._came_from.get(room_id, "")
        return old if old and self._replaced.get(old) == room_id else ""

    def creators_of(self, room_id: str) -> set[str]:
        """Who made the room."""
        return self._creators.get(room_id, set())

    def ways_on(self, timelines: Mapping[str, Sequence[Any]]) -> list[tuple[str, str]]:
        """Rooms that are said to go on elsewhere: where, and who says so."""
        return [
            (event.replacement_room, event.sender)
            for events in timelines.values()
            for event in events
            if isinstance(event, nio.RoomUpgradeEvent) and event.replacement_room
        ]

    def requests(self, timelines: Mapping[str, Sequence[Any]]) -> list[Request]:
        """The requests in the timelines of joined rooms, each room's in its order."""
        return [
            request
            for room_id, events in timelines.items()
            for event in since_joining(events, self._client.user_id)
            for request in self._understood(self._client.rooms[room_id], event)
        ]

    def unreadable(self) -> list[Request]:
        """A request for each chat of two in which somebody waits for an answer in vain."""
        return [
            replace(
                _request(event.room_id, event, kind=ChatKind.PRIVATE, happened=Event.UNREADABLE),
                event_id=f"{event.event_id}.unreadable",
            )
            for event in self.unread.overdue(self._is_private)
        ]

    def _is_private(self, room_id: str) -> bool:
        room = self._client.rooms.get(room_id)
        return room is not None and kind_of(room) is ChatKind.PRIVATE

    def removals(self, left: Mapping[str, Any]) -> list[Request]:
        """A request for each room that we have just left or been put out of; forgets the room."""
        found = []
        for room_id, room in left.items():
            event = _own_membership([*room.state, *room.timeline.events], self._client.user_id)
            known = self._client.rooms.pop(room_id, None)
            if event is not None and event.prev_membership != "invite":
                kind = kind_of(known) if known else ChatKind.PRIVATE
                found.append(_request(room_id, event, kind=kind, happened=Event.REMOVED))
        return found

    def _understood(self, room: nio.MatrixRoom, event: Any) -> Sequence[Request]:  # noqa: ANN401 -- the library has no types
        """Whatever a stranger sends, it stops nobody else."""
        try:
            found = (self._move(room, event), self._request(room, event))
        except Exception as error:
            log.warning("an event could not be understood (%s)", type(error).__name__)
            return ()
        return [request for request in found if request]

    def _move(self, room: nio.MatrixRoom, event: Any) -> Request | None:  # noqa: ANN401 -- as above
        """A chat that goes on in another room: known as soon as we are in that one."""
        if joins(event, room.own_user_id):
            old, new = self.moved_from(room.room_id), room.room_id
        elif isinstance(event, nio.RoomUpgradeEvent) and event.replacement_room:
            old, new = room.room_id, event.replacement_room
        else:
            return None
        if not old or self.moved_from(new) != old or new not in self._client.rooms:
            return None
        kind = kind_of(self._client.rooms[new])
        moved = _request(old, event, kind=kind, happened=Event.MOVED, moved_to=new)
        return replace(moved, event_id=f"{event.event_id}.moved")

    def _request(self, room: nio.MatrixRoom, event: Any) -> Request | None:  # noqa: ANN401 -- as above
        kind = kind_of(room)
        match event:
            case nio.RoomMemberEvent() if event.state_key == room.own_user_id:
                return _added(room, event, kind)
            case nio.RoomMemberEvent() if alone(room) and event.membership in _OUT:
                return _request(room.room_id, event, kind=kind, happened=Event.REMOVED)
            case nio.RoomMessageText() if event.sender != room.own_user_id:
                return self._said(room, event, kind)
            case nio.ReactionEvent() if event.sender != room.own_user_id:
                return _reacted(room, event, kind, encrypted=self._encrypted(room))
            case nio.MegolmEvent() if event.sender != room.own_user_id:
                self.unread.add(room.room_id, event)
        return None

    def _said(self, room: nio.MatrixRoom, event: Any, kind: ChatKind) -> Request | None:  # noqa: ANN401 -- the library has no types
        said = event.source["content"]
        relation = words.relation_of(said)
        if relation.get("rel_type") == "m.replace":  # what was said is not said anew by an edit
            return None
        text = words.without_quote(event.body) if "m.in_reply_to" in relation else event.body
        text = words.without_mention(text, said, room)
        group = kind is ChatKind.GROUP
        proof = self._client.identities.proof(event) if event.decrypted else None
        if group and not text.startswith(_COMMAND_MARKS):
            return None
        return _request(
            room.room_id,
            event,
            kind=kind,
            text=text,
            is_admin=self._is_admin(room, event.sender) if group else None,
            doubt=self._doubt(room, event, proof),
            proof=proof,
            message_ref=words.replied_to(relation),
            thread=words.thread_of(relation),
        )

    def _doubt(self, room: nio.MatrixRoom, event: Any, proof: Proof | None) -> str:  # noqa: ANN401 -- as above
        """Why it is not certain who wrote this, in a room where it should be."""
        if not self._encrypted(room):
            return ""
        if not event.decrypted:
            return "plaintext"
        return "" if proof else "unverified"

    def _encrypted(self, room: nio.MatrixRoom) -> bool:
        """A homeserver may claim that a room never was."""
        return bool(room.encrypted) or room.room_id in self._client.ever_encrypted

    def _is_admin(self, room: nio.MatrixRoom, user_id: str) -> bool:
        version = str(room.room_version)
        if version.isdigit() and int(version) >= _OWNER_VERSION and self._created(room, user_id):
            return True
        level: int = room.power_levels.get_user_level(user_id)
        return level >= ADMIN_LEVEL

    def _created(self, room: nio.MatrixRoom, user_id: str) -> bool:
        return user_id in self.creators_of(room.room_id)


def _more_creators(event: nio.RoomCreateEvent) -> Iterable[str]:
    """Room versions before 12 let anything stand there."""
    more = event.source["content"].get("additional_creators")
    return [it for it in more if isinstance(it, str)] if isinstance(more, list) else ()


def _predecessor(event: nio.RoomCreateEvent) -> str:
    said = event.source["content"].get("predecessor")
    room_id = said.get("room_id") if isinstance(said, dict) else None
    return room_id if isinstance(room_id, str) else ""


def kind_of(room: nio.MatrixRoom) -> ChatKind:
    """A room of two is a private chat, whatever it is called; invited people count."""
    return ChatKind.PRIVATE if len(room.users) <= 2 else ChatKind.GROUP


def alone(room: nio.MatrixRoom) -> bool:
    """Is nobody left to read us? Leaving a direct chat is how people block a bot here."""
    return set(room.users) <= {room.own_user_id}


def since_joining(events: Sequence[Any], user_id: str) -> Sequence[Any]:
    """The events from our own joining on: what was said before was not said to us."""
    for index in range(len(events) - 1, -1, -1):
        if joins(events[index], user_id):
            return events[index:]
    return events


def joins(event: Any, user_id: str) -> bool:  # noqa: ANN401 -- the library has no types
    """Is this the moment we came into the room?"""
    return (
        isinstance(event, nio.RoomMemberEvent)
        and event.state_key == user_id
        and event.membership == "join"
        and event.prev_membership != "join"  # that would be a new name or picture
    )


def _own_membership(events: Iterable[Any], user_id: str) -> Any:  # noqa: ANN401 -- as above
    own = [
        event
        for event in events
        if isinstance(event, nio.RoomMemberEvent)
        and event.state_key == user_id
        and event.membership in _OUT
    ]
    return own[-1] if own else None


def _added(room: nio.MatrixRoom, event: Any, kind: ChatKind) -> Request | None:  # noqa: ANN401 -- as above
    """We joined; the person behind it is who invited us."""
    if not joins(event, room.own_user_id):
        return None
    inviter = event.source.get("unsigned", {}).get("prev_sender") or event.sender
    return _request(room.room_id, event, kind=kind, happened=Event.ADDED, sender=inviter)


def _reacted(room: nio.MatrixRoom, event: Any, kind: ChatKind, *, encrypted: bool) -> Request:  # noqa: ANN401 -- as above
    """What was picked is found out later (choices.py), if it was a choice at all."""
    return _request(
        room.room_id,
        event,
        kind=kind,
        happened=Event.PRESSED,
        text=event.key,
        message_ref=event.reacts_to,
        # Clients send reactions in the clear everywhere: any homeserver can make them up.
        doubt="reaction" if encrypted else "",
    )


def _request(
    room_id: str,
    event: Any,  # noqa: ANN401 -- as above
    *,
    kind: ChatKind,
    happened: Event = Event.SAID,
    sender: str = "",
    text: str = "",
    is_admin: bool | None = None,
    doubt: str = "",
    moved_to: str = "",
    message_ref: str = "",
    thread: str = "",
    proof: Proof | None = None,
) -> Request:
    said = event.event_id if happened is Event.SAID else ""
    return Request(
        platform=NAME,
        event_id=event.event_id,
        address=room_id,
        sender=sender or event.sender,
        sent_at=int(event.server_timestamp) // 1000,
        kind=kind,
        event=happened,
        text=text,
        is_admin=is_admin,
        doubt=doubt,
        moved_to=moved_to,
        message_ref=message_ref,
        origin=Origin(said, sender or event.sender, thread),
        proof=proof,
    )
