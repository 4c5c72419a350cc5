"""Editing and deleting in the fake's chats, checked in the order in which TDLib checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram_chats import Chat, Message, public
from tests.fakes.telegram_keyboards import stored_keyboard
from tests.fakes.telegram_refusals import NOT_MODIFIED, bad
from tests.fakes.telegram_texts import shown_text

if TYPE_CHECKING:
    from tests.fakes.telegram import BotApi

Given = dict[str, Any]

_DELETABLE = 48 * 3600  # seconds


async def _edit_message_text(server: BotApi, given: Given) -> Message:
    chat, message = _editable(server, given)
    if "text" not in message:
        raise bad("there is no text in the message to edit")
    return _edit(server, chat, message, given, shown_text(given))


async def _edit_message_reply_markup(server: BotApi, given: Given) -> Message:
    chat, message = _editable(server, given)
    same: Message = {name: message[name] for name in ("text", "entities") if name in message}
    return _edit(server, chat, message, given, same)


def _editable(server: BotApi, given: Given) -> tuple[Chat, Message]:
    chat = server.find_chat(given["chat_id"])
    chat.check_open()
    message = chat.find(given["message_id"])
    if message is None:
        raise bad("message to edit not found")
    if given["message_id"] not in chat.messages:
        raise bad("message can't be edited")
    return chat, message


def _edit(server: BotApi, chat: Chat, old: Message, given: Given, shown: Message) -> Message:
    changing = ("text", "entities", "reply_markup")
    new = {name: value for name, value in old.items() if name not in changing} | shown
    if keyboard := stored_keyboard(given.get("reply_markup")):
        new["reply_markup"] = keyboard
    if all(old.get(name) == new.get(name) for name in changing):
        raise bad(NOT_MODIFIED)
    chat.keep(new | {"edit_date": server.now()})
    return public(chat.messages[old["message_id"]])


async def _delete_message(server: BotApi, given: Given) -> bool:
    chat, number = server.find_chat(given["chat_id"]), given["message_id"]
    chat.check_open()
    message = chat.find(number)
    if message is None:
        raise bad("message to delete not found")
    others = number in chat.said and chat.type != "private" and chat.bot != "administrator"
    if others or message["date"] < server.now() - _DELETABLE:
        raise bad("message can't be deleted for everyone")
    chat.forget(number)
    return True


async def _stop_live_location(server: BotApi, given: Given) -> Message:
    """The bot has none: the refusal still tells whether a message is there, and whether ours."""
    _editable(server, given)
    raise bad("there is no live location in the message to edit")


EDITS: dict[str, Callable[[BotApi, Given], Awaitable[Any]]] = {
    "editMessageText": _edit_message_text,
    "editMessageReplyMarkup": _edit_message_reply_markup,
    "stopMessageLiveLocation": _stop_live_location,
    "deleteMessage": _delete_message,
}
