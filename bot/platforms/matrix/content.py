"""Our messages as the contents of Matrix events."""

from __future__ import annotations

import json
from typing import Any

from bot.render.matrix import render
from handlers.message import Attachment, Message

# An event may have 65,536 bytes, and encryption makes four of three: this leaves room for both.
MAX_BYTES = 40_000
_FALLBACK_LETTERS = 2_000  # of an edited text, for clients that do not know edits


def fits(message: Message) -> bool:
    """Does the message go into one event?"""
    written = json.dumps(text(message), ensure_ascii=False, separators=(",", ":"))
    return len(written.encode("utf-8", "replace")) <= MAX_BYTES


def text(message: Message) -> dict[str, Any]:
    """The content of a text message."""
    body, formatted = render(message)
    return {
        "msgtype": "m.notice" if message.silent else "m.text",
        "body": body,
        "format": "org.matrix.custom.html",
        "formatted_body": formatted,
        "m.mentions": {},  # names in the text ring nobody's bell
    }


def edit(message: Message, event_id: str) -> dict[str, Any]:
    """The content of an event that replaces the text of another."""
    new = text(message)
    return {
        "msgtype": new["msgtype"],
        "body": "* " + new["body"][:_FALLBACK_LETTERS],
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        "m.mentions": {},
    }


def file(
    message: Message, attachment: Attachment, uri: str, sealed: dict[str, Any] | None
) -> dict[str, Any]:
    """The content of a file message; `sealed` is what opens an encrypted file."""
    place: dict[str, Any] = {"file": {**sealed, "url": uri}} if sealed else {"url": uri}
    content = {
        "msgtype": "m.file",
        "body": attachment.filename,
        "filename": attachment.filename,
        "info": {"mimetype": attachment.mime, "size": len(attachment.text.encode())},
        "m.mentions": {},
        **place,
    }
    if message.blocks:  # a body that is not the file's name is its caption
        words = text(message)
        content |= {key: words[key] for key in ("body", "format", "formatted_body")}
    return content
