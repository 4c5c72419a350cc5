"""The methods we use and the parameters they take, from the schema of Bot API 10.1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.telegram_refusals import ApiError, bad

UPDATE_KINDS = frozenset(
    [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "guest_message",
        "managed_bot",
    ]
)

# "name:kind", with a mark after the kinds that must be given. Kinds: i an integer, b a boolean,
# s a string, c a chat's number or @name, f a file, [i] and [s] arrays, {X} an object of type X,
# [X] an array of them.
_SEND = (
    "business_connection_id:s chat_id:c! message_thread_id:i direct_messages_topic_id:i "
    "parse_mode:s disable_notification:b protect_content:b allow_paid_broadcast:b "
    "message_effect_id:s suggested_post_parameters:{} reply_parameters:{ReplyParameters} "
    "reply_markup:{InlineKeyboardMarkup} "
)
_EDIT = (
    "business_connection_id:s chat_id:c! message_id:i! inline_message_id:s "
    "reply_markup:{InlineKeyboardMarkup} "
)
_SHOWN = "entities:[MessageEntity] link_preview_options:{LinkPreviewOptions} "

_METHODS = {
    "getMe": "",
    "getUpdates": "offset:i limit:i timeout:i allowed_updates:[s]",
    "sendMessage": _SEND + _SHOWN + "text:s!",
    "editMessageText": _EDIT + _SHOWN + "text:s! parse_mode:s",
    "editMessageReplyMarkup": _EDIT,
    "stopMessageLiveLocation": _EDIT,
    "deleteMessage": "chat_id:c! message_id:i!",
    "sendDocument": _SEND + "document:f! thumbnail:f caption:s caption_entities:[MessageEntity] "
    "disable_content_type_detection:b",
    "answerCallbackQuery": "callback_query_id:s! text:s show_alert:b url:s cache_time:i",
    "getChat": "chat_id:c!",
    "getChatMember": "chat_id:c! user_id:i!",
    "setMyCommands": "commands:[BotCommand]! scope:{BotCommandScope} language_code:s",
    "deleteMyCommands": "scope:{BotCommandScope} language_code:s",
    "getWebhookInfo": "",
    "deleteWebhook": "drop_pending_updates:b",
}
_TYPES = {
    "MessageEntity": "type:s! offset:i! length:i! url:s user:{} language:s custom_emoji_id:s "
    "unix_time:i date_time_format:s",
    "LinkPreviewOptions": "is_disabled:b url:s prefer_small_media:b prefer_large_media:b "
    "show_above_text:b",
    "ReplyParameters": "message_id:i! chat_id:c allow_sending_without_reply:b quote:s "
    "quote_parse_mode:s quote_entities:[MessageEntity] quote_position:i checklist_task_id:i "
    "poll_option_id:s",
    "InlineKeyboardMarkup": "inline_keyboard:[[InlineKeyboardButton]]!",
    "InlineKeyboardButton": "text:s! icon_custom_emoji_id:s style:s url:s callback_data:s "
    "web_app:{} login_url:{} switch_inline_query:s switch_inline_query_current_chat:s "
    "switch_inline_query_chosen_chat:{} copy_text:{CopyTextButton} callback_game:{} pay:b",
    "CopyTextButton": "text:s!",
    "BotCommand": "command:s! description:s!",
    "BotCommandScope": "type:s! chat_id:c user_id:i",
}


@dataclass(frozen=True)
class Upload:
    """A file that came with a request."""

    filename: str
    content_type: str
    content: bytes


def _fields(line: str) -> dict[str, tuple[str, bool]]:
    named = (part.partition(":") for part in line.split())
    return {name: (kind.removesuffix("!"), kind.endswith("!")) for name, _, kind in named}


METHODS = {name: _fields(line) for name, line in _METHODS.items()}
TYPES = {name: _fields(line) for name, line in _TYPES.items()}


async def parameters_of(request: web.Request) -> dict[str, object]:
    """The parameters: from the query, and from a JSON, form or multipart body."""
    given: dict[str, object] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body: dict[str, object] = await request.json()
            return given | body
        except (json.JSONDecodeError, TypeError):
            raise bad("can't parse JSON object") from None
    for name, value in (await request.post()).items():
        given[name] = _upload(value) if isinstance(value, web.FileField) else value
    return given


def _upload(file: web.FileField) -> Upload:
    with file.file:
        return Upload(file.filename, file.content_type, file.file.read())


def read_parameters(method: str, given: Mapping[str, object]) -> dict[str, Any]:
    """The parameters with their types. Unknown methods, names and wrong types are refused."""
    if method not in METHODS:
        raise ApiError(404, "Not Found: method not found")
    return _read_fields(METHODS[method], given, nested=False)


def _read_fields(
    fields: Mapping[str, tuple[str, bool]], given: Mapping[str, object], *, nested: bool
) -> dict[str, Any]:
    for name in given:
        if name not in fields:
            raise bad(f'unknown parameter "{name}"')
    for name, (_, needed) in fields.items():
        if needed and name not in given:
            raise bad(_missing(name))
    read = {}
    for name, value in given.items():
        try:
            read[name] = _read(fields[name][0], value, nested=nested)
        except (ValueError, TypeError):
            raise bad(f'parameter "{name}" has the wrong type') from None
    return read


def _missing(name: str) -> str:
    words = {"chat_id": "chat_id is empty", "text": "message text is empty"}
    return words.get(name, f'parameter "{name}" is required')


def _read(kind: str, value: object, *, nested: bool) -> Any:  # noqa: ANN401 - as its kind says
    """One value. Form fields are text, and hold JSON where they are objects or arrays."""
    if kind[0] in "[{" and isinstance(value, str) and not nested:
        value = json.loads(value)
    if kind[0] == "[":
        if not isinstance(value, list):
            raise TypeError
        return [_read(kind[1:-1], one, nested=True) for one in value]
    if kind[0] == "{" or kind in TYPES:
        if not isinstance(value, dict):
            raise TypeError
        fields = TYPES.get(kind.strip("{}"))
        return value if fields is None else _read_fields(fields, value, nested=True)
    return _SIMPLE[kind](value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,18}", str(value), re.ASCII):
        raise ValueError
    return int(str(value))


def _boolean(value: object) -> bool:
    if value not in (True, False, "true", "false"):
        raise ValueError
    return value in (True, "true")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _chat(value: object) -> int | str:
    name = re.fullmatch(r"@[A-Za-z]\w{3,31}", str(value), re.ASCII)
    return str(value) if name else _integer(value)


def _file(value: object) -> Upload | str:
    return value if isinstance(value, Upload) else _text(value)


_SIMPLE = {"i": _integer, "b": _boolean, "s": _text, "c": _chat, "f": _file}
