"""The composition root: builds everything from a Config, runs it together, stops it in order."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.accounts import Make, accounts, matrix_account, pace_of
from bot.alarms import Alarms
from bot.bell import Bell
from bot.buttons import Signer
from bot.carrier import Carrier
from bot.composer import Composer
from bot.config import Config
from bot.directory.refresh import open_directory
from bot.dispatcher import Dispatcher
from bot.duty import Duties, open_duties
from bot.health import SILENT_FOR_LONG, Health, Pulse, State
from bot.installation import (
    AlreadyRunningError,
    Storage,
    clock,
    installation_name,
    only_one,
    open_storage,
)
from bot.intake import Intake
from bot.lookout import Lookout
from bot.pacer import Pacer
from bot.platforms.base import Platform, Unusable
from bot.platforms.local import Local, Persona
from bot.relay import Relay
from bot.scheduler import Scheduler
from bot.systemd import Supervisor
from bot.web.action import ActionPages
from bot.web.chat import ChatPages
from bot.web.guard import is_loopback
from bot.web.server import WebServer
from handlers import reminders
from handlers.alarms import Alarm
from handlers.command import Rules
from storage import subscribers
from storage.chimes import hear

__all__ = [
    "AlreadyRunningError",
    "App",
    "Storage",
    "clock",
    "matrix_account",
    "only_one",
    "open_storage",
    "started",
]

CLOCK = "clock"
"""The duty of ticking, beside one duty for each platform."""


@dataclass
class App:
    """Everything that runs, and how to reach it."""

    config: Config
    storage: Storage
    personas: Sequence[Persona] = ()
    supervisor: Supervisor = field(default_factory=Supervisor)
    carriers: list[Carrier] = field(default_factory=list)
    web: WebServer | None = None
    chat_url: str = ""

    def __post_init__(self) -> None:
        database, vault = self.storage.database, self.storage.vault
        self.arrived, self.queued = Bell(), Bell()
        database.on_queued = self.queued.ring
        self.signer = Signer(vault)
        rules = Rules(
            approvals=0
            if self.config.alerts.approvals == "auto"
            else self.config.alerts.approvals,
            cooldown=self.config.alerts.cooldown_seconds,
            newcomers_alarm=self.config.subscriptions.alarm_per_hour,
            newcomers_cap=self.config.subscriptions.cap_per_hour,
            public_url=self.config.web.public_url.rstrip("/"),
        )
        dispatcher = Dispatcher(self.signer, open_directory(self.config), rules, clock)
        self.intake = Intake(
            database, dispatcher, arrived=self.arrived, queued=self.queued, clock=clock
        )
        self.clockwork = Pulse(CLOCK)
        self.scheduler = Scheduler(
            database, queued=self.queued, clock=clock, ticked=self.clockwork.heard
        )
        self.local = Local(database) if self.config.local.enabled else None
        self.alarms = Alarms(
            database,
            lambda: self.platforms,
            noted=Path(f"{self.config.secrets.key_file}.alarms"),
            clock=clock,
        )
        self.health = Health([], self.clockwork, disk_folder(self.config))

    @property
    def platforms(self) -> list[Platform]:
        """Those that are connected now."""
        return [it.platform for it in self.carriers if it.platform is not None]

    async def serve(self, ready: asyncio.Event | None = None) -> None:
        """Connect and run until cancelled. If one part dies, all stop and its error is raised."""
        database = self.storage.database
        async with AsyncExitStack() as stack:
            installation = await installation_name(database)
            duties = await stack.enter_async_context(open_duties(database, installation))
            self.carriers = [
                self._carrier(name, make, duties, installation)
                for name, make in accounts(self.config, database, self.local).items()
            ]
            self.health.pulses = [carrier.pulse for carrier in self.carriers]
            await self._open_web(stack)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(duties.watch())
                if not database.is_sqlite:
                    tasks.create_task(hear(database, self.queued.ring))
                tasks.create_task(self._keep_time(duties))
                tasks.create_task(self.watched(self._lookout().run()))
                for carrier in self.carriers:
                    tasks.create_task(carrier.run())
                for carrier in self.carriers:
                    await carrier.settled.wait()
                if ready is not None:
                    ready.set()

    async def watched(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this; if it dies, organisers are told before everything stops."""
        try:
            await work
        except Unusable:
            raise
        except Exception as error:
            if not _is_unusable(error):
                await self.alarms.part_failed(error)
            raise

    async def _keep_time(self, duties: Duties) -> None:
        """The clock's duty: what is due at a time becomes rows."""
        stand_by = partial(self.clockwork.move_to, State.STANDING_BY)
        async with duties.hold(CLOCK, stand_by):
            self.clockwork.move_to(State.CARRYING)
            async with self.storage.database.write() as session:
                await reminders.rederive(session, clock())
            await self.watched(self.scheduler.run())

    def _lookout(self) -> Lookout:
        return Lookout(self.storage.database, self.health, self.alarms, self.supervisor, clock)

    # ---------------------------------------------------------------------------- accounts

    def _carrier(self, name: str, make: Make, duties: Duties, installation: str) -> Carrier:
        return Carrier(
            name,
            make,
            database=self.storage.database,
            duties=duties,
            intake=self.intake,
            pacer=lambda: Pacer(pace_of(self.config, name), time.monotonic),
            relay=partial(self._relay, f"{installation}."),
            given_up=self._given_up,
            watched=self.watched,
        )

    def _relay(self, prefix: str, platform: Platform, pacer: Pacer) -> Relay:
        return Relay(
            self.storage.database,
            platform,
            pacer,
            Composer(self.storage.database, clock),
            self.signer,
            queued=self.queued,
            key_prefix=prefix,
            clock=clock,
        )

    async def _given_up(self, carrier: Carrier, error: Unusable) -> None:
        """An account cannot work: go on with the others, or end with the remedy."""
        left = [it.name for it in self.carriers if it is not carrier and it.pulse.fault is None]
        if left == [Local.name] and not await self._has_people(Local.name):
            left = []  # the built-in chat that nobody uses is no reason to go on
        if error.is_outage and carrier.pulse.down_for() < SILENT_FOR_LONG:
            return  # it passes by itself, most often soon
        await self.alarms.raise_(Alarm(error.fault, carrier.name))
        if not left and not error.is_outage:
            raise error

    async def _has_people(self, platform: str) -> bool:
        async with self.storage.database.read() as session:
            return await subscribers.is_used(session, platform)

    # --------------------------------------------------------------------------------- web

    async def _open_web(self, stack: AsyncExitStack) -> None:
        alone, public_url = len(self.carriers) == 1, self.config.web.public_url
        pages = None
        if self.local is not None:
            pages = ChatPages(
                self.local,
                list(self.personas),
                key=secrets.token_urlsafe(16),
                open_door=alone and is_at_home(public_url),
            )
        host, port = self.config.web.host, self.config.web.port
        action = ActionPages(self.storage.database, clock) if public_url else None
        self.web = WebServer(host, port, health=self.health.report, chat=pages, action=action)
        await self.web.start()
        stack.push_async_callback(self.web.stop)
        if pages is not None:
            self.chat_url = f"http://{host}:{self.web.port}{pages.path}/"


def is_at_home(public_url: str) -> bool:
    """Do no pages go out to the world? A proxy in front may look like somebody on this machine."""
    return not public_url or is_loopback(urlsplit(public_url).netloc)


def disk_folder(config: Config) -> Path:
    """Where the disk fills up: the folder of the database, or of the key beside a server's."""
    _, is_file, path = config.database.url.partition("sqlite:///")
    return Path(path).parent if is_file else config.secrets.key_file.parent


def _is_unusable(error: BaseException) -> bool:
    """Is it only that the account cannot work? Its carrier deals with that."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_unusable(inner) for inner in error.exceptions)
    return isinstance(error, Unusable)


async def started(serving: asyncio.Task[None], ready: asyncio.Event) -> None:
    """Return when everything is connected, or when it has failed to."""
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
