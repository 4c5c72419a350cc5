"""What leaves the bot while keys are compared: each conversation's answers in their order.

No conversation waits for another, and the sync for none: a stranger's homeserver may be slow on
purpose, and anybody may ask.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import ClientError
from nio.event_builders import ToDeviceMessage

from bot.platforms.base import RecipientGone, Rejected
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.errors import from_answer, is_error
from bot.platforms.matrix.http import Http, Refused
from bot.platforms.matrix.identity import Published, read_account
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.verification_steps import PREFIX, Answer, Line

log = logging.getLogger(__name__)

_ATTEMPTS = 4
_PAUSE = 2.0
_LONGEST_PAUSE = 60.0

Job = Callable[[], Awaitable[None]]


class Answers:
    """Does what each conversation asks for, one thing after the other."""

    def __init__(self, client: SafeClient, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._waiting: dict[Line, deque[Job]] = {}
        self._begun = asyncio.Event()
        self._new: deque[Line] = deque()

    async def run(self, ready: asyncio.Event) -> None:
        """Work, for ever, as soon as sending makes sense."""
        await ready.wait()
        async with asyncio.TaskGroup() as group:
            while True:
                await self._begun.wait()
                self._begun.clear()
                while self._new:
                    group.create_task(self._work_off(self._new.popleft()))

    def say(self, answer: Answer) -> None:
        """Send this once all that was said before in its conversation is sent."""
        self.then(answer.line, partial(self._send, answer))

    def then(self, line: Line, job: Job) -> None:
        """Do this once all that was said before in this conversation is sent."""
        if line in self._waiting:
            self._waiting[line].append(job)
            return
        self._waiting[line] = deque([job])
        self._new.append(line)
        self._begun.set()

    async def keys_of(self, user_id: str, device_id: str) -> dict[str, str]:
        """The device's key and the account's as published, by their ids; empty: nobody tells."""
        for attempt in range(_ATTEMPTS):
            await asyncio.sleep(_PAUSE if attempt else 0)
            try:
                keys = (await self._account(user_id)).keys_of(device_id)
            except (Refused, ClientError, TimeoutError):
                continue
            if keys:
                return keys
        return {}

    async def _account(self, user_id: str) -> Published:
        homeserver, token = self._client.homeserver, self._client.access_token
        http = Http(homeserver, token, self._patience.request)
        answer = await http.call("POST", "/keys/query", {"device_keys": {user_id: []}})
        return read_account(answer, user_id)

    async def _work_off(self, line: Line) -> None:
        jobs = self._waiting[line]
        try:
            while jobs:
                await jobs.popleft()()
        except Exception as error:  # whatever it is, it ends only this conversation
            log.warning("a comparison of keys has failed (%s)", type(error).__name__)
        finally:
            del self._waiting[line]

    async def _send(self, answer: Answer) -> None:
        for _ in range(_ATTEMPTS):
            try:
                async with asyncio.timeout(self._patience.send):
                    await self._attempt(answer)
            except (RecipientGone, Rejected):
                break
            except Exception as error:  # the next attempt may do better
                asked = getattr(error, "retry_after", 0.0) or _PAUSE
            else:
                return
            await asyncio.sleep(min(asked, _LONGEST_PAUSE))
        log.warning("a comparison of keys could not be answered")

    async def _attempt(self, answer: Answer) -> None:
        line, kind = answer.line, PREFIX + answer.step
        if line.room_id:
            sent = await self._client.room_send(line.room_id, kind, answer.body, tx_id=answer.key)
        else:
            message = ToDeviceMessage(kind, line.user_id, answer.device_id, answer.body)
            sent = await self._client.to_device(message, tx_id=answer.key)
        if is_error(sent):
            raise from_answer(sent)
