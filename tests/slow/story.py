"""One installation's story on Telegram: broadcasts, commands, and a process that keeps dying.

The seed decides everything that is planned: who writes what, which notice comes next, where each
life of the process ends. How the processes interleave is the machine's own affair.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from bot.config import load_config
from bot.import_campaign import import_file
from bot.relay import WORKERS
from storage import audit, subscribers
from storage.database import Database
from storage.models import (
    Alert,
    AlertState,
    Delivery,
    DeliveryState,
    InboxRow,
    InboxState,
    Notice,
    Reminder,
    ReminderState,
)
from storage.models import Subscriber as Row
from storage.vault import open_vault
from tests.fakes.ledger import SENDING, Ledger, Round, Totals
from tests.fakes.preloaded import Preloaded
from tests.fakes.telegram import BotApi, Call, Person
from tests.fakes.telegram_limits import Gate
from tests.people import SAMPLE

OWNER = 77
POINTS = (
    *("received", "storing", "stored", "handling", "handled", "ticking", "ticked"),
    *("fanning-out", "claimed", "sending", "sent", "settling", "settled"),
    *("recovering", "recovered"),
)
_FIRST = 6_000_000_000
_REST = 120.0  # seconds within which all must have come to rest


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
            assert await self.program.stop() == 0
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
        for person in self.chance.sample(list(self.readers_by_id.values())[::2], 6):
            self.words += 1
            word = f"qzx{self.words}q"
            await self._writes(round_, person, f"/country {word}", word)
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
            person = self.readers_by_id[_FIRST + (language == "ru")]
            found[language] = sum(
                it.params["chat_id"] == person.id and "qzx" not in str(it.params.get("text"))
                for it in self.lives[0]
            )
            assert found[language], head
        return found

    def _check_file(self) -> None:
        """What the killed process left must be a sound database; the original stays untouched."""
        if not self.url.startswith("sqlite"):
            return
        path = Path(self.url.removeprefix("sqlite:///"))
        with tempfile.TemporaryDirectory() as folder:
            for file in (path, Path(f"{path}-wal")):
                if file.exists():
                    shutil.copy(file, folder)
            connection = sqlite3.connect(Path(folder) / path.name)
            found = connection.execute("PRAGMA integrity_check").fetchall()
            found += connection.execute("PRAGMA foreign_key_check").fetchall()
            connection.close()
        if found != [("ok",)]:
            self.ledger.totals.unsound += 1
            self.ledger.fault(f"after a kill the database is not sound: {found[:3]}")

    async def _comes_to_rest(self, head: str) -> set[int]:
        """Wait until nothing is under way; whose copy of this round's notice is held."""
        database = self._database()
        try:
            await self._rests(database, head)
            await self._check_rows(database)
            return await _held(database, head)
        finally:
            await database.close()

    async def _rests(self, database: Database, head: str) -> None:
        until = time.monotonic() + _REST
        quiet = 0
        while quiet < 2:
            left = await _under_way(database)
            if len(self.server.updates):
                left["unread"] = len(self.server.updates)
            quiet = 0 if left else quiet + 1
            if time.monotonic() > until:
                self.ledger.totals.unsound += 1
                self.ledger.fault(f"{head}: still under way after {_REST:.0f} s: {left}")
                return
            await asyncio.sleep(0.1)

    async def _check_rows(self, database: Database) -> None:
        async with database.read() as session:
            broken = await audit.broken_at(session)
            failed = await session.scalar(
                select(func.count()).where(InboxRow.state == InboxState.FAILED)
            )
        if broken is not None or failed:
            self.ledger.totals.unsound += 1
            self.ledger.fault(f"audit broken at {broken}, {failed} updates failed")


async def _under_way(database: Database) -> dict[str, int]:
    """What is not finished, by kind; empty at rest."""
    open_states = [DeliveryState.PENDING, DeliveryState.SENDING]
    asked = {
        "deliveries": select(func.count()).where(Delivery.state.in_(open_states)),
        "updates": select(func.count()).where(InboxRow.state == InboxState.NEW),
        "notices": select(func.count()).where(Notice.finished_at.is_(None)),
        "reminders": select(func.count()).where(
            Reminder.state == ReminderState.WAITING, Reminder.due_at <= time.time() + 1
        ),
        "alerts": select(func.count()).where(
            Alert.state.in_([AlertState.SENDING, AlertState.SCHEDULED])
        ),
    }
    async with database.read() as session:
        found = {name: await session.scalar(query) or 0 for name, query in asked.items()}
    return {name: number for name, number in found.items() if number}


async def _held(database: Database, head: str) -> set[int]:
    async with database.read() as session:
        rows = await session.scalars(
            select(Row.address)
            .join(Delivery, Delivery.subscriber_id == Row.id)
            .join(Notice, Notice.id == Delivery.notice_id)
            .where(Delivery.state == DeliveryState.HELD, Notice.payload.contains(head))
        )
        return {int(subscribers.open_address(session, sealed)) for sealed in rows}
