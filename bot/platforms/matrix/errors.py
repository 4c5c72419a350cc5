"""What the homeserver or the network said, as one of our errors that say what to do next."""

from __future__ import annotations

from typing import Any

import nio
from aiohttp import ClientConnectorError
from nio.exceptions import EncryptionError, LocalProtocolError

from bot.platforms.base import (
    PlatformError,
    RecipientGone,
    Rejected,
    TryLater,
    Unknown,
    Unreadable,
    Unusable,
)

TOKEN_CODES = {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"}
_GONE_CODES = {"M_FORBIDDEN", "M_NOT_FOUND", "M_GUEST_ACCESS_FORBIDDEN"}
_FLOOD_SECONDS = 5.0


class NotSent(Exception):
    """A step before the sending itself failed: nothing was sent; `answer` says why, if known."""

    def __init__(self, reason: str, answer: Any = None) -> None:  # noqa: ANN401 -- the library has no types
        super().__init__(reason)
        self.answer = answer


class NobodyCanRead(NotSent):
    """The room is encrypted, and no device of anybody in it can be given the key."""


def is_error(answer: Any) -> bool:  # noqa: ANN401 -- the library has no types
    """The library returns errors instead of raising them."""
    return isinstance(answer, nio.ErrorResponse)


def is_not_found(answer: Any) -> bool:  # noqa: ANN401 -- as above
    """The homeserver itself says that there is no such thing, by whatever code: Synapse has
    M_UNKNOWN for the relations of an event it does not know. A proxy's 404 has no code.
    """
    if not is_error(answer) or not answer.status_code:
        return False
    response = answer.transport_response
    return answer.status_code == "M_NOT_FOUND" or (response is not None and response.status == 404)


def from_answer(answer: Any) -> PlatformError:  # noqa: ANN401 -- the library has no types
    """What an error answer to a request means."""
    code = answer.status_code or ""
    response = answer.transport_response
    status = response.status if response is not None else 0
    if code == "M_LIMIT_EXCEEDED" or status == 429:
        wait = _wait(answer.retry_after_ms, response)
        return TryLater("the homeserver limits the rate", retry_after=wait, flood=True)
    if status == 413:
        return Rejected("too large for the homeserver, or for what is before it")
    if code in TOKEN_CODES:
        return token_refused()
    if code in _GONE_CODES:
        return RecipientGone(f"the room does not take messages ({code})")
    if status >= 500 or not code:
        return Unknown(f"the homeserver answered {status}")
    return Rejected(f"the homeserver refused the message ({code})")


def _wait(milliseconds: int | None, response: Any) -> float:  # noqa: ANN401 -- as above
    """Seconds a limit asks for: in its words or, newer, in the header."""
    header = response.headers.get("Retry-After", "") if response is not None else ""
    seconds = int(header) if header.isdecimal() and len(header) < 10 else 0
    return max((milliseconds or 0) / 1000, seconds) or _FLOOD_SECONDS


def from_exception(error: BaseException) -> PlatformError:
    """What an exception on the way to the homeserver means."""
    match error:
        case PlatformError():
            return error
        case NobodyCanRead():
            return Unreadable(str(error))
        case NotSent():
            return _not_sent(error)
        case EncryptionError() | LocalProtocolError():
            return TryLater("the room changed meanwhile")
        case ClientConnectorError():
            return TryLater("the homeserver cannot be reached", retry_after=5)
        case _:  # lost answers, and those over which the library stumbles
            return Unknown(f"the answer was lost ({type(error).__name__})")


def token_refused() -> Unusable:
    """The account is logged out."""
    return Unusable(
        "The homeserver no longer accepts the bot's access token.",
        "Check that the account still exists, and set password_file or, where there are no "
        "passwords, access_token_file in the account's section. Then start again.",
        "refused",
    )


def _not_sent(error: NotSent) -> PlatformError:
    known = from_answer(error.answer) if is_error(error.answer) else None
    if isinstance(known, TryLater | Unusable | RecipientGone):
        return known
    return TryLater(str(error), retry_after=5)
