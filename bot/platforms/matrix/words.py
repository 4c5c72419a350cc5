"""What somebody said to us, without what their client puts around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nio


def relation_of(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """How a message belongs to another; nothing if it does not, or in no form we know."""
    return _mapping(said.get("m.relates_to"))


def replied_to(relation: Mapping[str, Any]) -> str:
    """The message this one answers, or in a thread comes after; "" for none."""
    event_id = _mapping(relation.get("m.in_reply_to")).get("event_id")
    return event_id if isinstance(event_id, str) else ""


def thread_of(relation: Mapping[str, Any]) -> str:
    """The message that the thread began with; "" outside of threads."""
    event_id = relation.get("event_id") if relation.get("rel_type") == "m.thread" else ""
    return event_id if isinstance(event_id, str) else ""


def without_quote(body: str) -> str:
    """A reply without the "> …" lines that older clients put above it."""
    lines = body.split("\n")
    while lines and lines[0].startswith("> "):
        lines.pop(0)
    return "\n".join(lines).lstrip("\n") if len(lines) < body.count("\n") + 1 else body


def without_mention(body: str, said: Mapping[str, Any], room: nio.MatrixRoom) -> str:
    """What is said to us by name ("Tocsin: !actions"), without the name."""
    called = _mapping(said.get("m.mentions")).get("user_ids")
    own = room.own_user_id
    if not isinstance(called, list) or own not in called:
        return body
    start = body.lstrip().removeprefix("@")
    names = [room.user_name(own) or "", own.removeprefix("@"), own[1:].partition(":")[0]]
    for name in names:
        if name and start.casefold().startswith(name.casefold()):
            return start[len(name) :].lstrip(" :,\u00a0")
    return body


def _mapping(thing: object) -> Mapping[str, Any]:
    return thing if isinstance(thing, dict) else {}
