"""Histories of one bot account by seed: who writes when, what breaks, what is asked afterwards.

After every doubtful send the platform is asked whether it arrived, and what it says is held
against what the fake Telegram knows. A seed gives the same history every time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from bot.platforms.base import Lookup, PlatformError, Unknown
from bot.platforms.telegram import Telegram
from handlers.message import Attachment, Button, Message, Request, paragraph, plain
from tests.fakes.telegram import BotApi
from tests.fakes.telegram_chats import Person, words

_POOL = ("Saved.", "The hearing has moved.", "Nothing is planned.")
_LINES = ("before", "after", "late", "502")


async def _now() -> None:
    """No pacing here: every request may leave at once."""


@dataclass
class History:
    """One account, three people, a basic group and a supergroup."""

    seed: int
    restarts: bool = False
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - a test, to be repeated
        self.server = BotApi()
        self._texts = 0
        self._late: list[int] = []  # the doubts whose messages may still come

    async def run(self, doubts: int = 4) -> None:
        """Live through it."""
        await self.server.start()
        self.platform = await self._account().__aenter__()
        try:
            self.people = [self.server.person() for _ in range(3)]
            for person in self.people:
                await person.writes("/start")
            self.groups = [self.server.group(supergroup=False), self.server.group()]
            for number in range(doubts):
                await self._pass_time()
                await self._doubt(number)
        finally:
            await self.platform.__aexit__(None, None, None)
            await self.server.stop()

    def _account(self) -> Telegram:
        return Telegram(
            self.server.token,
            api_url=self.server.url,
            poll_seconds=0,
            settle_doubts=True,
            doubts_after=0,
        )

    @property
    def _lookup(self) -> Lookup:
        assert self.platform.lookup is not None
        return self.platform.lookup

    # -------------------------------------------------------------------------- what goes on

    async def _pass_time(self) -> None:
        """Anything that takes numbers, or tells of them."""
        for _ in range(self.random.randrange(7)):
            act = self.random.choice(
                [self._somebody_writes, self._we_send, self._we_send, self._we_hear, self._skip]
            )
            await act()

    async def _somebody_writes(self) -> None:
        person = self.random.choice(self.people)
        if self.random.random() < 0.3:
            await self.groups[0].says(person, "/cases")
        else:
            await person.writes("hello")

    async def _we_send(self) -> None:
        chats = [*(person.id for person in self.people), *(group.id for group in self.groups)]
        await self._sends(self.random.choice(chats), self._message())

    async def _we_hear(self) -> None:
        """All updates there are so far."""
        heard, want = asyncio.Event(), len(self.server.updates)

        async def receive(_requests: Sequence[Request], _cursor: str | None) -> None:
            heard.set()

        if want:
            listening = asyncio.create_task(self.platform.listen(receive, None))
            await heard.wait()
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            self.server.updates.clear()

    async def _skip(self) -> None:
        self.server.skips(self.random.randrange(1, 4))

    async def _sends(self, chat: int, message: Message) -> None:
        await self.platform.send(str(chat), message, key="")

    def _message(self) -> Message:
        """Words said before or never, with buttons or without, now and then a file."""
        text = self.random.choice(_POOL)
        if self.restarts or self.random.random() < 0.5:
            self._texts += 1
            text = f"Notice {self._texts}"
        files = (Attachment("a.ics", "text/calendar", "BEGIN:VCALENDAR"),)
        return Message(
            blocks=(paragraph(text),),
            buttons=self.random.choice([(), ((Button("Stop", token="stop|1|x"),),)]),
            attachments=files if self.random.random() < 0.1 else (),
        )

    # ---------------------------------------------------------------------- what is in doubt

    async def _doubt(self, number: int) -> None:
        person, message = self.random.choice(self.people), self._message()
        since, before = self._lookup.mark(), set(person.chat.messages)
        await self._breaks(number, person, message)
        arrived = set(person.chat.messages) - before
        if self.restarts and self.random.random() < 0.4:
            await self._restart()
        await self._pass_time_elsewhere(person)
        if self.random.random() < 0.2:
            late = dict(zip(self._late, await self.server.late_ones_act(), strict=True))
            self._late = []
            arrived |= {late[number]["message_id"]} if number in late else set()
        if arrived and self.random.random() < 0.1:
            person.chat.forget(arrived.pop())
        await self._ask(person, message, since, arrived)

    async def _breaks(self, number: int, person: Person, message: Message) -> None:
        line, method = self.random.choice(_LINES), "sendMessage"
        if message.attachments:
            line, method = "after", "sendDocument"
        if line == "502":
            self.server.fail(method, 502)
        else:
            self.server.drop(method, line)  # type: ignore[arg-type] # one of its words
        with suppress(Unknown):
            await self._sends(person.id, message)
        if line == "late":
            self._late.append(number)

    async def _restart(self) -> None:
        """The process dies and another one begins; only the mark is left."""
        await self.platform.__aexit__(None, None, None)
        self.platform = await self._account().__aenter__()

    async def _pass_time_elsewhere(self, person: Person) -> None:
        """As always, but nothing of ours goes to this chat while one is on its way there."""
        people, self.people = self.people, [it for it in self.people if it is not person]
        await self._pass_time()
        self.people = people
        if self.random.random() < 0.3:
            await person.writes("Are you there?")

    async def _ask(self, person: Person, message: Message, since: str, arrived: set[int]) -> None:
        if self.random.random() < 0.15:
            self._break_the_asking()
        shown, asked = self._shown(), sum(self.server.asked.values())
        ref = ""
        with suppress(PlatformError):
            ref = await self._lookup.find(str(person.id), message, since=since, turn=_now)
        self.counts["requests"] += sum(self.server.asked.values()) - asked
        self._judge(ref, arrived, person, message)
        self._compare(shown, self._shown(), found=bool(ref))
        if not ref:
            await self._sends(person.id, Message((paragraph("A repeat."), *message.blocks)))

    def _break_the_asking(self) -> None:
        method = self.random.choice(["stopMessageLiveLocation", "editMessageText"])
        if self.random.random() < 0.5:
            self.server.drop(method, self.random.choice(["before", "after"]))
        else:
            self.server.repeat(method)

    def _judge(self, ref: str, arrived: set[int], person: Person, message: Message) -> None:
        self.counts["doubts"] += 1
        self.counts["arrived"] += bool(arrived)
        self.counts["found"] += bool(ref)
        if not ref:
            return
        if {int(ref)} != arrived:
            self.wrong.append(f"seed {self.seed}: {ref} was taken for {arrived or 'nothing'}")
        here = person.chat.messages.get(int(ref), {})
        if words(here) != plain(message):
            self.wrong.append(f"seed {self.seed}: {ref} says {here}")

    def _shown(self) -> dict[tuple[int, int], str]:
        chats = [*(person.chat for person in self.people), *self.groups]
        return {
            (chat.id, number): repr((words(it), it.get("reply_markup"), it.get("edit_date")))
            for chat in chats
            for number, it in chat.messages.items()
        }

    def _compare(
        self, before: dict[tuple[int, int], str], after: dict[tuple[int, int], str], *, found: bool
    ) -> None:
        """Asking changes nothing. Only a restart makes us forget that a message may come late."""
        changed = [where for where in before if before[where] != after.get(where)]
        self.counts["changed"] += len(changed)
        if changed and (found or not self.restarts):
            self.wrong.append(f"seed {self.seed}: asking has changed {changed}")
