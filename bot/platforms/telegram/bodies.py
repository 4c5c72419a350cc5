"""What sendMessage and editMessageText are asked, as JSON; what many get is written only once.

One notice goes to thousands of chats and differs in the chat and the signed buttons only. PTB
makes objects of all of it and writes them anew for every chat, which costs more than sending does.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bot.platforms.base import Rejected
from bot.render.telegram import Rendered, keyboard, render
from handlers.message import Block, Button, Message

_REMEMBERED = 128  # messages, some 20 kB each
_NO_PREVIEW = {"is_disabled": True}

Blocks = tuple[Block, ...]
Rows = tuple[tuple[Button, ...], ...]


class Bodies:
    """Writes bodies; remembers what was said lately."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[Blocks, bytes]] = {}

    def write(self, message: Message, about: dict[str, Any]) -> bytes:
        """The body of a call about a message without files. Raises `Rejected`."""
        rows = _keyboard(message.buttons)
        if rows:
            about = {**about, "reply_markup": {"inline_keyboard": rows}}
        return b"{%b,%b}" % (self._text(message.blocks), _members(about))

    def _text(self, blocks: Blocks) -> bytes:
        """Known by identity: comparing two long messages costs what writing one does.

        The blocks are kept, so no other ones can have their identity.
        """
        _, text = self._texts.pop(id(blocks), (None, None))
        if text is None:
            text = _written(blocks)
            if len(self._texts) >= _REMEMBERED:
                del self._texts[next(iter(self._texts))]  # used longest ago
        self._texts[id(blocks)] = blocks, text
        return text


def rendered(message: Message) -> Rendered:
    """The message as Telegram takes it. Raises `Rejected`."""
    try:
        return render(message)
    except ValueError as error:  # its words are ours: they quote nothing
        raise Rejected(str(error)) from None


def _written(blocks: Blocks) -> bytes:
    sheet = rendered(Message(blocks))
    return _members(
        {
            "text": sheet.text,
            "entities": [entity.to_dict() for entity in sheet.entities],
            "link_preview_options": _NO_PREVIEW,
        }
    )


def _keyboard(rows: Rows) -> list[list[dict[str, Any]]]:
    try:
        return keyboard(rows)
    except ValueError as error:  # as above
        raise Rejected(str(error)) from None


def _members(about: dict[str, Any]) -> bytes:
    """The inside of a JSON object. Letters as they are: escaped, Cyrillic is thrice as long."""
    return json.dumps(about, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()


def caption(message: Message) -> Rendered:
    """The words that go with a file."""
    return rendered(replace(message, attachments=()))
