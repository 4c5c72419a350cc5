"""Looks after the program every few seconds, and says what it sees to whom it concerns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from bot.alarms import Alarms
from bot.health import Health, State
from bot.systemd import Supervisor
from storage.backlog import first_in_line
from storage.database import Database

log = structlog.get_logger()

LOOK = 5.0  # seconds between two looks
_LEARN = 12  # looks between two times the organisers' chats are learnt


class Lookout:
    """Looks, says what it sees, and raises alarms."""

    def __init__(
        self,
        database: Database,
        health: Health,
        alarms: Alarms,
        supervisor: Supervisor,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._health = health
        self._alarms = alarms
        self._supervisor = supervisor
        self._clock = clock
        self._looks = 0
        self._said: set[str] = set()

    async def run(self) -> None:
        """Watch for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._health.lag.run())
            tasks.create_task(self._beat())
            while True:
                await self.look()
                await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Look at the database, then tell whom it concerns what is wrong."""
        if self._looks % _LEARN == 0:
            await self._alarms.remember()
        self._looks += 1
        await self._see_lines()
        troubles = self._health.troubles()
        self._log({trouble.subject: trouble.words for trouble in troubles})
        for trouble in troubles:
            if trouble.alarm is not None:
                await self._alarms.raise_(trouble.alarm)

    async def _see_lines(self) -> None:
        async with self._database.read() as session:
            for pulse in self._health.pulses:
                if pulse.state is State.CARRYING:
                    pulse.note_first(await first_in_line(session, pulse.name, self._clock()))
        self._health.looked_at = time.monotonic()

    def _log(self, wrong: Mapping[str, str]) -> None:
        """Say it when something goes wrong and when it is right again, not every time."""
        for subject in wrong.keys() - self._said:
            log.warning("trouble", what=wrong[subject])
        for subject in self._said - wrong.keys():
            log.info("well again", what=subject)
        self._said = set(wrong)

    async def _beat(self) -> None:
        """The heartbeat does not wait for the database: that one hangs is seen by `looked_at`."""
        while True:
            alive = not any(trouble.restart for trouble in self._health.troubles())
            self._supervisor.status(self._health.status(), alive=alive)
            await asyncio.sleep(LOOK)
