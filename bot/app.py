"""The composition root: builds everything from a Config, runs it together, stops it in order."""

from __future__ import annotations

import asyncio
import fcntl
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import structlog

from bot.bell import Bell
from bot.buttons import Signer
from bot.composer import Composer
from bot.config import Config, MatrixConfig
from bot.dispatcher import Dispatcher
from bot.intake import Intake
from bot.keep import DatabaseKeep
from bot.log import install_loop_handler
from bot.pacer import Pace, Pacer
from bot.platforms.base import Platform
from bot.platforms.local import Local, Persona
from bot.relay import Relay
from bot.scheduler import Scheduler
from bot.web.chat import ChatPages
from bot.web.server import WebServer
from handlers import reminders
from handlers.command import Rules
from storage import inbox, keepsakes, organisers, schema
from storage.database import Database
from storage.directory import Directory
from storage.vault import Vault, open_vault

if TYPE_CHECKING:
    from bot.platforms.matrix import Matrix

log = structlog.get_logger()


class AlreadyRunningError(Exception):
    """Another Tocsin works on this database."""


@dataclass(slots=True)
class Storage:
    """The opened database of one installation."""

    database: Database
    vault: Vault


@asynccontextmanager
async def open_storage(config: Config) -> AsyncIterator[Storage]:
    """The database, brought to this program's schema, with its owners as configured."""
    vault = open_vault(config.secrets.key_file)
    database = Database(config.database.url, vault)
    try:
        await schema.upgrade(database)
        async with database.write() as session:
            await organisers.keep_owners(session, config.organisers.owners, clock())
        yield Storage(database, vault)
    finally:
        await database.close()


def clock() -> int:
    """The time, in Unix seconds UTC."""
    return int(time.time())


@dataclass
class App:
    """Everything that runs, and how to reach it."""

    config: Config
    storage: Storage
    personas: Sequence[Persona] = ()
    platforms: list[Platform] = field(default_factory=list)
    web: WebServer | None = None
    chat_url: str = ""

    def __post_init__(self) -> None:
        database, vault = self.storage.database, self.storage.vault
        self.arrived, self.queued = Bell(), Bell()
        self.signer = Signer(vault)
        rules = Rules(
            approvals=0
            if self.config.alerts.approvals == "auto"
            else self.config.alerts.approvals,
            cooldown=self.config.alerts.cooldown_seconds,
            newcomers_alarm=self.config.subscriptions.alarm_per_hour,
            newcomers_cap=self.config.subscriptions.cap_per_hour,
        )
        dispatcher = Dispatcher(self.signer, Directory.open(), rules, clock)
        self.intake = Intake(
            database, dispatcher, arrived=self.arrived, queued=self.queued, clock=clock
        )
        self.scheduler = Scheduler(database, queued=self.queued, clock=clock)

    async def serve(self, ready: asyncio.Event | None = None) -> None:
        """Connect and run until cancelled. If one part dies, all stop and its error is raised."""
        async with AsyncExitStack() as stack:
            prefix = await self._installation()
            async with self.storage.database.write() as session:
                await reminders.rederive(session, clock())
            self.platforms = [await stack.enter_async_context(it) for it in self._configured()]
            await self._open_web(stack)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.intake.run())
                tasks.create_task(self.scheduler.run())
                for platform in self.platforms:
                    tasks.create_task(self._listen(platform))
                    tasks.create_task(self._relay(platform, prefix).run())
                if ready is not None:
                    ready.set()

    def _configured(self) -> list[Platform]:
        """The platforms of the configuration; each is imported only where it is used."""
        config, database = self.config, self.storage.database
        found: list[Platform] = []
        if config.telegram is not None:
            from bot.platforms.telegram import Telegram  # noqa: PLC0415 - 40 MB, only if used

            found.append(Telegram(config.telegram.token.reveal(), api_url=config.telegram.api_url))
        if config.matrix is not None:
            found.append(matrix_account(config.matrix, DatabaseKeep(database, "matrix")))
        if config.local.enabled:
            found.append(Local(database))
        return found

    async def _listen(self, platform: Platform) -> None:
        async with self.storage.database.read() as session:
            since = await inbox.cursor(session, platform.name)
        await platform.listen(self.intake.receiver(platform.name), since)

    def _relay(self, platform: Platform, prefix: str) -> Relay:
        return Relay(
            self.storage.database,
            platform,
            Pacer(self._pace(platform.name), time.monotonic),
            Composer(self.storage.database, clock),
            self.signer,
            queued=self.queued,
            key_prefix=prefix,
            clock=clock,
        )

    def _pace(self, platform: str) -> Pace:
        if platform == "telegram" and self.config.telegram is not None:
            return Pace(per_second=self.config.telegram.rate, per_chat=1.0, per_group=20)
        return Pace()

    async def _installation(self) -> str:
        """What our transaction ids begin with: unlike those of any other database."""
        async with self.storage.database.write() as session:
            name = await keepsakes.load(session, "tocsin", "installation")
            if name is None:
                name = secrets.token_hex(8)
                await keepsakes.save(session, "tocsin", "installation", name)
        return f"{name}."

    async def _open_web(self, stack: AsyncExitStack) -> None:
        local = next((it for it in self.platforms if isinstance(it, Local)), None)
        alone = len(self.platforms) == 1
        pages = None
        if local is not None:
            pages = ChatPages(
                local, list(self.personas), key=secrets.token_urlsafe(16), open_door=alone
            )
        host, port = self.config.web.host, self.config.web.port
        self.web = WebServer(host, port, health=self.health, chat=pages)
        await self.web.start()
        stack.push_async_callback(self.web.stop)
        if pages is not None:
            self.chat_url = f"http://{host}:{self.web.port}{pages.path}/"

    async def health(self) -> dict[str, object]:
        """Whether the parts are alive, for /healthz."""
        late = clock() - self.scheduler.last_tick
        return {"ok": late < 30, "seconds_since_tick": late}


def matrix_account(config: MatrixConfig, keep: DatabaseKeep) -> Matrix:
    """The Matrix account of a configuration."""
    from bot.platforms.matrix import Matrix  # noqa: PLC0415 - 40 MB, only if used

    return Matrix(
        config.homeserver,
        config.user_id,
        password=config.password.reveal() if config.password else "",
        access_token=config.access_token.reveal() if config.access_token else "",
        store=config.store,
        keep=keep,
    )


@asynccontextmanager
async def only_one(config: Config) -> AsyncIterator[None]:
    """Hold the lock of this installation. Raises `AlreadyRunningError` if somebody else does."""
    with _lock_file(Path(f"{config.secrets.key_file}.lock")) as file:
        _lock(file)
        yield


def _lock_file(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path.open("w")


def _lock(file: IO[str]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunningError(
            "Another Tocsin is running on this database. Stop it first, "
            "or give this one a configuration of its own."
        ) from None


async def run(config: Config, personas: Sequence[Persona] = ()) -> None:
    """Run until SIGTERM or SIGINT; raises what made it stop by itself."""
    install_loop_handler(asyncio.get_running_loop())
    async with only_one(config), open_storage(config) as storage:
        app = App(config, storage, personas or _personas(config))
        serving = asyncio.create_task(app.serve(ready := asyncio.Event()))
        _stop_on_signals(serving)
        await started(serving, ready)
        if not serving.done():
            _say_ready(app)
        with suppress(asyncio.CancelledError):
            await serving


async def started(serving: asyncio.Task[None], ready: asyncio.Event) -> None:
    """Return when everything is connected, or when it has failed to."""
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _stop_on_signals(serving: asyncio.Task[None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)


def _say_ready(app: App) -> None:
    names = ", ".join(platform.name for platform in app.platforms)
    line = f"Tocsin is ready on: {names}."
    if app.chat_url:
        line += f" Built-in chat: {app.chat_url}"
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - what supervisors and people wait for


def _personas(config: Config) -> list[Persona]:
    """Who the built-in chat offers to be: each configured local owner, and a guest."""
    owners = [name for platform, name in config.organisers.owners if platform == "local"]
    return [
        *(Persona(name, name.title(), language="en", organiser=True) for name in owners),
        Persona("guest", "Guest", language="en"),
    ]
