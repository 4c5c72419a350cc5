"""A message as the arguments that the Bot API's methods take."""

from __future__ import annotations

from typing import Any

from telegram import LinkPreviewOptions

from bot.platforms.base import Rejected
from bot.render.telegram import Rendered, render
from handlers.message import Message

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def text_of(message: Message) -> dict[str, Any]:
    """Text, entities and buttons, the same for sending it and for changing something into it."""
    shown = rendered(message)
    return {
        "text": shown.text,
        "entities": shown.entities,
        "reply_markup": shown.keyboard,
        "link_preview_options": _NO_PREVIEW,
    }


def rendered(message: Message) -> Rendered:
    """The message as Telegram takes it. Raises `Rejected` where it does not."""
    try:
        return render(message)
    except ValueError as error:  # its words are ours: they quote nothing
        raise Rejected(str(error)) from None
