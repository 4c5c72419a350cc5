"""A homeserver knows a repeated message again for a day, and no longer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.platforms.matrix import Matrix
from handlers import casebook, docket
from handlers.campaign import Hearing
from handlers.message import Event
from storage import outbox
from storage.database import Database
from storage.models import Delivery, DeliveryState
from tests.fakes.matrix_bot import Bot
from tests.fakes.proxy import FaultyProxy
from tests.fakes.synapse import Homeserver, MatrixPerson
from tests.line import Line
from tests.people import World, sample

HOUR = 3600
MARK = "You may have received this message already."
SENDING = "/send/m.room.message"


@pytest.fixture
async def proxy(homeserver: Homeserver) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(homeserver.url) as proxy:
        yield proxy


@pytest.fixture
async def room(
    homeserver: Homeserver, proxy: FaultyProxy, aigerim: MatrixPerson, tmp_path: Path
) -> AsyncIterator[tuple[Matrix, str]]:
    bot = Bot(proxy.url, await homeserver.register("tocsin"), tmp_path / "bot")
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        yield matrix, room


@pytest.fixture
async def line(database: Database, room: tuple[Matrix, str]) -> Line:
    matrix, _ = room
    world = World(database, platform="matrix")
    await world.knows(sample())
    return Line(world, matrix)


@pytest.mark.parametrize(("hours", "marked"), [(22, False), (24, True)])
async def test_what_is_in_doubt_for_a_day_says_that_it_may_be_a_repeat(
    line: Line,
    room: tuple[Matrix, str],
    aigerim: MatrixPerson,
    proxy: FaultyProxy,
    *,
    hours: int,
    marked: bool,
) -> None:
    (number,) = await line.queue(room[1], "hello")
    proxy.fail(SENDING, "cut before", times=2)  # the client tries twice
    async with line.running():
        await line.tried(number)
        proxy.fail(SENDING, (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "wait"}))
        line.later(10)  # known not to have arrived; the doubt before it remains
        await line.until(lambda: _says(line, number, "limits the rate"))
    line.later(hours * HOUR)
    async with line.running():
        await line.settled(number)

    assert (MARK in (await aigerim.hears(room[1], "hello")).body) is marked


async def test_so_does_what_was_on_its_way_when_the_program_died_a_day_ago(
    line: Line, room: tuple[Matrix, str], aigerim: MatrixPerson
) -> None:
    await line.queue(room[1], "hello")
    async with line.database.write() as session:
        await outbox.claim(session, "matrix", line.world.now, replies=1, notices=0)
    line.later(24 * HOUR)
    (later,) = await line.queue(room[1], "later")
    async with line.running():
        await line.settled(later)
    await aigerim.hears(room[1], "later")

    assert [MARK in heard.body for heard in aigerim.heard(room[1])] == [True, False]


async def test_what_was_only_kept_waiting_for_a_day_is_no_repeat(
    line: Line, room: tuple[Matrix, str], aigerim: MatrixPerson, proxy: FaultyProxy
) -> None:
    (number,) = await line.queue(room[1], "hello")
    proxy.fail(SENDING, (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "wait"}))
    async with line.running():
        await line.tried(number)
    line.later(24 * HOUR)
    async with line.running():
        await line.settled(number)

    assert MARK not in (await aigerim.hears(room[1], "hello")).body


async def test_a_reminder_in_doubt_for_a_day_is_held_for_an_organiser(
    line: Line, room: tuple[Matrix, str], proxy: FaultyProxy
) -> None:
    await line.world.person(room[1]).says("/subscribe all")
    async with line.database.write() as session:
        dossier = await casebook.find(session, "bokayev-ayan", "en")
        await docket.announce(session, dossier, HEARING, line.world.now)
    await line.world.tick()
    proxy.fail(SENDING, "cut before", times=2)
    async with line.running():
        await line.until(lambda: _says_any(line, "the answer was lost"))
    line.later(24 * HOUR)
    async with line.running():
        await line.until(lambda: _is_held(line))


HEARING = Hearing(
    id="at-half-past-ten",
    court={"en": "Atyrau City Court No. 2"},
    city={"en": "Atyrau"},
    local="2026-09-22T10:30",
    timezone="Asia/Atyrau",
)


async def _says(line: Line, number: int, error: str) -> bool:
    return error in (await line.row(number)).error


async def _says_any(line: Line, error: str) -> bool:
    async with line.database.read() as session:
        return any(error in said for said in await session.scalars(select(Delivery.error)))


async def _is_held(line: Line) -> bool:
    return await line.world.rows(DeliveryState.HELD) == 1
