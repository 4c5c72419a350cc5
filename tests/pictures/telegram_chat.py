"""What the bot sent on Telegram, drawn as a telephone shows it.

Telegram's own apps cannot be run against the tests' server; text, entities and buttons are what
that server took, and only their looks are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import Any

_TAGS = {
    "bold": ("<b>", "</b>"),
    "italic": ("<i>", "</i>"),
    "code": ("<code>", "</code>"),
    "pre": ("<pre>", "</pre>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
    "expandable_blockquote": ("<blockquote>", "</blockquote>"),
    "email": ("<a>", "</a>"),
    "url": ("<a>", "</a>"),
    "text_link": ("<a>", "</a>"),
    "phone_number": ("<a>", "</a>"),
    "bot_command": ("<a>", "</a>"),
}
_PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 8px; background: #c9dcc0; font: 15px/1.35 "DejaVu Sans", sans-serif }
article { background: #fff; border-radius: 14px; padding: 8px 11px; max-width: 350px }
article div { white-space: pre-wrap; overflow-wrap: anywhere }
a { color: #2678b6 }
code, pre { color: #2678b6; font: inherit; margin: 0; white-space: pre-wrap }
pre { background: #eef4f8; border-left: 3px solid #5ba4d6; padding: 4px 8px; border-radius: 4px }
blockquote { margin: 0; border-left: 3px solid #5ba4d6; padding-left: 8px; background: #eef4f8 }
nav { max-width: 372px; margin: 4px 0 10px }
nav p { display: flex; gap: 4px; margin: 0 0 4px }
nav span { flex: 1; background: #7d9b76; color: #fff; border-radius: 8px; padding: 7px 4px;
  text-align: center; font-size: 13px }
</style>"""


def page(messages: Iterable[dict[str, Any]]) -> str:
    """These messages, one below the other, as a web page."""
    return _PAGE + "".join(_shown(message) for message in messages)


def _shown(message: dict[str, Any]) -> str:
    text, entities = message.get("text", ""), message.get("entities", ())
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    buttons = "".join(f"<p>{''.join(map(_button, row))}</p>" for row in rows)
    return f"<article><div>{_formatted(text, entities)}</div></article><nav>{buttons}</nav>"


def _button(button: dict[str, Any]) -> str:
    mark = " ⧉" if "copy_text" in button else " ↗" if "url" in button else ""
    return f"<span>{escape(button['text'])}{mark}</span>"


def _formatted(text: str, entities: Sequence[dict[str, Any]]) -> str:
    """Entities count in UTF-16 units; inner ones lie wholly within outer ones."""
    units = text.encode("utf-16-le")
    opened: dict[int, str] = {}
    closed: dict[int, str] = {}
    for entity in sorted(entities, key=lambda it: (it["offset"], -it["length"])):
        start, end = entity["offset"], entity["offset"] + entity["length"]
        opening, closing = _TAGS.get(entity["type"], ("", ""))
        opened[start] = opened.get(start, "") + opening
        closed[end] = closing + closed.get(end, "")
    cuts = sorted({0, len(units) // 2, *opened, *closed})
    parts = [closed.get(0, "") + opened.get(0, "")]
    for start, end in pairwise(cuts):
        parts.append(escape(units[start * 2 : end * 2].decode("utf-16-le")))
        parts.append(closed.get(end, "") + opened.get(end, ""))
    return "".join(parts)
