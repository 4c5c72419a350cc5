"""What somebody has encrypted is something said in its room, or nothing.

Whoever may write in an encrypted room decides alone what stands inside, and no homeserver can look
at it. The client library believes it: an encrypted "leave" puts others out of the room as we see
it, encrypted power levels make an administrator, and what is no event at all raises.
"""

from __future__ import annotations

import logging
from typing import Any

import nio
from nio.exceptions import EncryptionError

log = logging.getLogger(__name__)

_SAID = ("m.room.message", "m.reaction")
_COMPARED = "m.key.verification."


def open_safely(olm: Any, event: nio.MegolmEvent, room_id: str | None = None) -> Any:  # noqa: ANN401 -- the library has no types
    """The decrypted event, or one that means nothing. Raises `EncryptionError` without its key."""
    try:
        opened = type(olm).decrypt_megolm_event(olm, event, room_id)
        fits = _is_said(opened, room_id or event.room_id)
    except EncryptionError:
        raise
    except Exception as error:
        log.warning("an encrypted message made no sense (%s)", type(error).__name__)
        return _nothing(event)
    if not fits:
        log.warning("an encrypted message was none: it is passed over")
        return _nothing(event)
    return opened


def _is_said(opened: Any, room_id: str) -> bool:  # noqa: ANN401 -- as above
    """Something that people say, and meant for this very room."""
    if isinstance(opened, nio.UnknownBadEvent):
        return False
    inside, kind = opened.source, opened.source.get("type")
    said = kind in _SAID or (isinstance(kind, str) and kind.startswith(_COMPARED))
    return said and "state_key" not in inside and inside.get("room_id") == room_id


def _nothing(event: nio.MegolmEvent) -> Any:  # noqa: ANN401 -- as above
    about = {
        "event_id": event.event_id,
        "sender": event.sender,
        "origin_server_ts": event.server_timestamp,
        "type": "nothing",
        "content": {},
    }
    return nio.UnknownEvent(about, "nothing")
