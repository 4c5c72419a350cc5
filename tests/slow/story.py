"""One installation's story on Telegram: broadcasts, commands, and a process that keeps dying.

The seed decides everything that is planned: who writes what, which notice comes next, where each
life of the process ends. How the processes interleave is the machine's own affair.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.config import load_config
from bot.import_campaign import import_file
from bot.relay import WORKERS
from storage import subscribers
from storage.database import Database
from storage.vault import open_vault
from tests.fakes.ledger import SENDING, Ledger, Round, Totals
from tests.fakes.preloaded import Preloaded
from tests.fakes.telegram import BotApi, Call, Person
from tests.fakes.telegram_limits import Gate
from tests.people import SAMPLE
from tests.slow import checks

OWNER = 77
POINTS = (
    *("received", "storing", "stored", "handling", "handled", "ticking", "ticked"),
    *("fanning-out", "claimed", "sending", "sent", "settling", "settled"),
    *("recovering", "recovered"),
)
_FIRST = 6_000_000_000


@dataclass
class Story:
    """`kills` lives end badly; `readers` subscribe before it begins."""

    seed: str
    url: str  # of an empty database
    folder: Path
    kills: int
    readers: int = 400
    kills_a_round: int = 4
    points: list[str] = field(default_factory=list)  # where to die first, one after the other

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - dice, not secrets
        self.ledger = Ledger(WORKERS)
        self.server = BotApi()
        self.readers_by_id: dict[int, Person] = {}
        self.lives: list[list[Call]] = [[]]
        self.parts: dict[str, dict[str, int]] = {}  # kind → language → messages
        self.config = self.folder / "config.toml"
        self.words = 0
        self.died_at: set[str] = set()
        self.program: Preloaded

    async def run(self) -> Totals:
        """Play it; the totals, violations included."""
        await self.server.start()
        try:
            await self._set_up()
            async with Preloaded(self.config) as self.program:
                await self._play()
        finally:
            await self.server.stop()
        return self.ledger.totals

    async def _set_up(self) -> None:
        self.config.write_text(
            f"""
            [database]
            url = "{self.url}"
            [telegram]
            token = "{self.server.token}"
            api_url = "{self.server.url}"
            rate = 5000
            [web]
            listen = "127.0.0.1:0"
            [alerts]
            cooldown_seconds = 0
            [organisers]
            owners = ["telegram:{OWNER}"]
            """
        )
        await import_file(load_config(self.config), SAMPLE)
        database = self._database()
        async with database.write() as session:
            for number in range(self.readers):
                person = self.server.person(_FIRST + number, "ru" if number % 2 else "en")
                person.chat.started = True
                self.readers_by_id[person.id] = person
                row = await subscribers.meet(
                    session, "telegram", str(person.id), kind="private", now=0
                )
                row.language, row.country = person.language, "GB"
                await subscribers.follow(session, row, "all", "")
        await database.close()

    def _database(self) -> Database:
        config = load_config(self.config)
        return Database(config.database.url, open_vault(config.secrets.key_file))

    async def _play(self) -> None:
        owner = self.server.person(OWNER)
        await self.program.ready()
        await owner.writes("/start")
        await owner.hears("urgent alerts", within=60)
        number = 0
        while self.kills_left > 0:
            kind = ("alert", "reminder")[number] if number < 2 else self._kind()
            kills = 0 if number < 2 else min(self.kills_a_round, self.kills_left)
            await self._round(kind, number, kills)
            number += 1
        assert await self.program.stop() == 0

    def _kind(self) -> str:
        return "reminder" if self.chance.random() < 0.25 else "alert"

    @property
    def kills_left(self) -> int:
        """Lives that are still to end badly."""
        return max(self.kills - self.ledger.totals.kills, len(self.points))

    # ------------------------------------------------------------------------------ one round

    async def _round(self, kind: str, number: int, kills: int) -> None:
        head = f"R{number:05}x"
        learning = kind not in self.parts
        parts = self.parts.get(kind, {"en": 0, "ru": 0})
        owed = {it: parts[who.language] for it, who in self.readers_by_id.items()}
        round_ = Round(head, owed, owed=set(owed), holds=kind == "reminder")
        if self.points and kills:  # the first life is to end at its point, not before
            self.points.sort(key="fanning-out".__ne__)  # it is passed once a round, early
            assert await self.program.stop() == 0, self.program.text
        acts = asyncio.gather(self._organiser(kind, head, number), self._people(round_))
        await self._lives(kills)
        await acts
        held = await self._comes_to_rest(head)
        self._collect()
        if learning:
            self.parts[kind] = self._learn(head)
        else:
            self.ledger.close(round_, self.lives, held, {OWNER})
        self._forget()

    async def _organiser(self, kind: str, head: str, number: int) -> None:
        owner = self.server.person(OWNER)
        if kind == "alert":
            await owner.writes(f"/alert bokayev-ayan {head} Trial opens\nIt is {head}.")
            await owner.presses(await owner.chat.hears("Preview of alert", within=90), "Send")
            return
        day, minute = divmod(number, 600)
        when = f"{2 + day}d" if day else "tomorrow"
        at = f"{9 + minute // 60:02}:{minute % 60:02}"
        await owner.writes(f"/hearing add bokayev-ayan {when} {at} Atyrau, {head} City Court")
        await owner.chat.hears("is set", within=90)

    async def _people(self, round_: Round) -> None:
        """Some readers and one newcomer write, each thing once."""
        english = [it for it in self.readers_by_id.values() if it.language == "en"]
        *writers, stops, blocks = self.chance.sample(english, 8)
        for person in writers:
            self.words += 1
            word = f"qzx{self.words}q"
            await self._writes(round_, person, f"/country {word}", word)
        for person in (stops, blocks):
            del self.readers_by_id[person.id]
            round_.owed.discard(person.id)
            round_.left.add(person.id)
        await self._writes(round_, stops, "/unsubscribe", "You will get no more notices")
        blocks.blocks()
        newcomer = self.server.person(_FIRST + 1_000_000 + self.words)
        self.readers_by_id[newcomer.id] = newcomer
        round_.parts[newcomer.id] = next(iter(round_.parts.values()))
        round_.may.add(newcomer.id)
        await self._writes(round_, newcomer, "/country GB", "Country: United Kingdom")
        await self._writes(round_, newcomer, "/subscribe all", "You will get every urgent notice")

    async def _writes(self, round_: Round, person: Person, text: str, answer: str) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.15))
        await person.writes(text)
        key = (person.id, answer)
        round_.asked[key] = round_.asked.get(key, 0) + 1

    # ---------------------------------------------------------------------------------- lives

    async def _lives(self, kills: int) -> None:
        for _ in range(kills):
            await self._die()
            self.ledger.totals.kills += 1
            await self._drained()
            self._collect()
            self.lives.append([])
            self._check_file()
        if not self.program.alive:
            await self.program.ready()

    async def _die(self) -> None:
        """End the present life, or start one that ends at a point of its own."""
        if self.program.alive:
            await self._at_random()
            return
        if self.points or self.chance.random() < 0.5:
            await self._at_point()
            return
        await self.program.start()
        await self._at_random()

    async def _at_random(self) -> None:
        calls, seconds = self.chance.randint(1, 180), self.chance.uniform(0.02, 1.5)
        with suppress(TimeoutError):
            await self.server.accepts(calls, within=seconds)
        assert await self.program.kill() == -9, self.program.text

    async def _at_point(self) -> None:
        directed = bool(self.points)
        point, nth = self._point()
        await self.program.start(f"{point}:{nth}")
        try:
            async with asyncio.timeout(2.5):
                status = await self.program.ends()
            self.died_at.add(point)
        except TimeoutError:  # nothing came by there so often
            status = await self.program.kill()
            if directed:
                self.points.append(point)
        assert status == -9, self.program.text

    def _point(self) -> tuple[str, int]:
        if self.points:
            return self.points.pop(0), 1
        point = self.chance.choice(POINTS)
        most = {"sending": 150, "sent": 150, "claimed": 40, "settling": 40, "settled": 40}
        return point, self.chance.randint(1, most.get(point, 3))

    async def _drained(self) -> None:
        """Wait until nothing of the dead process is on its way any more."""
        runner = self.server._runner
        assert runner is not None
        assert runner.server is not None
        while any(it.transport for it in runner.server.connections):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.01)

    def _collect(self) -> None:
        self.lives[-1] += [it for it in self.server.calls if it.method in SENDING]
        self.server.calls.clear()

    def _forget(self) -> None:
        self.lives = [[]]
        for chat in self.server.chats.values():
            chat.messages.clear()
            chat.said.clear()
        self.server.gate = Gate()
        self.server.presses.clear()
        self.program.said.clear()

    # --------------------------------------------------------------------------------- checks

    def _learn(self, head: str) -> dict[str, int]:
        """How long the notice is, from a round in which nobody was killed."""
        found = {}
        for language in ("en", "ru"):
            person = next(it for it in self.readers_by_id.values() if it.language == language)
            found[language] = sum(
                it.params["chat_id"] == person.id and "qzx" not in str(it.params.get("text"))
                for it in self.lives[0]
            )
            assert found[language], head
        return found

    def _check_file(self) -> None:
        if wrong := checks.unsound(self.url):
            self.ledger.totals.unsound += 1
            self.ledger.fault(f"after a kill the database is not sound: {wrong}")

    async def _comes_to_rest(self, head: str) -> set[int]:
        """Wait until nothing is under way; whose copy of this round's notice is held."""
        database = self._database()
        try:
            left = await checks.left_after(database, lambda: len(self.server.updates))
            wrong = await checks.contradictions(database)
            if wrong:
                wrong += "".join(f"\n{it}" for it in self.program.said if "update failed" in it)
            for it in (f"still under way after a long time: {left}" if left else "", wrong):
                if it:
                    self.ledger.totals.unsound += 1
                    self.ledger.fault(f"{head}: {it}")
            await self._check_readers(database, head)
            held = await checks.held(database, head)
        finally:
            await database.close()
        await self._check_organiser(head, held)
        return held

    async def _check_readers(self, database: Database, head: str) -> None:
        """Who is subscribed must be who said so last, and nobody else."""
        found = await checks.followers(database)
        if found != dict.fromkeys(self.readers_by_id, "GB"):
            wrong = found.keys() ^ self.readers_by_id.keys()
            self.ledger.totals.unsound += 1
            self.ledger.fault(f"{head}: {len(wrong)} readers are stored wrongly")

    async def _check_organiser(self, head: str, held: set[int]) -> None:
        """The organiser was told figures that add up, and of everybody whose copy is held."""
        chat = self.server.person(OWNER).chat
        for text in chat.texts:
            if not checks.adds_up(text):
                self.ledger.totals.unsound += 1
                self.ledger.fault(f"{head}: figures that do not add up: {text}")
        if held and not await self._hears_of(len(held)):
            self.ledger.totals.unsound += 1
            self.ledger.fault(f"{head}: {len(held)} are held, which no organiser was told")

    async def _hears_of(self, held: int) -> bool:
        """Is the organiser told, sooner or later, that so many may have got nothing?"""
        chat = self.server.person(OWNER).chat
        for _ in range(200):
            if sum(map(checks.told_of_held, chat.texts)) >= held:
                return True
            await asyncio.sleep(0.1)
        return False
