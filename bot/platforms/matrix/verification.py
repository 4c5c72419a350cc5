"""Answering whoever wants to compare encryption keys with the bot ("Verify" in Element).

Nobody sits in front of the bot, so it agrees for its own side. What it sees is said in the chat
and in the log: a person can then compare, over the telephone if the homeserver may be lying. The
bot itself believes nobody more for it; whom it believes, `handlers/trust.py` settles.

Steps are worked out at once, without waiting for anything; what must be asked or sent goes out
beside the sync, so that nothing here can hold it up. All is in memory: after a restart one begins
again.
Matrix specification, "Key verification framework".
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.comparison import METHOD, Broken, Comparison, Side
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.verification_answers import Answers
from bot.platforms.matrix.verification_steps import Answer, Line, Said
from handlers.message import Event, Request

log = logging.getLogger(__name__)

_HOUR = 3600.0
_LASTS = 600.0  # seconds from the request to the end, and how old a request may be
_AHEAD = 300.0  # how far another clock may be ahead
MAX_PER_HOUR = 300
MAX_PER_PERSON = 10


@dataclass(slots=True)
class _Open:
    device_id: str
    until: float
    comparison: Comparison


class Verifications:
    """All comparisons that are going on."""

    def __init__(self, client: SafeClient, patience: Patience) -> None:
        self.master = ""  # the account's public key, as soon as it is known
        self._client = client
        self._answers = Answers(client, patience)
        self._open: dict[Line, _Open] = {}
        self._begun: deque[tuple[float, str]] = deque()

    def take(self, said: Iterable[Said]) -> list[Request]:
        """Go one step further with each; what is to be told in the chats."""
        self._expire()
        return [told for it in said if (told := self._taken(it))]

    async def run(self, ready: asyncio.Event) -> None:
        """Send the answers, for ever."""
        await self._answers.run(ready)

    # -------------------------------------------------------------------------------- steps

    def _taken(self, said: Said) -> Request | None:
        if said.line.user_id == self._client.user_id:
            return None  # the account's other sessions: nobody here could vouch for them
        if said.step == "request":
            self._begin(said)
        elif said.step == "cancel":
            self._open.pop(said.line, None)
        elif said.step in {"start", "key", "mac"}:
            return self._go_on(said)
        return None

    def _begin(self, said: Said) -> None:
        if said.line in self._open or not self._is_request(said) or not self._may(said):
            return
        for line in [it for it in self._open if it.user_id == said.line.user_id]:
            self._cancel(line, Broken("m.user", "a newer request came"))
        self._open[said.line] = _Open(
            said.device_id, time.monotonic() + _LASTS, Comparison(said.line.transaction)
        )
        ours = {"from_device": self._client.device_id, "methods": [METHOD]}
        self._say(said.line, said.device_id, "ready", ours)

    def _is_request(self, said: Said) -> bool:
        methods, age = said.content.get("methods"), time.time() - said.sent_at
        offered = isinstance(methods, list) and METHOD in methods
        return offered and bool(said.device_id) and -_AHEAD <= age <= _LASTS

    def _may(self, said: Said) -> bool:
        """Count a conversation that somebody begins. Too many are passed over in silence."""
        now, user_id = time.monotonic(), said.line.user_id
        while self._begun and self._begun[0][0] <= now - _HOUR:
            self._begun.popleft()
        theirs = sum(user == user_id for _, user in self._begun)
        if len(self._begun) >= MAX_PER_HOUR or theirs >= MAX_PER_PERSON:
            return False
        self._begun.append((now, user_id))
        return True

    def _go_on(self, said: Said) -> Request | None:
        going = self._open.get(said.line)
        if going is None:
            self._refuse(said)
            return None
        try:
            return self._step(said, going)
        except Broken as error:
            self._cancel(said.line, error)
            return None

    def _step(self, said: Said, going: _Open) -> Request | None:
        comparison, content = going.comparison, said.content
        if said.step == "start":
            if said.device_id != going.device_id:
                raise Broken("m.unexpected_message", "another device has asked")
            self._say(said.line, going.device_id, "accept", comparison.accept(content))
        elif said.step == "key":
            self._say(said.line, going.device_id, "key", comparison.exchange(content))
            theirs = Side(said.line.user_id, going.device_id, {})
            return self._told(said, comparison.emoji(self._ours(), theirs))
        else:
            comparison.hear(content)
            self._answers.then(said.line, partial(self._confirm, said.line, going))
        return None

    async def _confirm(self, line: Line, going: _Open) -> None:
        """Our keys for theirs, once their homeserver has said which are published."""
        device_id = going.device_id
        keys = await self._answers.keys_of(line.user_id, device_id)
        if self._open.get(line) is not going:
            return  # it was ended meanwhile
        if not keys:
            self._cancel(line, Broken("m.timeout", "nobody says which keys are published"))
            return
        theirs = Side(line.user_id, device_id, keys)
        try:
            sealed = going.comparison.confirm(self._ours(), theirs)
        except Broken as error:
            self._cancel(line, error)
            return
        self._say(line, device_id, "mac", sealed)
        self._say(line, device_id, "done")
        del self._open[line]
        log.info("a comparison of keys has ended well")

    def _told(self, said: Said, emoji: str) -> Request | None:
        log.info("keys are being compared: the other side should see %s", emoji)
        if not said.line.room_id:
            return None
        return Request(
            platform="",
            event_id=said.event_id,
            address=said.line.room_id,
            sender=said.line.user_id,
            sent_at=int(time.time()),
            event=Event.COMPARED,
            text=emoji,
        )

    def _refuse(self, said: Said) -> None:
        """A comparison from before a restart: the other side would wait in vain."""
        recent = said.sent_at >= time.time() - _LASTS
        fresh = recent or not said.line.room_id
        if said.step == "start" and said.device_id and fresh and self._may(said):
            error = Broken("m.unknown_transaction", "begin again")
            self._say(said.line, said.device_id, "cancel", _why(error))

    def _expire(self) -> None:
        now = time.monotonic()
        for line in [it for it, one in self._open.items() if one.until <= now]:
            self._cancel(line, Broken("m.timeout", "it took too long"))

    def _cancel(self, line: Line, error: Broken) -> None:
        log.warning("a comparison of keys has failed (%s)", error.code)
        self._say(line, self._open.pop(line).device_id, "cancel", _why(error))

    # --------------------------------------------------------------------------------- keys

    def _ours(self) -> Side:
        client = self._client
        keys = {f"ed25519:{client.device_id}": client.olm.account.identity_keys["ed25519"]}
        if self.master:
            keys[f"ed25519:{self.master}"] = self.master
        return Side(client.user_id, client.device_id, keys)

    # ------------------------------------------------------------------------------ sending

    def _say(
        self, line: Line, device_id: str, step: str, content: Mapping[str, Any] | None = None
    ) -> None:
        self._answers.say(Answer(line, device_id, step, content or {}))


def _why(error: Broken) -> dict[str, Any]:
    return {"code": error.code, "reason": error.reason}
