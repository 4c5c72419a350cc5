"""Long polling of our own: an update is confirmed to Telegram only once it is stored."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.platforms.base import Receive, Unusable
from bot.platforms.telegram.errors import ASK_BOTFATHER
from bot.platforms.telegram.updates import ALLOWED
from handlers.message import Request

log = structlog.get_logger()

Understand = Callable[[Update], Awaitable[Request | None]]
_OLD = 6 * 86400  # after a week Telegram may number updates anew
_LONGEST_WAIT = 30.0
_BATCH = 100


class Poller:
    """Asks for updates, hands them over, confirms them with the next question."""

    def __init__(
        self, bot: Bot, *, seconds: int, conflict_patience: float, understand: Understand
    ) -> None:
        self._bot = bot
        self._seconds = seconds
        self._patience = conflict_patience
        self._understand = understand
        self._conflict_since: float | None = None
        self._failures = 0

    async def run(self, receive: Receive, since: str | None) -> None:
        """Poll for ever. Raises `Unusable` when the token is refused or used elsewhere."""
        offset = start_offset(since, time.time())
        while True:
            updates = await self._ask(offset)
            if updates:
                offset = updates[-1].update_id + 1
                await receive(await self._requests(updates), f"{offset}:{int(time.time())}")
                await self._answer_presses(updates)

    async def _ask(self, offset: int | None) -> Sequence[Update]:
        try:
            updates = await self._bot.get_updates(
                offset=offset,
                limit=_BATCH,
                timeout=self._seconds,
                allowed_updates=list(ALLOWED),
                read_timeout=self._seconds + 15,
            )
        except InvalidToken:
            raise Unusable("Telegram refuses the bot's token.", ASK_BOTFATHER) from None
        except Conflict:
            await self._bear_conflict()
            return ()
        except TelegramError as error:
            await self._wait_out(error)
            return ()
        self._failures, self._conflict_since = 0, None
        return updates

    async def _bear_conflict(self) -> None:
        """Somebody else polls: the last Tocsin may still be ending, or the token has leaked."""
        now = time.monotonic()
        self._conflict_since = self._conflict_since or now
        if now - self._conflict_since >= self._patience:
            raise Unusable(
                "Another program receives this bot's messages.",
                "Stop the other Tocsin. If there is none, the token has leaked: "
                "revoke it with @BotFather, put the new one into the token file, and remove any "
                "webhook somebody set.",
            )
        log.warning("telegram conflict", seconds=round(now - self._conflict_since))
        await asyncio.sleep(min(2.0, self._patience / 4))

    async def _wait_out(self, error: TelegramError) -> None:
        wait = min(2.0**self._failures, _LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        if isinstance(error, RetryAfter):
            wait = max(wait, 1.0)
        self._failures = min(self._failures + 1, 6)
        log.warning("telegram unreachable", fault=type(error).__name__, wait=round(wait, 1))
        await asyncio.sleep(wait)

    async def _requests(self, updates: Sequence[Update]) -> list[Request]:
        found = [await self._understood(update) for update in updates]
        return [request for request in found if request is not None]

    async def _understood(self, update: Update) -> Request | None:
        try:
            return await self._understand(update)
        except Exception as error:
            log.error("update not understood", fault=type(error).__name__)
            return None

    async def _answer_presses(self, updates: Sequence[Update]) -> None:
        """Take the waiting mark off pressed buttons; nothing depends on it."""
        presses = [it.callback_query.id for it in updates if it.callback_query is not None]
        await asyncio.gather(
            *(self._bot.answer_callback_query(press) for press in presses),
            return_exceptions=True,
        )


def start_offset(since: str | None, now: float) -> int | None:
    """Where to go on: after what is stored, unless that is too long ago to mean anything."""
    offset, _, taken = (since or "").partition(":")
    if not offset.isdigit() or not taken.isdigit() or now - int(taken) > _OLD:
        return None
    return int(offset)
