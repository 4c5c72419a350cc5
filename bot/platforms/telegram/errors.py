"""What Telegram answered, told in the four words that say what to do next."""

from __future__ import annotations

from datetime import timedelta

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.platforms.base import (
    PlatformError,
    RecipientGone,
    RecipientMoved,
    Rejected,
    TryLater,
    Unknown,
    Unusable,
)
from bot.platforms.telegram.request import NotSentError

_GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "user is deactivated",
    "bot was kicked",
    "bot is not a member",
    "need administrator rights in the channel",
    "not enough rights to send",
    "have no rights to send",
    "chat_write_forbidden",
    "group chat was deactivated",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
)
_ALREADY_SO = (
    "message is not modified",
    "message to edit not found",
    "message to delete not found",
    "message can't be edited",
    "message_id_invalid",
)
ASK_BOTFATHER = (
    "Get a new token from @BotFather, put it into the token file of [telegram] and start again."
)


def is_too_old(error: TelegramError) -> bool:
    """Does Telegram not delete this message any more? It does so for 48 hours."""
    return isinstance(error, BadRequest) and _says(error, ("message can't be deleted",))


def is_already_so(error: TelegramError) -> bool:
    """Is the message as we want it, or gone, so that there is nothing left to do?"""
    return isinstance(error, BadRequest) and _says(error, _ALREADY_SO)


def translate(error: TelegramError) -> PlatformError:  # noqa: PLR0911 - one line for each answer
    """PTB's error as ours. `BadRequest` is a `NetworkError` there: the order matters."""
    match error:
        case NotSentError():
            return TryLater(str(error), retry_after=2.0)
        case RetryAfter():
            return TryLater("flood control", retry_after=_seconds(error), flood=True)
        case ChatMigrated():
            return RecipientMoved(str(error.new_chat_id))
        case Forbidden():
            return RecipientGone(_plain(error))
        case InvalidToken():
            return Unusable("Telegram refuses the bot's token.", ASK_BOTFATHER)
        case BadRequest() if _says(error, _GONE):
            return RecipientGone(_plain(error))
        case BadRequest():
            return Rejected(_plain(error))
        case Conflict():
            return TryLater("another program uses this token", retry_after=5.0)
        case _:
            # Also 5xx and torn answers: the message may have been taken before things broke.
            return Unknown(type(error).__name__)


def _says(error: TelegramError, signs: tuple[str, ...]) -> bool:
    message = error.message.lower()
    return any(sign in message for sign in signs)


def _plain(error: TelegramError) -> str:
    """Telegram's own words, cut: they name no person, but they may quote what was sent."""
    return error.message.partition(":")[0][:80]


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
