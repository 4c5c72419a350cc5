"""What is in doubt is looked for before it is repeated or held, where the operator wants it so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bot.pacer import Pace
from bot.platforms.telegram import Telegram
from handlers import casebook, docket
from handlers.campaign import Hearing
from handlers.message import Button, ChatKind, Copyable, Message
from storage import subscribers
from storage.database import Database
from storage.models import DeliveryState
from tests.fakes.telegram import BotApi, Limits
from tests.fakes.telegram_chats import Person
from tests.fakes.telegram_faults import When
from tests.line import Line
from tests.people import World, sample

MARK = "You may have received this message already."
LOOK = "stopMessageLiveLocation"


@pytest.fixture
async def telegram(telegram_server: BotApi) -> AsyncIterator[Telegram]:
    platform = Telegram(
        telegram_server.token, api_url=telegram_server.url, settle_doubts=True, doubts_after=0.05
    )
    async with platform:
        yield platform


@pytest.fixture
async def line(database: Database, telegram: Telegram) -> Line:
    """A relay that has just written to somebody, so that it knows where the numbers stand."""
    world = World(database, platform="telegram")
    await world.knows(sample())
    return Line(world, telegram)


@pytest.fixture
async def anna(telegram_server: BotApi, line: Line) -> Person:
    person = await _person(telegram_server)
    (number,) = await line.queue(str(person.id), "first")
    async with line.running():
        await line.settled(number)
    return person


async def _person(server: BotApi) -> Person:
    person = server.person()
    await person.writes("/start")
    return person


async def _delivered(line: Line, number: int) -> None:
    """Let the relay run until this is settled, however often it has to try."""
    async with line.running():
        async with asyncio.timeout(60):
            while not (await line.row(number)).settled_at:
                line.later(10)
                await asyncio.sleep(0.05)


async def test_what_has_arrived_is_settled_with_its_reference_and_not_repeated(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    (number,) = await line.queue(str(anna.id), "hello")
    telegram_server.drop("sendMessage", "after")

    await _delivered(line, number)

    row = await line.row(number)
    assert anna.chat.texts == ["first", "hello"]
    assert (row.state, row.error) == (DeliveryState.SENT, "")
    assert anna.chat.messages[int(row.refs)]["text"] == "hello"
    assert "edit_date" not in anna.chat.messages[int(row.refs)]


@pytest.mark.parametrize("when", ["before", "late"])
async def test_what_has_not_arrived_is_repeated_with_a_mark(
    line: Line, anna: Person, telegram_server: BotApi, when: When
) -> None:
    (number,) = await line.queue(str(anna.id), "hello")
    telegram_server.drop("sendMessage", when)

    await _delivered(line, number)

    assert telegram_server.asked[LOOK] > 0
    assert [MARK in text for text in anna.chat.texts] == [False, True]


async def test_nobody_is_asked_unless_the_operator_wants_it(
    database: Database, telegram_server: BotApi
) -> None:
    async with Telegram(telegram_server.token, api_url=telegram_server.url) as platform:
        line = Line(World(database, platform="telegram"), platform)
        anna = await _person(telegram_server)
        first, second = await line.queue(str(anna.id), "first", "hello")
        telegram_server.stall("sendMessage", 0)
        telegram_server.drop("sendMessage", "after")

        await _delivered(line, first)
        await _delivered(line, second)

    assert telegram_server.asked[LOOK] == 0
    assert anna.chat.texts[:2] == ["first", "hello"]
    assert MARK in anna.chat.texts[2]


async def test_buttons_and_all_parts_are_looked_for(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    buttons = ((Button("Stop", command="/unsubscribe"),),)
    blocks = (Copyable("a" * 3000), Copyable("b" * 3000))
    (number,) = await line.queue(str(anna.id), Message(blocks=blocks, buttons=buttons))
    telegram_server.drop("sendMessage", "after", times=2)

    await _delivered(line, number)

    assert [text[0] for text in anna.chat.texts] == ["f", "a", "b"]
    row = await line.row(number)
    assert row.refs.split("\n") == [str(it) for it in list(anna.chat.messages)[1:]]


async def test_it_is_found_among_what_others_get_and_write_meanwhile(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    others = [await _person(telegram_server) for _ in range(6)]
    await _delivered(line, (await line.queue(str(anna.id), "second"))[0])
    numbers = [(await line.queue(str(anna.id), "hello"))[0]]
    telegram_server.drop("sendMessage", "after")
    telegram_server.stall("sendMessage", 0.2, times=6)
    numbers += [(await line.queue(str(other.id), "hello"))[0] for other in others]

    async with line.running():
        await telegram_server.accepts(1)
        await anna.writes("Is anybody there?")
        telegram_server.skips(2)
        await line.settled(*numbers)

    assert anna.chat.texts == ["first", "second", "hello"]
    assert [other.chat.texts for other in others] == [["hello"]] * 6


async def test_what_the_reader_has_deleted_is_repeated(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    (number,) = await line.queue(str(anna.id), "hello")
    telegram_server.drop("sendMessage", "after")
    telegram_server.stall(LOOK, 0.5)

    async with line.running():
        await telegram_server.accepts(1)
        anna.chat.forget(max(anna.chat.messages))
        async with asyncio.timeout(60):
            while not (await line.row(number)).settled_at:
                line.later(10)
                await asyncio.sleep(0.05)

    assert [MARK in text for text in anna.chat.texts] == [False, True]


async def test_a_question_that_fails_leaves_the_doubt_and_is_not_asked_again(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    (number,) = await line.queue(str(anna.id), "hello")
    telegram_server.drop("sendMessage", "after")
    telegram_server.drop(LOOK, "after")

    await _delivered(line, number)

    assert telegram_server.asked[LOOK] == 1
    assert [MARK in text for text in anna.chat.texts] == [False, False, True]


async def test_a_flood_wait_met_while_asking_holds_for_everything(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    about = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 100"}
    flood = json.dumps({**about, "parameters": {"retry_after": 100}}).encode()
    (number,) = await line.queue(str(anna.id), "hello")
    telegram_server.drop("sendMessage", "after")
    telegram_server.fail(LOOK, 429, flood)

    async with line.running():
        row = await line.tried(number)
        assert line.relay.pacer.frozen_for > 90

    assert (row.state, row.repeat) == (DeliveryState.PENDING, True)


async def test_looking_keeps_to_the_limits(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    telegram_server.limits = Limits(per_second=30, per_chat=0.3)
    line.pace = Pace(per_second=25, per_chat=0.35)
    await asyncio.sleep(0.4)  # the limit for what anna got before has passed
    (number,) = await line.queue(str(anna.id), "hello")
    telegram_server.drop("sendMessage", "before")
    telegram_server.skips(5)

    async with line.running():
        await line.tried(number)

    assert telegram_server.asked[LOOK] > 1


async def test_groups_are_not_looked_at(line: Line, anna: Person, telegram_server: BotApi) -> None:
    group = telegram_server.group(supergroup=False)
    async with line.database.write() as session:
        await subscribers.meet(
            session, "telegram", str(group.id), kind=ChatKind.GROUP, now=line.world.now
        )
    (number,) = await line.queue(str(group.id), "hello")
    telegram_server.drop("sendMessage", "after")

    await _delivered(line, number)

    assert telegram_server.asked[LOOK] == 0
    assert len(group.texts) == 2


@pytest.mark.parametrize(
    ("when", "state"), [("after", DeliveryState.SENT), ("before", DeliveryState.HELD)]
)
async def test_a_reminder_is_held_only_if_it_is_not_found(
    line: Line, anna: Person, telegram_server: BotApi, when: When, state: DeliveryState
) -> None:
    await line.world.person(str(anna.id)).says("/subscribe all")
    await _announces_a_hearing(line)
    telegram_server.drop("sendMessage", when)

    async with line.running():
        await line.until(lambda: _none_waits(line))

    arrived = [text for text in anna.chat.texts if "Court hearing" in text]
    assert await line.world.rows(DeliveryState.HELD) == (1 if state == DeliveryState.HELD else 0)
    assert len(arrived) == (1 if state == DeliveryState.SENT else 0)
    assert not any(MARK in text for text in arrived)


async def _announces_a_hearing(line: Line) -> None:
    facts = Hearing(
        id="at-half-past-ten",
        court={"en": "Atyrau City Court No. 2"},
        city={"en": "Atyrau"},
        local="2026-09-22T10:30",
        timezone="Asia/Atyrau",
    )
    async with line.database.write() as session:
        dossier = await casebook.find(session, "bokayev-ayan", "en")
        await docket.announce(session, dossier, facts, line.world.now)
    await line.world.tick()


async def _none_waits(line: Line) -> bool:
    waiting = await line.world.rows(DeliveryState.PENDING)
    return waiting + await line.world.rows(DeliveryState.SENDING) == 0
