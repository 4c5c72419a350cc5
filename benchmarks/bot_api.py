"""The measuring server's Bot API: just enough of it, and as fast as plain Python gets.

A message is given back as Telegram does, with its text, entities and buttons, because reading the
answer is part of what a message costs.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Awaitable

from benchmarks.forms import Reader
from benchmarks.ledger import FIRST_ASKER, FIRST_SUBSCRIBER, Gate, Ledger, Policy

_ME = {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
_FROM = json.dumps(_ME)
_TRUE = b'{"ok":true,"result":true}'
_MOST_SAMPLES = 500  # different messages remembered for the bare loops to send again


class BotApi:
    """One bot's account, its people, and what they got."""

    def __init__(self, policy: Policy) -> None:
        self.gate, self.ledger = Gate(policy), Ledger()
        self.samples: dict[str, dict[str, str]] = {}
        self.heard: dict[int, deque[str]] = {}  # an organiser's chat → the last texts in it
        self._keyboards: dict[int, tuple[int, str]] = {}  # … → last message with buttons
        self._updates: list[dict[str, object]] = []
        self._came = asyncio.Event()
        self._ids = itertools.count(1)
        self._reader = Reader()
        self._asking: asyncio.Task[None] | None = None
        self._askers = itertools.count(FIRST_ASKER)

    # --------------------------------------------------------------------- methods of the API

    def call(
        self, method: bytes, body: bytes, query: bytes, arrived: float
    ) -> bytes | Awaitable[bytes]:
        """The answer of one call, as JSON."""
        name = method.lower()
        if name == b"getme":
            return f'{{"ok":true,"result":{_FROM}}}'.encode()
        given = self._reader.read(body, query)
        if name == b"sendmessage":
            return self._message(given, arrived, is_edit=False)
        if name == b"editmessagetext":
            return self._message(given, arrived, is_edit=True)
        if name == b"getupdates":
            return self._get_updates(given)
        return _TRUE  # deleteMessage, answerCallbackQuery, setMyCommands …

    def _message(self, given: dict[str, str], arrived: float, *, is_edit: bool) -> bytes:
        wait = self.gate.wait(arrived)
        if wait:
            return (
                '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after '
                f'{wait}","parameters":{{"retry_after":{wait}}}}}'
            ).encode()
        chat = int(given["chat_id"])
        self.ledger.accepted(chat, arrived, is_edit=is_edit)
        text, entities = given["text"], given.get("entities", "")
        keyboard = given.get("reply_markup", "")
        number = int(given["message_id"]) if is_edit else next(self._ids)
        if chat < FIRST_SUBSCRIBER:
            self._note(chat, number, text, keyboard)
        elif chat < FIRST_ASKER and len(self.samples) < _MOST_SAMPLES:
            sample = {"text": text, "entities": entities or "[]", "keyboard": keyboard}
            self.samples.setdefault(text, sample)
        answer = (
            f'{{"ok":true,"result":{{"message_id":{number},"from":{_FROM},"chat":{{"id":{chat},'
            f'"type":"private","first_name":"A"}},"date":{int(time.time())},'
            f'"text":{json.dumps(text)}'
        )
        if entities:
            answer += f',"entities":{entities}'
        if keyboard:
            answer += f',"reply_markup":{keyboard}'
        return (answer + "}}").encode()

    async def _get_updates(self, given: dict[str, str]) -> bytes:
        offset, patience = int(given.get("offset", 0)), int(given.get("timeout", 0))
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

    def _note(self, chat: int, number: int, text: str, keyboard: str) -> None:
        texts = self.heard.setdefault(chat, deque(maxlen=20))
        texts.append(text)
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
