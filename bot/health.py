"""How the program is: what /healthz answers, what the supervisor hears, what raises an alarm.

Everything is judged from memory at the moment somebody asks; `bot/lookout.py` looks at the
database every few seconds. Words name platforms and numbers, never people.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bot.platforms.base import Unusable
from handlers.alarms import Alarm
from storage.backlog import First

SILENT = 90.0  # seconds without an answer from a service, or without a connection
SILENT_FOR_LONG = 600.0  # seconds after which organisers are told, and a restart is tried
NO_TICK = 30.0
STUCK = 300.0  # seconds the same message may be first in line
FROZEN = 180.0  # seconds of a flood wait that organisers should know about
LEAST_DISK = 200  # megabytes
STANDSTILL = 5.0  # seconds the event loop may stand still
UNSEEN = 60.0  # seconds without a look at the database
_LAG_KEPT = 60.0


class State(StrEnum):
    """What this process does about a duty."""

    CONNECTING = "connecting"
    CARRYING = "carrying"
    STANDING_BY = "standing by"
    UNUSABLE = "unusable"


@dataclass
class Pulse:
    """Signs of life of one duty: a platform account, or the clock."""

    name: str
    state: State = State.CONNECTING
    since: float = field(default_factory=time.monotonic)  # in this state
    heard_at: float | None = None  # when its service answered last
    fault: Unusable | None = None  # why it cannot work; kept until it is heard again
    down_since: float | None = None
    first: First | None = None  # in line
    first_since: float = 0.0
    frozen_for: Callable[[], float] = lambda: 0.0

    def move_to(self, state: State) -> None:
        """Another state begins."""
        self.state, self.since = state, time.monotonic()
        self.heard_at, self.first, self.frozen_for = None, None, lambda: 0.0

    def heard(self) -> None:
        """The service has answered."""
        self.heard_at, self.fault, self.down_since = time.monotonic(), None, None

    def fail(self, fault: Unusable) -> None:
        """The account cannot work."""
        self.move_to(State.UNUSABLE)
        self.fault = fault
        self.down_since = self.down_since or time.monotonic()

    def down_for(self) -> float:
        """Seconds since it last worked; 0 if it works."""
        return time.monotonic() - self.down_since if self.down_since else 0.0

    def note_first(self, first: First | None) -> None:
        """What is first in line now."""
        if first is None or first != self.first:
            self.first_since = time.monotonic()
        self.first = first


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be."""

    words: str
    alarm: Alarm | None = None  # what organisers are told, where it concerns them
    ill: bool = True  # /healthz says 503
    restart: bool = False  # a restart may help: the supervisor hears no heartbeat

    @property
    def subject(self) -> str:
        """What it is about: a platform, the clock, the disk …"""
        return self.words.partition(":")[0]


class Lag:
    """How long the event loop stood still, at worst, in the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()  # when, how many seconds

    async def run(self, step: float = 0.25) -> None:
        """Sleep and look at the clock, for ever."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(step)
            self.note(time.monotonic() - before - step)

    def note(self, seconds: float) -> None:
        """The loop came so much later than it should."""
        now = time.monotonic()
        if seconds > 0.05:
            self._seen.append((now, seconds))
        while self._seen and self._seen[0][0] < now - _LAG_KEPT:
            self._seen.popleft()

    @property
    def worst(self) -> float:
        """Seconds."""
        now = time.monotonic()
        return max((lag for at, lag in self._seen if at >= now - _LAG_KEPT), default=0.0)


class Health:
    """All signs of life of this process. `folder` is where the database's disk fills up."""

    def __init__(self, pulses: Sequence[Pulse], clockwork: Pulse, folder: Path) -> None:
        self.pulses = pulses
        self.clockwork = clockwork  # heard whenever it has ticked
        self.lag = Lag()
        self.looked_at = time.monotonic()
        self._folder = folder

    def free_megabytes(self) -> int:
        """What is left on the database's disk."""
        folder = self._folder
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free // 2**20

    def troubles(self) -> list[Trouble]:
        """Everything that is wrong or worth saying, most telling first."""
        found = [trouble for pulse in self.pulses for trouble in _of_platform(pulse)]
        found += _of_clock(self.clockwork)
        free = self.free_megabytes()
        if free < LEAST_DISK:
            words = f"disk: only {free} MB free. Free some space"
            found.append(Trouble(words, Alarm("disk", megabytes=free)))
        if self.lag.worst > STANDSTILL:
            found.append(Trouble(f"program: stood still for {self.lag.worst:.0f} seconds"))
        if (blind := time.monotonic() - self.looked_at) > UNSEEN:
            words = f"database: no answer for {blind:.0f} seconds"
            found.append(Trouble(words, restart=True))
        return found

    async def report(self) -> dict[str, object]:
        """What /healthz shows."""
        troubles = self.troubles()
        return {
            "ok": not any(trouble.ill for trouble in troubles),
            "wrong": [trouble.words for trouble in troubles if trouble.ill],
            "notes": [trouble.words for trouble in troubles if not trouble.ill],
            "platforms": {pulse.name: _shown(pulse) for pulse in self.pulses},
            "clock": _shown(self.clockwork),
            "loop_lag_ms": round(self.lag.worst * 1000),
            "free_disk_mb": self.free_megabytes(),
        }

    def status(self) -> str:
        """One line for the supervisor."""
        states = ", ".join(f"{pulse.name}: {pulse.state}" for pulse in self.pulses)
        wrong = [trouble.words for trouble in self.troubles()]
        return "; ".join([states, *wrong])


def _of_platform(pulse: Pulse) -> Iterator[Trouble]:
    if pulse.fault is not None:
        yield Trouble(f"{pulse.name}: {pulse.fault}")
        return
    if pulse.state is State.STANDING_BY:
        return
    silent = time.monotonic() - (pulse.heard_at or pulse.since)
    if silent > SILENT:
        long = silent > SILENT_FOR_LONG
        alarm = Alarm("silent", pulse.name, minutes=int(silent // 60)) if long else None
        # An outage of the service is not cured by restarting; a connection that hangs may be.
        yield Trouble(f"{pulse.name}: no answer for {silent:.0f} seconds", alarm, restart=long)
    yield from _of_line(pulse)


def _of_line(pulse: Pulse) -> Iterator[Trouble]:
    frozen = pulse.frozen_for()
    if frozen > 0:
        alarm = Alarm("flood", pulse.name, minutes=-int(-frozen // 60))
        words = f"{pulse.name}: the service asked for a pause of {frozen:.0f} more seconds"
        yield Trouble(words, alarm if frozen > FROZEN else None, ill=False)
        return
    waiting = time.monotonic() - pulse.first_since if pulse.first else 0.0
    if waiting > STUCK:
        alarm = Alarm("stuck", pulse.name, minutes=int(waiting // 60))
        words = f"{pulse.name}: the first message in line has been due for {waiting:.0f} seconds"
        yield Trouble(words, alarm, restart=True)


def _of_clock(pulse: Pulse) -> Iterator[Trouble]:
    if pulse.state is State.STANDING_BY:
        return
    late = time.monotonic() - (pulse.heard_at or pulse.since)
    if late > NO_TICK:
        yield Trouble(f"clock: no tick for {late:.0f} seconds", restart=True)


def _shown(pulse: Pulse) -> dict[str, object]:
    now = time.monotonic()
    shown: dict[str, object] = {"state": str(pulse.state)}
    if pulse.state is State.CARRYING:
        heard = None if pulse.heard_at is None else round(now - pulse.heard_at, 1)
        shown["seconds_since_heard"] = heard
        shown["first_waiting_seconds"] = round(now - pulse.first_since) if pulse.first else 0
        shown["frozen_seconds"] = round(pulse.frozen_for())
    return shown
