"""What the methods of the Bot API do to the fake's chats, and what they answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram_chats import BOT, Chat, Message, public
from tests.fakes.telegram_edits import EDITS
from tests.fakes.telegram_keyboards import stored_keyboard
from tests.fakes.telegram_methods import Upload
from tests.fakes.telegram_refusals import WEBHOOK_ACTIVE, bad, conflict
from tests.fakes.telegram_texts import (
    check_caption,
    refuse_markup,
    shown_entities,
    shown_text,
    units,
)

if TYPE_CHECKING:
    from tests.fakes.telegram import BotApi

Given = dict[str, Any]
Answer = Callable[["BotApi", Given], Awaitable[Any]]

_MOST_COMMANDS = 100
_SCOPES = frozenset(
    [
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    ]
)
_YES = [
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_change_info",
    "can_invite_users",
]
_NO = [
    "can_be_edited",
    "is_anonymous",
    "can_promote_members",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
]
_RIGHTS = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)


async def _get_me(server: BotApi, _given: Given) -> Given:
    return {
        **BOT,
        "can_join_groups": True,
        "can_read_all_group_messages": server.reads_everything,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def _get_updates(server: BotApi, given: Given) -> list[Given]:
    if server.webhook:
        raise conflict(WEBHOOK_ACTIVE)
    if "allowed_updates" in given:
        server.updates.allow(given["allowed_updates"])
    return await server.updates.get(
        given.get("offset", 0), given.get("limit", 100), given.get("timeout", 0)
    )


async def _get_webhook_info(server: BotApi, _given: Given) -> Given:
    waiting = len(server.updates)
    return {
        "url": server.webhook,
        "has_custom_certificate": False,
        "pending_update_count": waiting,
    }


async def _delete_webhook(server: BotApi, given: Given) -> bool:
    server.webhook = ""
    if given.get("drop_pending_updates"):
        server.updates.clear()
    return True


# ------------------------------------------------------------------------------------ sending


async def _send_message(server: BotApi, given: Given) -> Message:
    chat = server.find_chat(given["chat_id"])
    chat.check_writable(given.get("message_thread_id"))
    return _send(server, chat, given, shown_text(given))


async def _send_document(server: BotApi, given: Given) -> Message:
    chat = server.find_chat(given["chat_id"])
    chat.check_writable(given.get("message_thread_id"))
    upload = _file(server, given["document"])
    document = {
        "file_name": upload.filename,
        "mime_type": upload.content_type,
        "file_id": server.file_id(upload),
        "file_unique_id": server.file_id(upload),
        "file_size": len(upload.content),
    }
    shown = {"document": document, "content": upload.content, **_shown_caption(given)}
    return _send(server, chat, given, shown)


def _file(server: BotApi, document: Upload | str) -> Upload:
    upload = document if isinstance(document, Upload) else server.files.get(document)
    if upload is None:
        raise bad("wrong file identifier/HTTP URL specified")
    if not upload.content:
        raise bad("file must be non-empty")
    return upload


def _shown_caption(given: Given) -> Message:
    refuse_markup(given)
    caption = given.get("caption", "")
    check_caption(caption)
    entities = shown_entities(caption, given.get("caption_entities", []))
    if not caption.strip():
        return {}
    return {"caption": caption, **({"caption_entities": entities} if entities else {})}


def _send(server: BotApi, chat: Chat, given: Given, shown: Message) -> Message:
    keyboard = stored_keyboard(given.get("reply_markup"))
    channel = chat.type == "channel"
    message = {
        "date": server.now(),
        "chat": chat.about(),
        **({"sender_chat": chat.about()} if channel else {"from": BOT}),
        **shown,
        **_reply(chat, given),
        "silent": given.get("disable_notification", False),
    }
    if keyboard:
        message["reply_markup"] = keyboard
    if given.get("protect_content"):
        message["has_protected_content"] = True
    if "message_thread_id" in given:
        message |= {"message_thread_id": given["message_thread_id"], "is_topic_message": True}
    chat.keep({"message_id": next(chat.numbers), **message})
    return public(chat.messages[max(chat.messages)])


def _reply(chat: Chat, given: Given) -> Message:
    wanted = given.get("reply_parameters")
    if wanted is None:
        return {}
    answered = chat.find(wanted["message_id"])
    if answered is not None:
        return {"reply_to_message": public(answered)}
    if wanted.get("allow_sending_without_reply"):
        return {}
    raise bad("message to be replied not found")


async def _answer_callback_query(server: BotApi, given: Given) -> bool:
    if given["callback_query_id"] not in server.presses:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if units(given.get("text", "")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    server.presses[given["callback_query_id"]] = given
    return True


# ------------------------------------------------------------------------ chats and commands


async def _get_chat(server: BotApi, given: Given) -> Given:
    chat = server.find_chat(given["chat_id"])
    if chat.type != "private":
        chat.check_open()
    more = {"accent_color_id": 1, "max_reaction_count": 11}
    gifts = dict.fromkeys(_GIFTS, False)
    return {**chat.about(), **more, "accepted_gift_types": gifts}


_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)


async def _get_chat_member(server: BotApi, given: Given) -> Given:
    chat, user = server.find_chat(given["chat_id"]), given["user_id"]
    chat.check_open()
    if user == BOT["id"]:
        return member_of(chat.bot, BOT)
    person = server.people.get(user)
    if person is None or user not in chat.members:
        raise bad("user not found")
    return member_of(chat.members[user], person.about())


def member_of(status: str, user: Given) -> Given:
    """A ChatMember with what its status demands."""
    more: dict[str, Given] = {
        "administrator": _RIGHTS,
        "creator": {"is_anonymous": False},
        "kicked": {"until_date": 0},
    }
    return {"status": status, "user": user, **more.get(status, {})}


async def _set_my_commands(server: BotApi, given: Given) -> bool:
    if len(given["commands"]) > _MOST_COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for one in given["commands"]:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", one["command"], re.ASCII):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= units(one["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    server.commands[_scope(server, given)] = given["commands"]
    return True


async def _delete_my_commands(server: BotApi, given: Given) -> bool:
    server.commands.pop(_scope(server, given), None)
    return True


def _scope(server: BotApi, given: Given) -> tuple[str, int, str]:
    """Whom commands are for: kind, chat (0 for all), language ("" for all)."""
    scope = given.get("scope", {"type": "default"})
    if scope["type"] not in _SCOPES:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    chat = server.find_chat(scope["chat_id"]).id if "chat_id" in scope else 0
    return scope["type"], chat, given.get("language_code", "")


ANSWERS: dict[str, Answer] = {
    "getMe": _get_me,
    "getUpdates": _get_updates,
    "getWebhookInfo": _get_webhook_info,
    "deleteWebhook": _delete_webhook,
    "sendMessage": _send_message,
    "sendDocument": _send_document,
    **EDITS,
    "answerCallbackQuery": _answer_callback_query,
    "getChat": _get_chat,
    "getChatMember": _get_chat_member,
    "setMyCommands": _set_my_commands,
    "deleteMyCommands": _delete_my_commands,
}
