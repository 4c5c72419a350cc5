"""Our messages as the contents of Matrix events."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bot.render.matrix import KEYCAPS, choices_of, render
from handlers.message import Attachment, Message

# An event may have 65,536 bytes, and encryption makes four of three: this leaves room for both.
MAX_BYTES = 40_000
CHOICES = "org.tocsin.choices"  # the signed tokens of the numbered choices, in their order
_FALLBACK_LETTERS = 2_000  # of an edited text, for clients that do not know edits


def fits(message: Message) -> bool:
    """Does the message go into one event?"""
    written = json.dumps(text(message), ensure_ascii=False, separators=(",", ":"))
    return len(written.encode("utf-8", "replace")) <= MAX_BYTES


def text(message: Message, *, private: bool = True) -> dict[str, Any]:
    """The content of a text message. `private`: to one person, who can pick choices."""
    body, formatted = render(message, numbered=private)
    tokens = [button.token for button in choices_of(message)] if private else []
    return {
        "msgtype": "m.notice" if message.silent else "m.text",
        "body": body,
        "format": "org.matrix.custom.html",
        "formatted_body": formatted,
        **({CHOICES: tokens} if any(tokens) else {}),
        **_beside(message, private=private),
    }


def edit(message: Message, event_id: str, *, private: bool = True) -> dict[str, Any]:
    """The content of an event that replaces the text of another."""
    new = text(replace(message, answers=None), private=private)
    return {
        "msgtype": new["msgtype"],
        "body": "* " + new["body"][:_FALLBACK_LETTERS],
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        "m.mentions": {},
    }


def reaction(number: int, event_id: str) -> dict[str, Any]:
    """The content of a reaction with which a choice is picked."""
    about = {"rel_type": "m.annotation", "event_id": event_id, "key": KEYCAPS[number - 1]}
    return {"m.relates_to": about}


def file(
    message: Message,
    attachment: Attachment,
    uri: str,
    sealed: dict[str, Any] | None,
    *,
    private: bool = True,
) -> dict[str, Any]:
    """The content of a file message; `sealed` is what opens an encrypted file."""
    place: dict[str, Any] = {"file": {**sealed, "url": uri}} if sealed else {"url": uri}
    content = {
        "msgtype": "m.file",
        "body": attachment.filename,
        "filename": attachment.filename,
        "info": {"mimetype": attachment.mime, "size": len(attachment.text.encode())},
        **_beside(message, private=private),
        **place,
    }
    if message.blocks:  # a body that is not the file's name is its caption
        words = text(message)
        content |= {key: words[key] for key in ("body", "format", "formatted_body")}
    return content


def _beside(message: Message, *, private: bool) -> dict[str, Any]:
    """Where an answer stands, and whom it calls: in a group, the one who asked.

    Nobody else is ever called: names in the text ring nobody's bell.
    """
    origin = message.answers
    if origin is None:
        return {"m.mentions": {}}
    relation: dict[str, Any] = {}
    if origin.ref and (origin.thread or not private):
        relation["m.in_reply_to"] = {"event_id": origin.ref}
    if origin.thread:
        # In private the reply is only for clients that know no threads.
        relation |= {"rel_type": "m.thread", "event_id": origin.thread}
        relation["is_falling_back"] = private
    calls = bool(origin.ref) and not private
    return {
        "m.mentions": {"user_ids": [origin.sender]} if calls else {},
        **({"m.relates_to": relation} if relation else {}),
    }
