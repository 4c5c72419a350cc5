"""A message as the arguments that PTB's methods take, for what is asked too seldom to hurry."""

from __future__ import annotations

from typing import Any

from telegram import InlineKeyboardMarkup, LinkPreviewOptions

from bot.platforms.telegram.bodies import rendered
from handlers.message import Message

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def text_of(message: Message) -> dict[str, Any]:
    """Text, entities and buttons, as `bodies.py` writes them. Raises `Rejected`."""
    shown = rendered(message)
    rows = {"inline_keyboard": shown.keyboard}
    return {
        "text": shown.text,
        "entities": shown.entities,
        "reply_markup": InlineKeyboardMarkup.de_json(rows) if shown.keyboard else None,
        "link_preview_options": _NO_PREVIEW,
    }
