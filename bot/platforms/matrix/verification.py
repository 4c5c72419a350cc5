"""Answering whoever wants to compare encryption keys with the bot ("Verify" in Element).

Nobody sits in front of the bot, so it agrees for its own side. What it sees is said in the chat
and in the log: a person can then compare, over the telephone if the homeserver may be lying. The
bot itself believes nobody more for it; whom it believes, `handlers/trust.py` settles.

Steps are worked out at once, without waiting for anything; what is to be sent goes out beside the
sync, so that nothing here can hold it up. All is in memory: after a restart one begins again.
Matrix specification, "Key verification framework".
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nio.event_builders import ToDeviceMessage

from bot.platforms.base import RecipientGone, Rejected
from bot.platforms.matrix.client import SafeClient
from bot.platforms.matrix.comparison import METHOD, Broken, Comparison, Side
from bot.platforms.matrix.errors import from_answer, is_error
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.verification_steps import PREFIX, Answer, Line, Said
from handlers.message import Event, Request

log = logging.getLogger(__name__)

_HOUR = 3600.0
_LASTS = 600.0  # seconds from the request to the end, and how old a request may be
_AHEAD = 300.0  # how far another clock may be ahead
MAX_PER_HOUR = 300
MAX_PER_PERSON = 10
_ATTEMPTS = 4
_PAUSE = 2.0
_LONGEST_PAUSE = 60.0


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
        self._patience = patience
        self._open: dict[Line, _Open] = {}
        self._begun: deque[tuple[float, str]] = deque()
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()

    def askers(self, said: Iterable[Said]) -> set[str]:
        """Whose keys must be asked for before `take`."""
        return {it.line.user_id for it in said if it.step == "request" and self._welcome(it)}

    def take(self, said: Iterable[Said]) -> list[Request]:
        """Go one step further with each; what is to be told in the chats."""
        self._expire()
        return [told for it in said if (told := self._taken(it))]

    async def run(self, ready: asyncio.Event) -> None:
        """Send the answers, for ever."""
        await ready.wait()
        while True:
            await self._send(await self._answers.get())

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
        if not self._welcome(said) or said.line in self._open:
            return
        self._begun.append((time.monotonic(), said.line.user_id))
        for line in [it for it in self._open if it.user_id == said.line.user_id]:
            self._cancel(line, Broken("m.user", "a newer request came"))
        self._open[said.line] = _Open(
            said.device_id, time.monotonic() + _LASTS, Comparison(said.line.transaction)
        )
        ours = {"from_device": self._client.device_id, "methods": [METHOD]}
        self._say(said.line, said.device_id, "ready", ours)

    def _welcome(self, said: Said) -> bool:
        """Is this a request to answer? Of too many the rest is passed over in silence."""
        now = time.monotonic()
        while self._begun and self._begun[0][0] <= now - _HOUR:
            self._begun.popleft()
        methods = said.content.get("methods")
        return (
            isinstance(methods, list)
            and METHOD in methods
            and bool(said.device_id)
            and -_LASTS <= said.sent_at - time.time() <= _AHEAD
            and len(self._begun) < MAX_PER_HOUR
            and sum(user == said.line.user_id for _, user in self._begun) < MAX_PER_PERSON
        )

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
        ours, theirs = self._ours(), self._theirs(said.line, going)
        if said.step == "start":
            if said.device_id != going.device_id:
                raise Broken("m.unexpected_message", "another device has asked")
            self._say(said.line, going.device_id, "accept", comparison.accept(content))
        elif said.step == "key":
            self._say(said.line, going.device_id, "key", comparison.exchange(content))
            return self._told(said, comparison.emoji(ours, theirs))
        else:
            sealed = comparison.confirm(content, ours, theirs)
            self._say(said.line, going.device_id, "mac", sealed)
            self._say(said.line, going.device_id, "done")
            del self._open[said.line]
            log.info("a comparison of keys has ended well")
        return None

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
        if said.step == "start" and said.device_id and (recent or not said.line.room_id):
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

    def _theirs(self, line: Line, going: _Open) -> Side:
        keys = self._client.identities.keys_of(line.user_id, going.device_id)
        return Side(line.user_id, going.device_id, keys)

    # ------------------------------------------------------------------------------ sending

    def _say(
        self, line: Line, device_id: str, step: str, content: Mapping[str, Any] | None = None
    ) -> None:
        self._answers.put_nowait(Answer(line, device_id, step, content or {}))

    async def _send(self, answer: Answer) -> None:
        for _ in range(_ATTEMPTS):
            try:
                async with asyncio.timeout(self._patience.send):
                    await self._attempt(answer)
            except (RecipientGone, Rejected):
                break
            except Exception as error:  # whatever it is, others wait for their answers too
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


def _why(error: Broken) -> dict[str, Any]:
    return {"code": error.code, "reason": error.reason}
