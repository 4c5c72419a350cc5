"""The steps in which two clients compare keys, as they come and go on Matrix.

In a room each is an event that refers to the request; between devices each carries an id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

PREFIX = "m.key.verification."
_LONGEST_ID = 255
_LATEST = 10**14  # milliseconds: the year 5138


@dataclass(frozen=True, slots=True)
class Line:
    """Which conversation: in a room, or from device to device."""

    user_id: str
    transaction: str
    room_id: str = ""  # "": from device to device


@dataclass(frozen=True, slots=True)
class Said:
    """One step of the other side."""

    line: Line
    step: str  # "request", "start", "key", "mac", "cancel", …
    content: Mapping[str, Any]
    sent_at: float  # Unix seconds, by another clock; 0 where nobody says
    event_id: str = ""

    @property
    def device_id(self) -> str:
        """From which device; "" where it does not say so."""
        return _id(self.content.get("from_device"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One step of ours."""

    line: Line
    device_id: str
    step: str
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The transaction id it is sent with."""
        # Two people may begin with the same transaction: the key must not be the same.
        about = "|".join((self.line.user_id, self.device_id, self.line.transaction))
        return f"verification.{self.step}.{sha256(about.encode()).hexdigest()}"

    @property
    def body(self) -> dict[str, Any]:
        """Its content, with what it belongs to."""
        if not self.line.room_id:
            return {**self.content, "transaction_id": self.line.transaction}
        about = {"rel_type": "m.reference", "event_id": self.line.transaction}
        return {**self.content, "m.relates_to": about}


def said_in_room(room_id: str, event: Any, own_user_id: str) -> Said | None:  # noqa: ANN401 -- the library has no types
    """A step said in a room; None if the event is none."""
    kind, content = event.source.get("type"), event.source.get("content")
    if not isinstance(kind, str) or not isinstance(content, dict):
        return None
    if content.get("msgtype") == f"{PREFIX}request" and content.get("to") == own_user_id:
        step, transaction = "request", event.event_id
    elif kind.startswith(PREFIX):
        step, transaction = kind.removeprefix(PREFIX), _referred(content)
    else:
        return None
    line = Line(event.sender, transaction, room_id)
    said = Said(line, step, content, _seconds(event.server_timestamp), event.event_id)
    return said if transaction else None


def said_by_device(event: Mapping[str, Any]) -> Said | None:
    """A step that a device sent to ours; None if the event is none."""
    kind, sender, content = event.get("type"), event.get("sender"), event.get("content")
    if not isinstance(kind, str) or not kind.startswith(PREFIX) or not isinstance(sender, str):
        return None
    if not isinstance(content, dict) or not _id(content.get("transaction_id")):
        return None
    transaction = _id(content["transaction_id"])
    step, line = kind.removeprefix(PREFIX), Line(sender, transaction)
    return Said(line, step, content, _seconds(content.get("timestamp")))


def _referred(content: Mapping[str, Any]) -> str:
    relation = content.get("m.relates_to")
    if not isinstance(relation, dict) or relation.get("rel_type") != "m.reference":
        return ""
    return _id(relation.get("event_id"))


def _id(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_ID else ""


def _seconds(milliseconds: object) -> float:
    """0 where nobody says, or nonsense."""
    if not isinstance(milliseconds, int) or not 0 <= milliseconds < _LATEST:
        return 0.0
    return milliseconds / 1000
