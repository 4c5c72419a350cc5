"""The measuring server's Bot API: just enough of it, and as fast as plain Python gets.

What clients send comes form-encoded. Texts and entities repeat, so each is decoded once; what
differs from chat to chat (ids, signed buttons) is decoded every time and given back as Telegram
would, because reading the answer is part of what a message costs.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from urllib.parse import unquote_plus

from benchmarks.ledger import FIRST_ASKER, FIRST_SUBSCRIBER, Gate, Ledger, Policy

_ME = {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
_FROM = json.dumps(_ME)
_TRUE = b'{"ok":true,"result":true}'
_MOST_SAMPLES = 500  # different messages remembered for the bare loops to send again
_CACHED = 4096


class BotApi:
    """One bot's account, its people, and what they got."""

    def __init__(self, policy: Policy) -> None:
        self.gate, self.ledger = Gate(policy), Ledger()
        self.samples: dict[tuple[bytes, bytes], dict[str, str]] = {}
        self.heard: dict[int, deque[str]] = {}  # an organiser's chat → the last texts in it
        self._keyboards: dict[int, tuple[int, str]] = {}  # … → last message with buttons
        self._updates: list[dict[str, object]] = []
        self._came = asyncio.Event()
        self._ids = itertools.count(1)
        self._decoded: dict[bytes, str] = {}
        self._asking: asyncio.Task[None] | None = None
        self._askers = itertools.count(FIRST_ASKER)

    # --------------------------------------------------------------------- methods of the API

    def call(self, method: bytes, body: bytes, arrived: float) -> bytes | Awaitable[bytes]:
        """The answer of one call, as JSON."""
        name = method.lower()
        if name == b"sendmessage":
            return self._message(body, arrived, is_edit=False)
        if name == b"editmessagetext":
            return self._message(body, arrived, is_edit=True)
        if name == b"getupdates":
            return self._get_updates(_fields(body))
        if name == b"getme":
            return f'{{"ok":true,"result":{_FROM}}}'.encode()
        return _TRUE  # deleteMessage, answerCallbackQuery, setMyCommands …

    def _message(self, body: bytes, arrived: float, *, is_edit: bool) -> bytes:
        wait = self.gate.wait(arrived)
        if wait:
            return (
                '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after '
                f'{wait}","parameters":{{"retry_after":{wait}}}}}'
            ).encode()
        fields = _fields(body)
        chat = int(fields[b"chat_id"])
        self.ledger.accepted(chat, arrived, is_edit=is_edit)
        text, entities = fields[b"text"], fields.get(b"entities", b"")
        keyboard = unquote_plus(fields.get(b"reply_markup", b"").decode())
        number = int(fields[b"message_id"]) if is_edit else next(self._ids)
        if chat < FIRST_SUBSCRIBER:
            self._note(chat, number, text, keyboard)
        elif chat < FIRST_ASKER and len(self.samples) < _MOST_SAMPLES:
            self._keep_sample(text, entities, keyboard)
        answer = (
            f'{{"ok":true,"result":{{"message_id":{number},"from":{_FROM},"chat":{{"id":{chat},'
            f'"type":"private","first_name":"A"}},"date":{int(time.time())},'
            f'"text":{self._text(text)}'
        )
        if entities:
            answer += f',"entities":{self._entities(entities)}'
        if keyboard:
            answer += f',"reply_markup":{keyboard}'
        return (answer + "}}").encode()

    def _text(self, raw: bytes) -> str:
        return self._once(raw, lambda: json.dumps(unquote_plus(raw.decode())))

    def _entities(self, raw: bytes) -> str:
        return self._once(raw, lambda: unquote_plus(raw.decode()))

    def _once(self, raw: bytes, decode: Callable[[], str]) -> str:
        known = self._decoded.get(raw)
        if known is None:
            if len(self._decoded) >= _CACHED:
                self._decoded.clear()
            known = self._decoded[raw] = decode()
        return known

    def _keep_sample(self, text: bytes, entities: bytes, keyboard: str) -> None:
        self.samples.setdefault(
            (text, entities),
            {
                "text": unquote_plus(text.decode()),
                "entities": unquote_plus(entities.decode()) or "[]",
                "keyboard": keyboard,
            },
        )

    async def _get_updates(self, fields: dict[bytes, bytes]) -> bytes:
        offset, patience = int(fields.get(b"offset", b"0")), int(fields.get(b"timeout", b"0"))
        self._updates = [it for it in self._updates if int(str(it["update_id"])) >= offset]
        if not self._updates:
            self._came.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._came.wait()
            except TimeoutError:
                pass
        return json.dumps({"ok": True, "result": self._updates[:100]}).encode()

    # ----------------------------------------------------------------------------- its people

    def _note(self, chat: int, number: int, text: bytes, keyboard: str) -> None:
        texts = self.heard.setdefault(chat, deque(maxlen=20))
        texts.append(unquote_plus(text.decode()))
        if "callback_data" in keyboard:
            self._keyboards[chat] = number, keyboard

    def says(self, chat: int, text: str) -> None:
        """Somebody writes to the bot."""
        self._update(message=self._from(chat, text))

    def presses(self, chat: int, label: str) -> bool:
        """Somebody presses the button that begins so; False when there is none yet."""
        number, keyboard = self._keyboards.get(chat, (0, '{"inline_keyboard":[]}'))
        for button in itertools.chain(*json.loads(keyboard)["inline_keyboard"]):
            if button["text"].startswith(label):
                self.ledger.pressed_at = time.monotonic()
                message = {**self._from(chat, "…"), "message_id": number, "from": _ME}
                self._update(
                    callback_query={
                        "id": str(next(self._ids)),
                        "from": self._person(chat),
                        "chat_instance": "1",
                        "message": message,
                        "data": button["callback_data"],
                    }
                )
                return True
        return False

    def ask(self, every: float) -> None:
        """From now on somebody new asks for help so often."""
        self._asking = asyncio.create_task(self._keep_asking(every))

    def rest(self) -> None:
        """Nobody asks any more."""
        if self._asking is not None:
            self._asking.cancel()

    async def _keep_asking(self, every: float) -> None:
        while True:
            chat = next(self._askers)
            self.ledger.asked[chat] = time.monotonic()
            self.says(chat, "/help")
            await asyncio.sleep(every)

    def _update(self, **what: object) -> None:
        self._updates.append({"update_id": next(self._ids), **what})
        self._came.set()

    def _from(self, chat: int, text: str) -> dict[str, object]:
        return {
            "message_id": next(self._ids),
            "from": self._person(chat),
            "chat": {"id": chat, "type": "private", "first_name": "A"},
            "date": int(time.time()),
            "text": text,
        }

    def _person(self, chat: int) -> dict[str, object]:
        return {"id": chat, "is_bot": False, "first_name": "A", "language_code": "en"}


def _fields(body: bytes) -> dict[bytes, bytes]:
    """The form, names decoded, values not yet."""
    found = (pair.partition(b"=") for pair in body.split(b"&") if pair)
    return {name: value for name, _, value in found}
