"""Inline keyboards: what Telegram refuses, and what it silently makes of a link."""

from __future__ import annotations

from typing import Any

from tests.fakes.telegram_refusals import bad
from tests.fakes.telegram_texts import link_target, units

MOST_DATA = 64  # bytes of callback_data
MOST_COPIED = 256  # UTF-16 units of copy_text
MOST_BUTTONS = 100

_ACTIONS = frozenset(
    [
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    ]
)

Keyboard = dict[str, Any]


def stored_keyboard(markup: Keyboard | None) -> Keyboard | None:
    """The keyboard as Telegram stores it; None for none at all."""
    rows = [[_stored(button) for button in row] for row in (markup or {}).get(_ROWS, ())]
    rows = [row for row in rows if row]
    if sum(map(len, rows)) > MOST_BUTTONS:
        raise bad("reply markup is too long")
    return {_ROWS: rows} if rows else None


_ROWS = "inline_keyboard"


def _stored(button: dict[str, Any]) -> dict[str, Any]:
    if not button["text"].strip():
        raise bad("can't parse inline keyboard button: Text must be non-empty")
    if len(_ACTIONS & set(button)) != 1:
        raise bad("inline keyboard button must have exactly one action")
    if not 1 <= len(button.get("callback_data", "-").encode()) <= MOST_DATA:
        raise bad("BUTTON_DATA_INVALID")
    if not 1 <= units(button.get("copy_text", {}).get("text", "-")) <= MOST_COPIED:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    if "url" not in button:
        return button
    target = link_target(button["url"])
    if not target:
        raise bad("BUTTON_URL_INVALID")
    return {**button, "url": target}


def find_button(message: dict[str, Any], label: str) -> dict[str, Any] | None:
    """The message's button whose label begins so."""
    for row in message.get("reply_markup", {}).get(_ROWS, ()):
        for button in row:
            if button["text"].startswith(label):
                found: dict[str, Any] = button
                return found
    return None
