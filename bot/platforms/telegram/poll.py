"""Long polling of our own: an update is confirmed to Telegram only once it is stored."""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import structlog
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.platforms.base import Receive, Unusable
from bot.platforms.telegram.answers import MaybeSentError
from bot.platforms.telegram.errors import seconds, token_refused
from bot.platforms.telegram.request import AiohttpRequest
from bot.platforms.telegram.updates import ALLOWED
from handlers.message import Request

log = structlog.get_logger()

Understand = Callable[[Update], Awaitable[Request | None]]
_OLD = 6 * 86400  # after a week Telegram may number updates anew
_LONGEST_WAIT = 30.0
_LONGEST_FLOOD = 300.0  # asking is harmless, being deaf for hours is not
_BATCH = 100
_PRESSES = 4  # answered at once: the alerts need the connections
_PRESS_SECONDS = 5.0
_MEMORY = 10  # times the patience: who polls in turn with us lets some of our polls succeed
_WEBHOOK_SECONDS = 10.0
_LOOK_FOR_WEBHOOKS = 180.0  # seconds between two questions


class Poller:
    """Asks for updates, hands them over, confirms them with the next question."""

    def __init__(
        self,
        bot: Bot,
        request: AiohttpRequest,
        *,
        seconds: int,
        conflict_patience: float,
        understand: Understand,
    ) -> None:
        self._bot = bot
        self._request = request
        self._seconds = seconds
        self._patience = conflict_patience
        self._understand = understand
        self._conflict_since = 0.0
        self._last_conflict = -math.inf
        self._failures = 0
        self._answering: set[asyncio.Task[None]] = set()
        self._pressing = asyncio.Semaphore(_PRESSES)
        self._looked_at: float | None = None  # when we last knew that no webhook was set

    async def run(self, receive: Receive, since: str | None) -> None:
        """Poll for ever. Raises `Unusable` when the token is refused or used elsewhere."""
        offset = start_offset(since, time.time())
        try:
            while True:
                await self._look_for_webhook()
                raw = await self._ask(offset)
                if raw is None:
                    continue
                if not raw:
                    await receive((), None)  # nothing new is a sign of life
                    continue
                offset = raw[-1]["update_id"] + 1
                updates = self._read(raw)
                await receive(await self._requests(updates), f"{offset}:{int(time.time())}")
                self._answer_presses(updates)
        finally:
            for answering in self._answering:
                answering.cancel()

    async def _look_for_webhook(self) -> None:
        """We never set one: if there is one, somebody else has the token."""
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < _LOOK_FOR_WEBHOOKS:
            return
        try:
            webhook = await self._bot.get_webhook_info(read_timeout=_WEBHOOK_SECONDS)
        except InvalidToken:
            raise token_refused() from None
        except Exception:  # no answer, or none that makes sense: the next poll says what is wrong
            return
        self._looked_at = now
        if webhook.url:
            raise Unusable(
                "What people write to the bot is redirected to another address (a webhook).",
                "If nobody of yours set it, the token has leaked: revoke it with @BotFather and "
                "put the new one into the token file. Then open "
                "https://api.telegram.org/bot<token>/deleteWebhook with the token in use.",
                "webhook",
            )

    async def _ask(self, offset: int | None) -> list[dict[str, Any]] | None:
        """The updates as they came: what PTB cannot read must not hide what it can. None when
        there was no answer.
        """
        about = {"limit": _BATCH, "timeout": self._seconds, "allowed_updates": json.dumps(ALLOWED)}
        place = {} if offset is None else {"offset": offset}
        try:
            updates = _numbered(
                await self._request.post(
                    f"{self._bot.base_url}/getUpdates?{urlencode(about | place)}"
                )
            )
        except InvalidToken:
            raise token_refused() from None
        except Conflict:
            await self._bear_conflict()
            return None
        except TelegramError as error:
            await self._wait_out(error)
            return None
        self._failures = 0
        return updates

    async def _bear_conflict(self) -> None:
        """Somebody else polls: the last Tocsin may still be ending, or the token has leaked."""
        self._looked_at = None
        now = time.monotonic()
        if now - self._last_conflict > _MEMORY * self._patience:
            self._conflict_since = now
        self._last_conflict = now
        if now - self._conflict_since >= self._patience:
            raise Unusable(
                "Another program receives this bot's messages.",
                "Stop the other Tocsin. If there is none, the token has leaked: "
                "revoke it with @BotFather and put the new one into the token file.",
                "shared",
            )
        log.warning("telegram conflict", seconds=round(now - self._conflict_since))
        await asyncio.sleep(min(2.0, self._patience / 4))

    async def _wait_out(self, error: TelegramError) -> None:
        wait = min(2.0**self._failures, _LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        if isinstance(error, RetryAfter):
            wait = max(wait, min(seconds(error), _LONGEST_FLOOD))
        self._failures = min(self._failures + 1, 6)
        log.warning("telegram unreachable", fault=type(error).__name__, wait=round(wait, 1))
        await asyncio.sleep(wait)

    def _read(self, raw: Sequence[dict[str, Any]]) -> list[Update]:
        found = []
        for one in raw:
            try:
                found.append(Update.de_json(one, self._bot))
            except Exception as error:  # it would come again and again, and others never
                log.error("update not read", fault=type(error).__name__)
        return found

    async def _requests(self, updates: Sequence[Update]) -> list[Request]:
        found = [await self._understood(update) for update in updates]
        return [request for request in found if request is not None]

    async def _understood(self, update: Update) -> Request | None:
        try:
            return await self._understand(update)
        except Exception as error:
            log.error("update not understood", fault=type(error).__name__)
            return None

    def _answer_presses(self, updates: Sequence[Update]) -> None:
        """Take the waiting mark off pressed buttons; nothing depends on it or waits for it."""
        for update in updates:
            if update.callback_query is not None:
                task = asyncio.create_task(self._answer_press(update.callback_query.id))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)

    async def _answer_press(self, press: str) -> None:
        async with self._pressing:
            with suppress(Exception):
                await self._bot.answer_callback_query(press, read_timeout=_PRESS_SECONDS)


def _numbered(answer: object) -> list[dict[str, Any]]:
    """The updates of an answer. Raises if it is no list of numbered updates."""
    if not isinstance(answer, list):
        raise MaybeSentError("updates that make no sense")
    if not all(isinstance(it, dict) and type(it.get("update_id")) is int for it in answer):
        raise MaybeSentError("updates without numbers")
    return answer


def start_offset(since: str | None, now: float) -> int | None:
    """Where to go on: after what is stored, unless that is too long ago to mean anything."""
    offset, _, taken = (since or "").partition(":")
    if not offset.isdigit() or not taken.isdigit() or now - int(taken) > _OLD:
        return None
    return int(offset)
