"""Telegram's updates as requests. What cannot be read is skipped, never an error."""

from __future__ import annotations

import time
from dataclasses import dataclass

from telegram import Chat, ChatMember, ChatMemberUpdated, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType

from handlers.message import ChatKind, Event, Request

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
"""Everything else stays outside: the fewer kinds, the fewer ways in."""

# Telegram's stand-ins for many people: not somebody to recognise again.
_ANONYMOUS_ADMIN = 1087968824
_CHANNEL_SENDERS = (136817688, 777000)
_KINDS = {
    ChatType.PRIVATE: ChatKind.PRIVATE,
    ChatType.GROUP: ChatKind.GROUP,
    ChatType.SUPERGROUP: ChatKind.GROUP,
    ChatType.CHANNEL: ChatKind.CHANNEL,
}
_PRESENT = (
    ChatMemberStatus.MEMBER,
    ChatMemberStatus.ADMINISTRATOR,
    ChatMemberStatus.OWNER,
)


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself."""

    id: int
    username: str


def translate(update: Update, me: Me) -> Request | None:
    """What happened, or None when it does not concern us."""
    if update.callback_query is not None:
        return _pressed(update)
    if update.my_chat_member is not None:
        return _membership(update.update_id, update.my_chat_member)
    if update.message is not None:
        return _message(update.update_id, update.message, me)
    if update.edited_message is not None:
        return _edited(update.update_id, update.edited_message, me)
    return None


def _edited(update_id: int, message: Message, me: Me) -> Request | None:
    """A command corrected in place counts as sent again; other words were heard once."""
    return _message(update_id, message, me) if (message.text or "").startswith("/") else None


def _message(update_id: int, message: Message, me: Me) -> Request | None:
    chat = message.chat
    if message.migrate_to_chat_id:
        return Request(
            platform="telegram",
            event_id=str(update_id),
            address=str(chat.id),
            sender="",
            sent_at=_unix(message),
            kind=ChatKind.GROUP,
            event=Event.MOVED,
            moved_to=str(message.migrate_to_chat_id),
        )
    user = message.from_user
    if not message.text or user is None or _is_other_bot(user, me):
        return None
    text = message.text
    if chat.type != ChatType.PRIVATE:
        text = _for_us(text, me)
        if not text:
            return None
    return Request(
        platform="telegram",
        event_id=str(update_id),
        address=_address(chat, message),
        sender=str(user.id),
        sent_at=_unix(message),
        kind=_KINDS.get(ChatType(chat.type), ChatKind.GROUP),
        text=text,
        language=user.language_code or "",
        doubt=_doubt(message, user),
    )


def _is_other_bot(user: User, me: Me) -> bool:
    stand_ins = (_ANONYMOUS_ADMIN, *_CHANNEL_SENDERS)
    return user.id == me.id or (user.is_bot and user.id not in stand_ins)


def _for_us(text: str, me: Me) -> str:
    """A command in a group without our name, "" for talk and for commands to other bots."""
    if not text.startswith("/"):
        return ""
    first, *rest = text.split(maxsplit=1)
    command, _, name = first.partition("@")
    if name and name.casefold() != me.username.casefold():
        return ""
    return " ".join([command, *rest]) if name else text


def _doubt(message: Message, user: User) -> str:
    """Why this must not be taken for the sender's own words; "" if nothing speaks against it."""
    if message.forward_origin is not None or message.is_automatic_forward:
        return "forwarded"
    if user.id == _ANONYMOUS_ADMIN:
        return "anonymous"
    if user.id in _CHANNEL_SENDERS or message.sender_chat is not None:
        return "channel"
    if message.via_bot is not None or message.sender_business_bot is not None:
        return "bot"
    return "edited" if message.edit_date is not None else ""


def _pressed(update: Update) -> Request | None:
    query = update.callback_query
    if query is None or query.message is None or query.data is None:
        return None
    message = query.message
    return Request(
        platform="telegram",
        event_id=str(update.update_id),
        address=_address(message.chat, message if isinstance(message, Message) else None),
        sender=str(query.from_user.id),
        sent_at=int(time.time()),
        kind=_KINDS.get(ChatType(message.chat.type), ChatKind.GROUP),
        event=Event.PRESSED,
        button=query.data,
        message_ref=str(message.message_id),
        language=query.from_user.language_code or "",
    )


def _membership(update_id: int, change: ChatMemberUpdated) -> Request | None:
    here = _is_present(change.new_chat_member)
    if here == _is_present(change.old_chat_member):
        return None
    return Request(
        platform="telegram",
        event_id=str(update_id),
        address=str(change.chat.id),
        sender=str(change.from_user.id),
        sent_at=int(change.date.timestamp()),
        kind=_KINDS.get(ChatType(change.chat.type), ChatKind.GROUP),
        event=Event.ADDED if here else Event.REMOVED,
        language=change.from_user.language_code or "",
    )


def _is_present(member: ChatMember) -> bool:
    if member.status == ChatMemberStatus.RESTRICTED:
        return bool(getattr(member, "is_member", False))
    return member.status in _PRESENT


def _address(chat: Chat, message: Message | None) -> str:
    """The chat, and the topic where there is one."""
    if message is not None and message.is_topic_message and message.message_thread_id:
        return f"{chat.id}/{message.message_thread_id}"
    return str(chat.id)


def _unix(message: Message) -> int:
    return int(message.date.timestamp())
