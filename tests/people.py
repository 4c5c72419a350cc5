"""People for tests: they write to the real dispatcher and read what was queued for them."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from sqlalchemy import select

from bot.bell import Bell
from bot.buttons import Signer
from bot.composer import Composer
from bot.dispatcher import Dispatcher
from bot.intake import Intake
from bot.scheduler import Scheduler
from handlers import casebook
from handlers.campaign import Campaign
from handlers.campaign_file import read_campaign
from handlers.command import Rules
from handlers.message import Button, ChatKind, Event, Message, Proof, Request, plain
from handlers.services import proves_writers, service_of
from storage import organisers, outbox, settling
from storage.database import Database
from storage.directory import Directory
from storage.models import Delivery, DeliveryState
from storage.settling import Outcome

NOW = 1_790_000_000  # 21 September 2026, 14:13:20 UTC
DIRECTORY = Directory.open()


@dataclass
class World:
    """The bot without platforms, on a real database, with a clock the test sets."""

    database: Database
    rules: Rules = field(default_factory=lambda: Rules(approvals=1, cooldown=0))
    now: int = NOW
    platform: str = "local"

    def __post_init__(self) -> None:
        self.signer = Signer(self.database.vault)
        bell = Bell()
        self.dispatcher = Dispatcher(self.signer, DIRECTORY, self.rules, self.clock)
        self.intake = Intake(
            self.database, self.dispatcher, arrived=bell, queued=bell, clock=self.clock
        )
        self.scheduler = Scheduler(self.database, queued=bell, clock=self.clock)
        self.composer = Composer(self.database, self.clock)
        self.mailbox: defaultdict[str, list[Message]] = defaultdict(list)
        self._events = itertools.count(1)

    def clock(self) -> int:
        return self.now

    def person(self, name: str, **about: object) -> Person:
        return Person(self, Request(**{**self._request(name), **about}))  # type: ignore[arg-type]

    def group(self, name: str, *, admin: bool | None = True, **about: object) -> Person:
        group = {"kind": ChatKind.GROUP, "sender": "member", "is_admin": admin}
        return self.person(name, **{**group, **about})

    def _request(self, name: str) -> dict[str, object]:
        return {
            "platform": self.platform,
            "event_id": "",
            "address": name,
            "sender": name,
            "sent_at": self.now,
            "language": "en",
        }

    def next_event(self) -> str:
        return str(next(self._events))

    async def owner(self, name: str = "owner") -> Person:
        async with self.database.write() as session:
            await organisers.add(session, self.platform, name, organisers.OWNER, self.now)
        return self.person(name)

    async def organiser(self, name: str) -> Person:
        async with self.database.write() as session:
            await organisers.add(session, self.platform, name, organisers.ORGANISER, self.now)
        return self.person(name)

    async def knows(self, campaign: Campaign) -> None:
        async with self.database.write() as session:
            await casebook.save(session, campaign, self.now)

    async def tick(self, seconds: int = 0) -> None:
        self.now += seconds
        await self.scheduler.tick()

    async def deliver(self) -> None:
        """Send everything that is due, as a platform that always succeeds would."""
        while claims := await self._claim():
            for claim in claims:
                message = await self.composer.compose(claim)
                signed = self.signer.sign(message, claim.platform, claim.address, self.now)
                self.mailbox[claim.address].append(signed)
                refs = claim.edits or (f"m{claim.id}",)
                outcome = Outcome(claim, DeliveryState.SENT, refs=refs, done=True)
                async with self.database.write() as session:
                    await settling.settle(session, [outcome], self.now)

    async def _claim(self) -> list[outbox.Claim]:
        async with self.database.write() as session:
            return await outbox.claim(session, self.platform, self.now, replies=50, notices=50)

    async def rows(self, state: DeliveryState) -> int:
        async with self.database.read() as session:
            return len(
                list(await session.scalars(select(Delivery.id).where(Delivery.state == state)))
            )


@dataclass
class Person:
    """Somebody who writes to the bot and reads every answer."""

    world: World
    usual: Request
    _read: int = 0

    @property
    def heard(self) -> list[Message]:
        """Everything that was ever sent to this chat, edits too."""
        return self.world.mailbox[self.usual.address]

    async def says(self, text: str, **about: object) -> Message:
        """Write something; the answer (the last of several)."""
        return await self._does(text=text, **about)

    async def presses(self, button: Button | str, **about: object) -> Message:
        """Press a button of the last answer, by its label or itself."""
        if isinstance(button, str):
            button = self.button(button)
        return await self._does(
            event=Event.PRESSED, button=button.token, message_ref="m1", **about
        )

    def button(self, label: str) -> Button:
        """The button whose label begins so, in what was heard last."""
        for message in reversed(self.heard):
            for row in message.buttons:
                for button in row:
                    if button.label.startswith(label):
                        return button
        raise AssertionError(f"no button {label!r}")

    async def ignored(self, text: str, **about: object) -> bool:
        """Write or do something that deserves no answer."""
        return await self._do(text=text, **about) == []

    async def _does(self, **about: object) -> Message:
        answers = await self._do(**about)
        assert answers, "no answer"
        return answers[-1]

    async def _do(self, **about: object) -> list[Message]:
        self._read = len(self.heard)
        event = {"event_id": self.world.next_event(), "sent_at": self.world.now}
        said = about.get("event", Event.SAID) is Event.SAID
        if said and proves_writers(service_of(self.world.platform)):
            about = {"proof": self._proof(), **about}
        request = replace(self.usual, **{**event, **about})  # type: ignore[arg-type]
        await self.world.intake.receiver(self.world.platform)([request], None)
        while await self.world.intake.handle_next(self.world.platform):
            pass
        return await self.listens()

    def _proof(self) -> Proof:
        """Encrypted, on the same device as ever."""
        name = self.usual.sender
        chain = f"chain of {name} on {self.world.platform}"
        return Proof((f"key of {name}",), chain, int(self.world.next_event()))

    async def listens(self) -> list[Message]:
        """Everything that is due now is delivered; what came here since the last look."""
        await self.world.deliver()
        new = self.heard[self._read :]
        self._read = len(self.heard)
        return new


def words(message: Message) -> str:
    """What a message says."""
    return plain(message)


SAMPLE = Path(__file__).parent.parent / "examples" / "kazakhstan.toml"


@cache
def sample() -> Campaign:
    """The sample campaign."""
    return read_campaign(SAMPLE.read_text("utf-8"))[0]
