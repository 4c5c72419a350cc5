"""One installation's story on Matrix: broadcasts into encrypted and plain chats, and both the bot
and its homeserver keep dying, while strangers use up the bot's keys and readers buy telephones.

The homeserver is a real Synapse, the readers have stock clients, the organiser writes on Telegram.
A message that was sent again would stand in a room twice: here not one may.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bot.config import load_config
from bot.import_campaign import import_file
from storage.database import Database
from storage.vault import open_vault
from tests.fakes.ledger import Ledger, Round, Totals
from tests.fakes.matrix_person import MatrixPerson
from tests.fakes.preloaded import Preloaded
from tests.fakes.synapse import Account, Homeserver
from tests.fakes.telegram import BotApi, Call
from tests.people import SAMPLE
from tests.slow import checks

OWNER = 77
_POINTS = (
    *("received", "storing", "stored", "handling", "handled", "fanning-out", "claimed"),
    *("sending", "key-shared", "message-sent", "sent", "settling", "settled", "recovered"),
)
_PATIENCE = 90.0  # seconds for whatever must come
_DEVICES = 3  # that one person has at most
_AT_ONCE = 5  # people who subscribe at a time


@dataclass
class Reader:
    """Somebody with a chat of their own with the bot; `seen` of its messages are counted."""

    number: int
    account: Account
    clients: list[MatrixPerson]  # one for each device, the oldest first
    room: str = ""
    encrypted: bool = True
    seen: int = 0

    @property
    def client(self) -> MatrixPerson:
        """The device that everything is counted on."""
        return self.clients[0]


@dataclass
class MatrixStory:
    """`kills` lives of the bot end badly, and now and then the homeserver's."""

    seed: str
    url: str  # of an empty database
    folder: Path
    kills: int
    readers: int = 10
    plain: int = 3  # one chat in so many is not encrypted; 0: all are
    kills_a_round: int = 3

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - dice, not secrets
        self.ledger = Ledger(0)  # what is sent again under the same key is the same message
        self.server = BotApi()
        self.people: list[Reader] = []
        self.config = self.folder / "config.toml"
        self.words = 0
        self.length = 0  # messages of a notice
        self.program: Preloaded

    async def run(self) -> Totals:
        """Play it; the totals, violations included."""
        async with AsyncExitStack() as self.stack:
            stack = self.stack
            (self.folder / "synapse").mkdir()
            self.homeserver = Homeserver(self.folder / "synapse")
            stack.callback(self.homeserver.stop)
            await asyncio.to_thread(self.homeserver.start)
            await self.server.start()
            stack.push_async_callback(self.server.stop)
            await self._set_up()
            self.program = await stack.enter_async_context(Preloaded(self.config))
            await self._play()
        return self.ledger.totals

    async def _set_up(self) -> None:
        bot = await self.homeserver.register("tocsin")
        self.bot = bot.user_id
        self.config.write_text(
            f"""
            [database]
            url = "{self.url}"
            [telegram]
            token = "{self.server.token}"
            api_url = "{self.server.url}"
            [matrix]
            homeserver = "{self.homeserver.url}"
            user_id = "{bot.user_id}"
            password = "{bot.password}"
            [web]
            listen = "127.0.0.1:0"
            [alerts]
            cooldown_seconds = 0
            [organisers]
            owners = ["telegram:{OWNER}"]
            """
        )
        await import_file(load_config(self.config), SAMPLE)
        for number in range(self.readers):
            account = await self.homeserver.register(f"reader{number}")
            encrypted = not self.plain or number % self.plain > 0
            one = Reader(number, account, [], encrypted=encrypted)
            await self._logs_in(one)
            self.people.append(one)
        stranger = await self.homeserver.register("stranger")
        self.stranger = await self.stack.enter_async_context(
            MatrixPerson(self.homeserver, stranger, self.folder / "stranger")
        )

    async def _logs_in(self, one: Reader) -> MatrixPerson:
        """On a new device, as after buying a telephone."""
        store = self.folder / f"reader{one.number}-{len(one.clients)}"
        client = MatrixPerson(self.homeserver, one.account, store)
        await self.stack.enter_async_context(client)
        client.forgets()
        one.clients.append(client)
        return client

    async def _play(self) -> None:
        await self.program.ready()
        owner = self.server.person(OWNER)
        await owner.writes("/start")
        await owner.hears("urgent alerts", within=60)
        for first in range(0, len(self.people), _AT_ONCE):
            some = self.people[first : first + _AT_ONCE]
            await asyncio.gather(*map(self._subscribes, some))
        await self._round(0, 0)
        number = 1
        while (left := self.kills - self.ledger.totals.kills) > 0:
            await self._round(number, min(left, self.kills_a_round))
            number += 1
        assert await self.program.stop() == 0, self.program.text

    async def _subscribes(self, one: Reader) -> None:
        one.room = await one.client.talks_to(self.bot, encrypted=one.encrypted)
        await one.client.writes(one.room, "!language en")
        await one.client.writes(one.room, "!country GB")
        await one.client.writes(one.room, "!subscribe all")
        await one.client.hears(one.room, "You will get every urgent notice", within=_PATIENCE)

    # ------------------------------------------------------------------------------ one round

    async def _round(self, number: int, kills: int) -> None:
        head = f"R{number:05}x"
        everybody = {one.number: self.length for one in self.people}
        round_ = Round(head, everybody, owed=set(everybody))
        await self._troubles()
        for one in self.people:
            await one.client.looks(0)
            one.seen = len(one.client.heard(one.room))
        acts = asyncio.gather(self._organiser(head), self._people(round_))
        for _ in range(kills):
            await self._die()
        if not self.program.alive:
            await self.program.ready()
        await acts
        await self._comes_to_rest(head)
        await self._compare(round_)
        self._forget()

    async def _troubles(self) -> None:
        """A stranger uses up the bot's keys; somebody comes with a new device and writes on it."""
        if self.chance.random() < 0.5:
            await self.stranger.takes_all_keys_of(self.bot)
        one = self.chance.choice(self.people)
        if self.chance.random() < 0.5 and len(one.clients) < _DEVICES:
            device = await self._logs_in(one)
            self.words += 1
            word = f"qzx{self.words}q"
            await device.writes(one.room, f"!country {word}")
            await device.hears(one.room, word, within=_PATIENCE)

    async def _organiser(self, head: str) -> None:
        owner = self.server.person(OWNER)
        await owner.writes(f"/alert bokayev-ayan {head} Trial opens\nIt is {head}.")
        await owner.presses(await owner.chat.hears("Preview of alert", within=_PATIENCE), "Send")

    async def _people(self, round_: Round) -> None:
        for one in self.chance.sample(self.people, min(3, len(self.people))):
            await asyncio.sleep(self.chance.uniform(0, 0.5))
            self.words += 1
            word = f"qzx{self.words}q"
            await self.chance.choice(one.clients).writes(one.room, f"!country {word}")
            round_.asked[one.number, word] = 1

    async def _die(self) -> None:
        """The bot dies somewhere, and sometimes the homeserver a moment before or after."""
        power_cut = self.chance.random() < 0.2
        if power_cut:
            await asyncio.sleep(self.chance.uniform(0, 1))
            self.homeserver.kill()
        if self.program.alive or self.chance.random() < 0.4:
            if not self.program.alive:
                await self.program.start()
            await asyncio.sleep(self.chance.uniform(0.05, 4))
            assert await self.program.kill() == -9, self.program.text
        else:
            await self._at_point()
        self.ledger.totals.kills += 1
        if wrong := checks.unsound(self.url):
            self._fault(f"after a kill the database is not sound: {wrong}")
        if power_cut:
            await asyncio.to_thread(self.homeserver.start)

    async def _at_point(self) -> None:
        point = self.chance.choice(_POINTS)
        await self.program.start(f"{point}:{self.chance.randint(1, 4)}")
        try:
            async with asyncio.timeout(5):
                status = await self.program.ends()
        except TimeoutError:  # nothing came by there so often
            status = await self.program.kill()
        assert status == -9, self.program.text

    # --------------------------------------------------------------------------------- checks

    def _fault(self, text: str) -> None:
        self.ledger.totals.unsound += 1
        self.ledger.fault(text)

    async def _comes_to_rest(self, head: str) -> None:
        config = load_config(self.config)
        database = Database(config.database.url, open_vault(config.secrets.key_file))
        try:
            if left := await checks.left_after(database, lambda: len(self.server.updates)):
                self._fault(f"{head}: still under way after a long time: {left}")
            if wrong := await checks.contradictions(database):
                self._fault(f"{head}: {wrong}")
        finally:
            await database.close()

    async def _compare(self, round_: Round) -> None:
        await asyncio.gather(*(self._hears_all(one, round_) for one in self.people))
        calls = []
        for one in self.people:
            for it in one.client.heard(one.room)[one.seen :]:
                if not it.replaces:
                    calls.append(
                        Call("sendMessage", {"chat_id": one.number, "text": it.body}, 0.0)
                    )
                if one.encrypted and not it.encrypted:
                    self._fault(f"{round_.head}: in the clear: {it.body[:60]!r}")
            for device, client in enumerate(one.clients):
                if client.unreadable(one.room):
                    where = f"reader {one.number} on device {device}"
                    self._fault(f"{round_.head}: {where} cannot read a message")
        if not self.length:
            self.length = len(calls) // len(self.people)
            return
        self.ledger.close(round_, [calls], set(), set())

    def _forget(self) -> None:
        for chat in self.server.chats.values():
            chat.messages.clear()
            chat.said.clear()
        self.server.calls.clear()
        self.server.presses.clear()
        self.program.said.clear()

    async def _hears_all(self, one: Reader, round_: Round) -> None:
        """Wait for what must come, then a while for what must not."""
        words = [words for number, words in round_.asked if number == one.number]
        for client in one.clients:
            try:
                for it in (round_.head, *words):
                    await client.hears(one.room, it, within=_PATIENCE)
            except TimeoutError:
                if client is not one.client:  # for that one the ledger says what is missing
                    self._fault(f"{round_.head}: reader {one.number}'s other device misses {it}")
            await client.settles(1)
