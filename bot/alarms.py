"""Telling organisers that the bot is in trouble, through whatever still works.

As a rule an alarm is rows in the outbox, like everything. When the database itself is the trouble
it goes straight to the organisers' chats, which are remembered for that (address and language
only); and when the last telling cannot be written down, a process that has only just started stays
silent, so that a supervisor that restarts it again and again does not make it cry each time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.platforms.base import Platform
from handlers import alarms
from handlers.alarms import Alarm
from handlers.i18n import Translator, prefix_of
from storage import organisers, subscribers
from storage.database import Database
from storage.trouble import trouble_of

log = structlog.get_logger()

_PATIENCE = 3.0  # seconds for the database, and for each organiser who is told directly
_NEW = 300.0  # seconds in which a process counts as just started


@dataclass(frozen=True, slots=True)
class Ear:
    """Where one organiser can be told something."""

    platform: str
    address: str
    language: str


class Alarms:
    """Raises alarms. `voices` gives the connected platforms; `noted` is a file for emergencies."""

    def __init__(
        self,
        database: Database,
        voices: Callable[[], Sequence[Platform]],
        *,
        noted: Path,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._voices = voices
        self._noted = noted
        self._clock = clock
        self._started = time.monotonic()
        self._one_at_a_time = asyncio.Lock()
        self._ears: list[Ear] = []
        self._told: dict[str, int] = {}  # what was raised, and when

    async def remember(self) -> None:
        """Learn the organisers' chats anew, for when the database does not answer."""
        async with self._database.read() as session:
            ears = []
            for organiser in await organisers.active(session):
                address = organisers.chat_of(session, organiser)
                known = await subscribers.find(session, organiser.platform, address)
                if address:
                    ears.append(Ear(organiser.platform, address, known.language if known else ""))
        self._ears = ears

    async def raise_(self, alarm: Alarm, *, directly: bool = False) -> None:
        """Tell the organisers, unless they were told within a day. Never fails.

        `directly` is for when the database cannot be relied upon.
        """
        async with self._one_at_a_time:
            await self._raise(alarm, directly=directly)

    async def _raise(self, alarm: Alarm, *, directly: bool) -> None:
        now = self._clock()
        if now - self._told.get(alarm.name, -alarms.AGAIN) < alarms.AGAIN:
            return
        log.error("alarm", alarm=alarm.kind, platform=alarm.platform)
        queued = not directly and await self._queued(alarm, now)
        if queued or await self._told_directly(alarm, now):
            self._told[alarm.name] = now
        else:
            log.error("nobody could be told", alarm=alarm.kind, platform=alarm.platform)

    async def part_failed(self, error: BaseException) -> None:
        """A part of the program ended with this: tell why the whole is about to end."""
        trouble = trouble_of(error)
        if trouble is None:
            await self.raise_(Alarm("failed"))
        elif trouble != "gone":  # a database server that restarts is nothing to wake people for
            await self.raise_(Alarm(trouble), directly=True)

    async def _queued(self, alarm: Alarm, now: int) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE), self._database.write() as session:
                return await alarms.tell(session, alarm, now)
        except Exception as error:
            log.warning("alarm not queued", fault=type(error).__name__)
            return False

    # -------------------------------------------------------------- without the database

    async def _told_directly(self, alarm: Alarm, now: int) -> bool:
        voices = {platform.name: platform for platform in self._voices()}
        ears = [it for it in self._ears if it.platform in voices and it.platform != alarm.mute]
        if not ears or not self._may_cry(alarm, now):
            return False
        told = await asyncio.gather(
            *(self._say(voices[ear.platform], ear, alarm, now) for ear in ears)
        )
        return any(told)

    def _may_cry(self, alarm: Alarm, now: int) -> bool:
        """Is it the first time today? Where that cannot be written down: have we run for long?"""
        try:
            lines = self._noted.read_text("utf-8").splitlines() if self._noted.exists() else []
            told = dict(line.rsplit(" ", 1) for line in lines if " " in line)
            if 0 <= now - int(told.get(alarm.name, -alarms.AGAIN)) < alarms.AGAIN:
                return False
            told[alarm.name] = str(now)
            self._noted.touch(mode=0o600)
            self._noted.write_text("".join(f"{name} {at}\n" for name, at in told.items()))
        except (OSError, ValueError):
            return time.monotonic() - self._started > _NEW
        return True

    async def _say(self, platform: Platform, ear: Ear, alarm: Alarm, now: int) -> bool:
        translator = Translator(ear.language, prefix_of(ear.platform))
        part = platform.split(alarm.message(translator))[0]
        try:
            async with asyncio.timeout(_PATIENCE):
                await platform.send(ear.address, part, key=f"alarm.{alarm.name}.{now}")
        except Exception as error:
            log.warning("alarm not sent", platform=ear.platform, fault=type(error).__name__)
            return False
        return True
