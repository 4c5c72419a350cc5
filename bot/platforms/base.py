"""What every chat platform does, and how it says what went wrong.

A platform carries; it decides nothing. It translates what happens in its chats into `Request`s
and messages into its own markup. Adding one means writing one module like `local.py`, a fake
server or a real one for its tests, and a line in `bot/accounts.py`;
`tests/test_platform_contract.py` then tells whether it keeps the contract below.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Literal, Protocol, Self

from handlers.message import Message, Request

Receive = Callable[[Sequence[Request], str | None], Awaitable[None]]
"""Stores requests and the cursor to go on from, in one commit; returns when both are durable.

Called without either it only says that the service answers.
"""

Fault = Literal["refused", "shared", "webhook", "unreachable", "other"]
"""What is wrong with an account, for those who are told in their own language."""


Turn = Callable[[], Awaitable[None]]
"""Waits until one more request may leave. What it raises passes through."""


class Lookup(Protocol):
    """Finds out whether a part has arrived whose `send` ended in `Unknown`.

    Only for services that do not recognise a repeated key but can be asked. Nothing that a reader
    could notice may come of asking. A wrong "yes" loses a notice, a wrong "no" only repeats it:
    whatever is not certain is a "no".
    """

    def mark(self) -> str:
        """Where the account stands; taken before a part leaves, and good after a restart.

        "" if that is not known: then nothing will be found.
        """
        ...

    async def find(self, address: str, message: Message, *, since: str, turn: Turn) -> str:
        """The reference of exactly this part, sent after the mark `since`; "" if in doubt.

        Waits for its `turn` before every request. What it raises means in doubt, too.
        Called for every doubtful part, also with a `since` of "", so that it knows of them all.
        """
        ...


class Keep(Protocol):
    """Small secrets a platform must not forget over restarts, sealed in the database."""

    async def load(self, name: str) -> str | None:
        """What was saved under this name, or None."""
        ...

    async def save(self, name: str, value: str) -> None:
        """Remember, durably before this returns."""
        ...


class Platform(Protocol):
    """One account on one chat service.

    `send`, `edit` and `retract` raise nothing but the errors below. What is in doubt (`Unknown`)
    depends on the call: a doubtful `send` may have arrived, and a repeated one may be a second
    copy unless `idempotent`; `edit` and `retract` leave the same behind however often they are
    done, so in doubt they are simply done again.
    """

    name: str
    """How addresses of this platform are called in the database: "telegram", "matrix", "local"."""

    idempotent: bool
    """Does the service recognise a repeated `key`, for 23 hours at least? Then a doubtful send may
    simply be repeated until then."""

    @property
    def lookup(self) -> Lookup | None:
        """Can it be found out whether a doubtful part has arrived? None where it cannot."""
        ...

    async def __aenter__(self) -> Self:
        """Connect. Raises `Unusable` when the account cannot work, with the remedy."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection; what is in flight may still finish."""
        ...

    async def listen(self, receive: Receive, since: str | None) -> None:
        """Hand over everything that happens, for ever.

        `since` is the cursor of the last `receive` that returned. The service is told that an
        update has been taken only after `receive` returned, so a crash at any moment means the
        same update again, never none. Own messages are not handed over. As long as the service
        answers, `receive` is called once a minute at least, if need be with nothing: silence means
        that nobody is heard any more. Outages of the service are waited out here with back-off; an
        account that cannot work any more raises `Unusable`.
        """
        ...

    def split(self, message: Message) -> Sequence[Message]:
        """The message as parts that each fit into one `send`, cut between paragraphs.

        Buttons stay on the first part. Deterministic: the same message gives the same parts.
        Each attachment is a part of its own where the service sends files separately.
        """
        ...

    async def send(self, address: str, message: Message, *, key: str) -> str:
        """Send one part; return the reference by which it can be edited later.

        `key` is the same for every attempt of the same part. Raises one of the errors below. Where
        the chat takes texts but no files, a file is left out and the reference is "": what matters
        stands in the text.
        """
        ...

    async def edit(self, address: str, ref: str, message: Message, *, key: str) -> None:
        """Replace a part sent before. Nothing changed, or gone already: that is success."""
        ...

    async def retract(self, address: str, ref: str) -> None:
        """Take a part back. Gone already: that is success.

        Raises `TooOld` if the service lets it stay; then it can only be edited.
        """
        ...


class PlatformError(Exception):
    """Something the platform answered; the class says what to do next.

    The message is for logs and organisers: no token, address, name or text of a message.
    """


class TryLater(PlatformError):
    """Known not to be sent; may be tried again after `retry_after` seconds.

    `flood` says that the whole account must pause, not only this chat.
    """

    def __init__(self, reason: str, *, retry_after: float = 1.0, flood: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.flood = flood


class Unknown(PlatformError):
    """It may have arrived: the answer was lost on the way."""


class Unreadable(PlatformError):
    """Nothing was sent, because nobody in this chat could decrypt it: they are all logged out, or
    their devices have no keys left. Coming back online mends it.
    """


class RecipientGone(PlatformError):
    """This chat will not take our messages any more: blocked, deleted, left, kicked."""


class RecipientMoved(PlatformError):
    """The chat goes on under `address`; send the same there."""

    def __init__(self, address: str) -> None:
        super().__init__("the chat has a new address")
        self.address = address


class Rejected(PlatformError):
    """The service refused this content: a fault of ours, repeating it does not help."""


class TooOld(PlatformError):
    """The service does not take this message back any more; it may still be edited."""


class Unusable(PlatformError):
    """The account itself cannot work (token revoked, logged out, used twice): stop loudly.

    `remedy` is one sentence that tells the operator what to do.
    """

    def __init__(self, reason: str, remedy: str, fault: Fault = "other") -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason = reason
        self.remedy = remedy
        self.fault = fault

    @property
    def is_outage(self) -> bool:
        """Is only the service out of reach? That passes by itself."""
        return self.fault == "unreachable"
