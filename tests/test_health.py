"""What /healthz, the supervisor and the organisers hear when something is not well."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.alarms import Alarms
from bot.health import Health, Pulse, State
from bot.platforms.base import Platform, Unusable
from bot.platforms.local import Local
from bot.systemd import Supervisor
from handlers.alarms import Alarm
from handlers.message import plain
from storage.backlog import First
from storage.database import Database
from storage.trouble import trouble_of
from tests.people import World


@pytest.fixture
def health(tmp_path: Path) -> Health:
    clockwork, telegram = Pulse("clock"), Pulse("telegram")
    for pulse in (clockwork, telegram):
        pulse.move_to(State.CARRYING)
        pulse.heard()
    return Health([telegram], clockwork, tmp_path)


def _long_ago(seconds: float) -> float:
    return time.monotonic() - seconds


async def test_all_is_well(health: Health) -> None:
    report = await health.report()

    assert report["ok"] is True
    assert report["wrong"] == []


@pytest.mark.parametrize(
    ("part", "words", "restart"),
    [
        ("silent", "telegram: no answer for 100 seconds", 0),
        ("stuck", "telegram: the first message in line has been due for 400 seconds", 1),
        ("clock", "clock: no tick for 40 seconds", 1),
        ("blind", "database: no answer for 70 seconds", 1),
        ("lag", "program: stood still for 7 seconds", 0),
        ("fault", "telegram: It is refused. Get another.", 0),
    ],
)
async def test_what_is_wrong_is_said_in_words(
    health: Health, part: str, words: str, restart: int
) -> None:
    telegram = health.pulses[0]
    match part:
        case "silent":
            telegram.heard_at = _long_ago(100)
        case "stuck":
            telegram.first, telegram.first_since = First(1, 0), _long_ago(400)
        case "clock":
            health.clockwork.heard_at = _long_ago(40)
        case "blind":
            health.looked_at = _long_ago(70)
        case "lag":
            health.lag.note(7)
        case "fault":
            telegram.fault = Unusable("It is refused.", "Get another.")
    report = await health.report()

    assert report["ok"] is False
    assert report["wrong"] == [words]
    assert sum(trouble.restart for trouble in health.troubles()) == restart


async def test_a_flood_wait_is_said_and_no_illness(health: Health) -> None:
    telegram = health.pulses[0]
    telegram.first, telegram.first_since = First(1, 0), _long_ago(400)
    telegram.frozen_for = lambda: 600.0
    report = await health.report()

    assert report["ok"] is True
    assert report["notes"] == ["telegram: the service asked for a pause of 600 more seconds"]
    assert [trouble.alarm for trouble in health.troubles()] == [
        Alarm("flood", "telegram", minutes=10)
    ]


async def test_who_stands_by_need_hear_nothing(health: Health) -> None:
    for pulse in (health.pulses[0], health.clockwork):
        pulse.move_to(State.STANDING_BY)
        pulse.since = _long_ago(1000)

    assert (await health.report())["ok"] is True


async def test_a_standstill_of_the_loop_is_measured(health: Health) -> None:
    measuring = asyncio.create_task(health.lag.run(step=0.01))
    await asyncio.sleep(0.05)
    time.sleep(0.4)  # noqa: ASYNC251 - standing still is what is tested
    await asyncio.sleep(0.05)
    measuring.cancel()

    assert health.lag.worst >= 0.3


def test_the_supervisor_hears_beats_only_while_alive(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(address)
        line.settimeout(5)
        supervisor = Supervisor({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"})
        supervisor.ready()
        supervisor.status("well", alive=True)
        supervisor.status("stuck", alive=False)
        supervisor.stopping()
        heard = [line.recv(1000).decode() for _ in range(4)]

    assert heard == ["READY=1", "STATUS=well\nWATCHDOG=1", "STATUS=stuck", "STOPPING=1"]


def test_without_a_supervisor_nothing_is_said() -> None:
    Supervisor({}).ready()


# ------------------------------------------------------------------------------- alarms


def _alarms(database: Database, voices: Sequence[Platform], folder: Path) -> Alarms:
    return Alarms(database, lambda: voices, noted=folder / "alarms", clock=lambda: 1_790_000_000)


async def test_an_alarm_is_told_once_in_the_readers_language(
    database: Database, tmp_path: Path
) -> None:
    world = World(database)
    owner = await world.owner()
    await owner.says("/start")
    await owner.says("/language ru")
    for _ in range(2):  # a process that is started again remembers it too
        await _alarms(database, (), tmp_path).raise_(Alarm("refused", "telegram"))

    (told,) = await owner.listens()
    assert "Telegram: учётную запись бота больше не принимают" in plain(told)


async def test_a_broken_platform_is_not_asked_to_carry_its_own_alarm(
    database: Database, tmp_path: Path
) -> None:
    world = World(database)
    owner = await world.owner()
    await owner.says("/start")
    await _alarms(database, (), tmp_path).raise_(Alarm("refused", "local"))

    assert await owner.listens() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("pragma", "trouble", "words"),
    [
        ("query_only=ON", "readonly", "database can no longer be written"),
        ("max_page_count=1", "full", "disk is full"),
    ],
)
async def test_a_database_that_takes_nothing_is_told_past_it(  # noqa: PLR0917 - fixtures
    database: Database,
    database_url: str,
    tmp_path: Path,
    pragma: str,
    trouble: str,
    words: str,
) -> None:
    world = World(database)
    owner = await world.owner()
    await owner.says("/start")
    async with database.writer.connect() as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.execute(f"PRAGMA {pragma}")  # type: ignore[union-attr]
    with pytest.raises(OperationalError) as failed:
        await _fill(database)
    assert trouble_of(failed.value) == trouble

    voice = Local(Database(f"sqlite:///{tmp_path}/voice.db", database.vault))
    said: list[str] = []

    class Voice:
        name = "local"
        split = staticmethod(voice.split)

        async def send(self, address: str, message: object, *, key: str) -> str:
            said.append(f"{address}: {plain(message)}")  # type: ignore[arg-type]
            return key

    for _ in range(2):  # started again at once: it is not told again
        alarms = _alarms(database, [cast("Platform", Voice())], tmp_path)
        await alarms.remember()
        await alarms.part_failed(failed.value)

    assert len(said) == 1
    assert words in said[0]
    assert said[0].startswith("owner: ")


async def _fill(database: Database) -> None:
    """Write until no page is left."""
    for number in range(1000):
        async with database.write() as session:
            await session.execute(
                text(
                    "INSERT INTO keepsakes (owner, name, value) VALUES ('t', :n, zeroblob(9000))"
                ),
                {"n": str(number)},
            )
