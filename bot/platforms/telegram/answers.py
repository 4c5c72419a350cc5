"""What came back over the wire: Telegram's own word, a stranger's, or nothing that makes sense.

A proxy, a captive portal or a censor answers too. Only a JSON object in the Bot API's own form is
believed: else a gateway's "403 Forbidden" would look like everybody having blocked the bot.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

FLOOD_SECONDS = 5  # when a 429 does not say how long
_OWN: dict[int, Callable[[str], TelegramError]] = {
    400: BadRequest,
    401: InvalidToken,
    403: Forbidden,
    404: InvalidToken,
    409: Conflict,
    413: BadRequest,
}


class NotSentError(NetworkError):
    """The request never reached Telegram."""


class MaybeSentError(NetworkError):
    """The request left, and no answer came that tells what became of it."""


def read_answer(payload: bytes) -> dict[str, Any]:
    """The answer to a request that succeeded. Raises `MaybeSentError` if it is none."""
    answer = _json(payload)
    if answer.get("ok") is not True or "result" not in answer:
        raise MaybeSentError("an answer that makes no sense")
    return answer


def refusal(status: int, payload: bytes) -> TelegramError:
    """Any other answer, as PTB's error or one of ours."""
    answer = _json(payload)
    words = answer.get("description")
    if answer.get("ok") is not False or not isinstance(words, str):
        return _strangers_word(status)
    about = answer.get("parameters")
    about = about if isinstance(about, dict) else {}
    if status == 400 and (new_chat := _number(about.get("migrate_to_chat_id"))):
        return ChatMigrated(new_chat)
    if status == 429:
        return RetryAfter(max(_number(about.get("retry_after")), 0) or FLOOD_SECONDS)
    if status in _OWN:
        return _OWN[status](words)
    return MaybeSentError(f"Telegram answered {status}")


def _strangers_word(status: int) -> TelegramError:
    """Something between us and Telegram answered: it let the request through, or it did not."""
    if status == 429:
        return RetryAfter(FLOOD_SECONDS)
    if status == 413:
        return BadRequest("too large for what is between us and Telegram")
    if 300 <= status < 500:
        return NotSentError(f"something between us and Telegram answered {status}")
    return MaybeSentError(f"a gateway answered {status}")


def _json(payload: bytes) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _number(value: object) -> int:
    """A whole number; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
