"""What the Bot API accepts: parameters and types, lengths, entities, buttons (Bot API 10.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

LONGEST_TEXT = 4096  # UTF-16 units
LONGEST_CAPTION = 1024


class ApiError(Exception):
    """An error answer, in Telegram's words."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(description: str) -> ApiError:
    return ApiError(400, f"Bad Request: {description}")


def _integer(value: object) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,19}", str(value)):
        raise ValueError
    return int(str(value))


def _boolean(value: object) -> bool:
    if value in (True, "true", "True", "1"):
        return True
    if value in (False, "false", "False", "0"):
        return False
    raise ValueError


def _chat(value: object) -> int | str:
    if re.fullmatch(r"@\w{5,32}", str(value)):
        return str(value)
    return _integer(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _json(kind: type) -> Callable[[object], Any]:
    def parse(value: object) -> Any:  # noqa: ANN401 - whatever the JSON holds
        found = json.loads(value) if isinstance(value, str) else value
        if not isinstance(found, kind):
            raise TypeError
        return found

    return parse


def _file(value: object) -> object:
    return value


_list, _object = _json(list), _json(dict)
_MESSAGE = {
    "chat_id": _chat,
    "message_thread_id": _integer,
    "disable_notification": _boolean,
    "protect_content": _boolean,
    "reply_parameters": _object,
    "reply_markup": _object,
}
_SHOWN = {"parse_mode": _text, "entities": _list, "link_preview_options": _object}
METHODS: Mapping[str, tuple[Mapping[str, Callable[[object], Any]], tuple[str, ...]]] = {
    "getMe": ({}, ()),
    "getUpdates": (
        {"offset": _integer, "limit": _integer, "timeout": _integer, "allowed_updates": _list},
        (),
    ),
    "sendMessage": ({**_MESSAGE, **_SHOWN, "text": _text}, ("chat_id", "text")),
    "sendDocument": (
        {**_MESSAGE, "document": _file, "caption": _text, "caption_entities": _list},
        ("chat_id", "document"),
    ),
    "editMessageText": (
        {"chat_id": _chat, "message_id": _integer, "text": _text, "reply_markup": _object}
        | _SHOWN,
        ("chat_id", "message_id", "text"),
    ),
    "editMessageReplyMarkup": (
        {"chat_id": _chat, "message_id": _integer, "reply_markup": _object},
        ("chat_id", "message_id"),
    ),
    "deleteMessage": ({"chat_id": _chat, "message_id": _integer}, ("chat_id", "message_id")),
    "answerCallbackQuery": (
        {"callback_query_id": _text, "text": _text, "show_alert": _boolean},
        ("callback_query_id",),
    ),
    "getChat": ({"chat_id": _chat}, ("chat_id",)),
    "getChatMember": ({"chat_id": _chat, "user_id": _integer}, ("chat_id", "user_id")),
    "setMyCommands": (
        {"commands": _list, "scope": _object, "language_code": _text},
        ("commands",),
    ),
    "deleteMyCommands": ({"scope": _object, "language_code": _text}, ()),
    "getWebhookInfo": ({}, ()),
    "deleteWebhook": ({"drop_pending_updates": _boolean}, ()),
}


def read_parameters(method: str, given: Mapping[str, object]) -> dict[str, Any]:
    """The parameters with their types. Unknown ones and wrong types are refused."""
    known, needed = METHODS[method]
    read: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise bad(f'unknown parameter "{name}"')
        try:
            read[name] = known[name](value)
        except (ValueError, TypeError):
            raise bad(f'can\'t parse parameter "{name}"') from None
    for name in needed:
        if name not in read:
            raise bad(
                "chat_id is empty" if name == "chat_id" else f'parameter "{name}" is missing'
            )
    return read


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def check_text(text: str, entities: list[dict[str, Any]], longest: int = LONGEST_TEXT) -> None:
    """Refuse what is empty or too long, and entities that lie outside the text."""
    if not text.strip():
        raise bad("message text is empty")
    if units(text) > longest:
        raise bad("message is too long")
    for entity in entities:
        start, length = entity.get("offset"), entity.get("length")
        if not isinstance(start, int) or not isinstance(length, int) or length < 1:
            raise bad("can't parse entities")
        if start < 0 or start + length > units(text) or _splits_letter(text, start, length):
            raise bad("can't parse entities: entity lies outside the text")


def _splits_letter(text: str, start: int, length: int) -> bool:
    raw = text.encode("utf-16-le")[2 * start : 2 * (start + length)]
    try:
        raw.decode("utf-16-le")
    except UnicodeDecodeError:
        return True
    return False


def kept_entities(text: str, entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entities Telegram shows: at most 100, links only to the web, addresses found by it."""
    sent = [as_web(entity) for entity in entities[:100]]
    return [entity for entity in sent if entity] + list(_detected(text))


def as_web(entity: dict[str, Any]) -> dict[str, Any] | None:
    """A link as TDLib's parse_url reads it; None where it drops it."""
    if entity["type"] != "text_link":
        return entity
    url = link_target(entity.get("url", ""))
    return {**entity, "url": url} if url else None


def link_target(url: str) -> str:
    """Where a link leads: without "://" everything is a host, even "mailto:…"; "" if refused."""
    scheme, mark, _ = url.partition("://")
    if not mark:
        parts = urlsplit(f"http://{url}")
        try:
            port = parts.port
        except ValueError:
            return ""
        usable = parts.hostname and "." in parts.hostname and (port is None or port > 0)
        return f"http://{url}" if usable else ""
    return url if scheme.lower() in ("http", "https", "tg", "ton", "tonsite") else ""


_FOUND = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("phone_number", re.compile(r"\+\d[\d ()-]{6,18}\d")),
    ("url", re.compile(r"https?://\S+")),
)


def _detected(text: str) -> list[dict[str, Any]]:
    return [
        {"type": kind, "offset": units(text[: hit.start()]), "length": units(hit.group())}
        for kind, pattern in _FOUND
        for hit in pattern.finditer(text)
    ]


_ACTIONS = ("url", "callback_data", "copy_text", "web_app", "login_url", "pay")


def check_keyboard(markup: dict[str, Any] | None) -> dict[str, Any] | None:
    """The inline keyboard as Telegram keeps it; refuses a button it would refuse."""
    if markup is None:
        return None
    if set(markup) != {"inline_keyboard"}:
        raise bad("object expected as reply markup")
    rows = [[_button(button) for button in row] for row in markup["inline_keyboard"]]
    return {"inline_keyboard": rows}


def _button(button: dict[str, Any]) -> dict[str, Any]:
    if not str(button.get("text", "")).strip():
        raise bad("can't parse inline keyboard button: text must be non-empty")
    actions = [name for name in _ACTIONS if name in button]
    if len(actions) != 1 or set(button) - {"text", *actions}:
        raise bad("text buttons are unallowed in the inline keyboard")
    kept = dict(button)
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"].get("text", "")) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    if "url" in button:
        kept["url"] = link_target(button["url"])
        if not kept["url"]:
            raise bad("BUTTON_URL_INVALID")
    return kept
