"""Matrix behind a line that breaks: logging in, taking up the device, the first keys, joining.

Each cell is a start of its own; those not listed here are in tests/slow.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path

import nio
import pytest
from hypothesis import HealthCheck, given, settings

from bot.platforms.base import PlatformError, Unusable
from bot.platforms.matrix import Matrix
from handlers.message import Event
from storage.database import Database
from storage.models import DeliveryState, SubscriberState
from tests.fakes.faulty import FaultyWire
from tests.fakes.matrix_bot import Bot, deliver, message, wait_until
from tests.fakes.synapse import Homeserver, MatrixPerson
from tests.faults import HARMLESS, says
from tests.line import Line
from tests.matrix_talk import ALL, IMPATIENT, QUICK, Talk, limit
from tests.people import World
from tests.test_faults_telegram_calls import bodies, statuses

FIRST_KEYS = (
    "/keys/query",
    "/keys/upload",
    "/keys/device_signing/upload",
    "/keys/signatures/upload",
)


@pytest.fixture
async def wire(homeserver: Homeserver) -> AsyncIterator[FaultyWire]:
    async with FaultyWire(homeserver.url) as wire:
        yield wire


@pytest.fixture
async def bot(homeserver: Homeserver, wire: FaultyWire, tmp_path: Path) -> Bot:
    bot = Bot(wire.url, await homeserver.register("tocsin"), tmp_path / "bot")
    bot.patience = IMPATIENT
    return bot


@pytest.mark.parametrize("fault", QUICK)
async def test_a_login_that_fails_says_why_and_leaves_one_device_in_the_end(
    bot: Bot, wire: FaultyWire, fault: str
) -> None:
    if fault not in HARMLESS:
        ALL[fault](wire, "/login")
        with pytest.raises(Unusable, match="homeserver"):
            await bot.platform().__aenter__()
    async with bot.running() as matrix:
        await bot.follows()
        answer = await matrix._client.devices()

    assert isinstance(answer, nio.DevicesResponse)
    devices = {device.id for device in answer.devices}
    assert matrix._device.device_id in devices
    assert len(devices) == 2  # ours, and the one that registering made


@pytest.mark.parametrize("fault", QUICK)
async def test_a_kept_device_starts_though_nobody_says_who_it_is(
    bot: Bot, wire: FaultyWire, aigerim: MatrixPerson, fault: str
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        device = matrix._device.device_id
    broken = ALL[fault](wire, "/whoami")
    broken.times = 2

    async with bot.running() as matrix:
        await aigerim.writes(room, "hello")
        await bot.gets("hello")
        await deliver(matrix, room, message("hello to you"), "1")

    assert broken.hits >= 1
    assert matrix._device.device_id == device
    assert (await aigerim.hears(room, "hello to you")).encrypted


async def test_a_gateways_no_is_not_the_homeservers(bot: Bot, wire: FaultyWire) -> None:
    says(200, {})(wire, "/whoami")

    with pytest.raises(Unusable) as stopped:
        await bot.platform(access_token="syt_x").__aenter__()

    assert "another account" not in str(stopped.value)


@pytest.mark.parametrize("step", FIRST_KEYS)
@pytest.mark.parametrize("fault", QUICK)
async def test_a_start_goes_on_until_the_device_has_its_keys(
    bot: Bot, wire: FaultyWire, aigerim: MatrixPerson, step: str, fault: str
) -> None:
    broken = ALL[fault](wire, step)

    async with bot.running() as matrix:
        await matrix._sync.ready.wait()
        room = await aigerim.talks_to(bot.user_id)
        await aigerim.writes(room, "sealed")
        await bot.gets("sealed")
        await deliver(matrix, room, message("sealed too"), "1")

    assert broken.hits == 1
    assert (await aigerim.hears(room, "sealed too")).encrypted
    assert not aigerim.unreadable(room)


@pytest.mark.parametrize("fault", QUICK)
async def test_a_room_is_joined_in_the_end(
    bot: Bot, wire: FaultyWire, aigerim: MatrixPerson, fault: str
) -> None:
    broken = ALL[fault](wire, "/join/")
    long = fault == "429 of three hours"
    broken.times = 1 if long else 2
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.opens_room(invite=[bot.user_id], encrypted=True, direct=True)
        await wait_until(lambda: broken.hits > 0)
        if long:
            await _is_left_alone(matrix, room)
        await aigerim.sees_member(room, bot.user_id)
        await bot.gets(Event.ADDED)


async def _is_left_alone(matrix: Matrix, room: str) -> None:
    """A limit is kept to; then it is over."""
    invitations = matrix._invitations
    now = asyncio.get_running_loop().time
    await wait_until(lambda: invitations._not_before.get(room, 0) > now() + 3 * 3600 - 60)
    invitations._not_before.clear()
    invitations.answer()


async def test_failing_joins_do_not_use_up_the_hours_number(
    bot: Bot, wire: FaultyWire, aigerim: MatrixPerson
) -> None:
    bot.patience = replace(bot.patience, join_again=1.0)
    async with bot.running():
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        failing = says(502, b"<html>", "text/html")(wire, "/join/")
        failing.times = 1000
        await aigerim.opens_room(invite=[bot.user_id], direct=True)
        for number in range(20):
            await aigerim.writes(room, f"word {number}")
            await bot.gets(f"word {number}")
        syncs = sum("/sync" in path for path in wire.paths)

    assert syncs > 20
    assert 1 <= failing.hits < 20


# ------------------------------------------------------------------------- through the relay


@pytest.mark.parametrize("fault", ["reset after", "stall before", "truncated JSON", "502 HTML"])
async def test_a_doubtful_delivery_goes_again_under_its_key_and_is_not_marked(
    database: Database, bot: Bot, wire: FaultyWire, aigerim: MatrixPerson, fault: str
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        line = Line(World(database, platform="matrix"), matrix)
        broken = ALL[fault](wire, "/send/m.room.encrypted")
        broken.times = 2 if fault.startswith("reset") else 1
        first, second = await line.queue(room, "first", "second")
        async with line.running():
            doubted = await line.tried(first)
            assert (doubted.state, doubted.repeat) == (DeliveryState.PENDING, False)
            line.later(60)
            rows = await line.settled(first, second)

    assert [row.state for row in rows] == [DeliveryState.SENT] * 2
    await aigerim.hears(room, "second")
    assert [heard.body for heard in aigerim.heard(room)] == ["first", "second"]
    assert [heard.event_id for heard in aigerim.heard(room)] == [row.refs for row in rows]


async def test_a_limit_pauses_the_account_and_a_left_room_is_gone(
    database: Database, bot: Bot, wire: FaultyWire, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        line = Line(World(database, platform="matrix"), matrix)
        limit(3 * 3600)(wire, "/send/m.room.encrypted")
        (number,) = await line.queue(room, "news")
        async with line.running():
            row = await line.tried(number)
            assert (row.state, row.repeat) == (DeliveryState.PENDING, False)
            assert row.due_at >= line.world.now + 3 * 3600
        await aigerim.client.room_leave(room)
        await bot.gets(Event.REMOVED)
        line.later(3 * 3600 + 60)
        async with line.running():
            (row,) = await line.settled(number)

    assert row.state == DeliveryState.UNREACHABLE
    assert (await line.subscriber(room)).state == SubscriberState.GONE
    assert not aigerim.heard(room)


# ------------------------------------------------------------------------ answers of any kind


@pytest.mark.asyncio(loop_scope="module")
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(status=statuses, body=bodies)
async def test_whatever_is_answered_is_one_of_our_outcomes(
    talk: Talk, status: int, body: bytes
) -> None:
    matrix, room = talk.matrix, talk.room
    for path in ("/send/", "/redact/", "/relations/"):
        talk.wire.answer(path, status, body, times=1)

    outcomes = [
        await _outcome(matrix.send(room, message("x"), key=json.dumps([status, body.hex()]))),
        await _outcome(matrix.retract(room, "$" + "A" * 43)),
        await _outcome(matrix.edit(room, "$" + "A" * 43, message("y"), key=body.hex())),
    ]
    talk.wire.heal()

    assert all(it is None or isinstance(it, PlatformError) for it in outcomes)


async def _outcome(call: Awaitable[object]) -> Exception | None:
    try:
        await call
    except Exception as error:
        return error
    return None
