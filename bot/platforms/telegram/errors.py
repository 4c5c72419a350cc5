"""What Telegram answered, as one of our errors that say what to do next."""

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
    TooOld,
    TryLater,
    Unknown,
    Unusable,
)
from bot.platforms.telegram.answers import NotSentError

_WITHOUT_FILES = ("rights to send documents", "chat_send_docs_forbidden", "chat_send_media")
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
    "chat_send_plain_forbidden",
    "chat_admin_required",
    "chat_restricted",
    "channel_private",
    "group chat was deactivated",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
)
_ALREADY_SO = (
    "message is not modified",
    "message to edit not found",
    "message to delete not found",
    "message_id_invalid",
    "there is no text in the message to edit",  # a file too old to be taken back: it stays
)
_TOO_OLD = ("message can't be deleted", "message_delete_forbidden")
_ASK_BOTFATHER = (
    "Get a new token from @BotFather, put it into the token file of [telegram] and start again."
)


def is_already_so(error: Exception) -> bool:
    """Is the message as we want it, gone or not to be changed, so that nothing is left to do?"""
    return isinstance(error, BadRequest) and says(error, _ALREADY_SO)


def takes_no_files(error: Exception) -> bool:
    """Does the chat take our texts, only not files?"""
    return isinstance(error, BadRequest) and says(error, _WITHOUT_FILES)


def translate(error: Exception) -> PlatformError:  # noqa: PLR0911 - one line for each answer
    """Whatever PTB raises, as ours. `BadRequest` is a `NetworkError` there: the order matters."""
    match error:
        case PlatformError():
            return error
        case NotSentError():
            return TryLater(str(error), retry_after=2.0)
        case RetryAfter():
            return TryLater("flood control", retry_after=seconds(error), flood=True)
        case ChatMigrated():
            return RecipientMoved(str(error.new_chat_id))
        case Forbidden():
            return RecipientGone(_plain(error))
        case InvalidToken():
            return token_refused()
        case BadRequest():
            return _refused(error)
        case Conflict():
            return TryLater("another program uses this token", retry_after=5.0)
        case _:
            # Torn answers, 5xx, and answers that PTB stumbles over: it may have been taken.
            return Unknown(type(error).__name__)


def _refused(error: BadRequest) -> PlatformError:
    if says(error, _TOO_OLD):
        return TooOld("Telegram lets this message stay")
    if says(error, _GONE):
        return RecipientGone(_plain(error))
    return Rejected(_plain(error))


def token_refused() -> Unusable:
    """The token is worth nothing any more."""
    return Unusable("Telegram refuses the bot's token.", _ASK_BOTFATHER, "refused")


def says(error: TelegramError, signs: tuple[str, ...]) -> bool:
    """Is one of these in Telegram's words? They begin with a capital or not."""
    message = error.message.lower()
    return any(sign in message for sign in signs)


def _plain(error: TelegramError) -> str:
    """Telegram's own words, cut: they name no person, but they may quote what was sent."""
    return error.message.partition(":")[0][:80]


def seconds(error: RetryAfter) -> float:
    """How long Telegram wants to be left alone."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
