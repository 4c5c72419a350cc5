"""The relay on a real platform: what is queued arrives, once, in order, whatever breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.platforms.local import Local
from bot.platforms.telegram import Telegram
from bot.relay import WORKERS
from handlers.message import ChatKind, Copyable, Message, plain
from storage import keepsakes, notices, outbox, settling, subscribers
from storage.database import Database
from storage.models import Delivery, DeliveryState, Notice
from storage.notices import About
from storage.settling import Outcome
from tests.fakes.telegram import BotApi
from tests.fakes.telegram_chats import Person
from tests.line import Line
from tests.people import Person as Someone
from tests.people import World, sample

FLOOD = (
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after %d",'
    b'"parameters":{"retry_after":%d}}'
)
BAD = b'{"ok":false,"error_code":400,"description":"Bad Request: can\'t parse entities"}'
HEADLINE = "Trial opens tomorrow"
REPEATED = "You may have received this message already."
ALERT = f"/alert bokayev-ayan {HEADLINE}\nIt was announced only now."


def _long(*letters: str) -> Message:
    """A message of as many parts."""
    return Message(blocks=tuple(Copyable(letter * 3000) for letter in letters))


@pytest.fixture
async def line(database: Database, telegram_server: BotApi) -> AsyncIterator[Line]:
    """A relay to the fake Telegram, in a world that knows the sample campaign."""
    world = World(database, platform="telegram")
    await world.knows(sample())
    async with Telegram(telegram_server.token, api_url=telegram_server.url) as telegram:
        yield Line(world, telegram)


@pytest.fixture
async def anna(telegram_server: BotApi) -> Person:
    return await _person(telegram_server)


async def _person(server: BotApi) -> Person:
    person = server.person()
    await person.writes("/start")
    return person


async def _followers(line: Line, server: BotApi, count: int) -> list[Person]:
    """People who follow everything, oldest subscription first."""
    people = [await _person(server) for _ in range(count)]
    async with line.database.write() as session:
        for person in people:
            row = await subscribers.meet(
                session, "telegram", str(person.id), kind=ChatKind.PRIVATE, now=line.world.now
            )
            row.language, row.country = "en", "GB"
            await subscribers.follow(session, row, "all", "")
    return people


async def _owner(line: Line, server: BotApi) -> tuple[Someone, Person]:
    """The owner as the dispatcher knows them, and as somebody on Telegram."""
    person = await _person(server)
    await line.world.owner(str(person.id))
    return line.world.person(str(person.id)), person


async def _says(line: Line, someone: Someone, text: str) -> None:
    """They write; the answer goes through the relay."""
    about = {"event_id": line.world.next_event(), "sent_at": line.world.now, "text": text}
    request = replace(someone.usual, **about)  # type: ignore[arg-type]
    await line.world.intake.receiver("telegram")([request], None)
    while await line.world.intake.handle_next("telegram"):
        pass
    line.bell.ring()


async def _tick(line: Line) -> None:
    await line.world.tick(1)
    line.bell.ring()


# ------------------------------------------------------------------------------- it arrives


async def test_what_is_delivered_is_settled_and_keeps_its_reference(
    line: Line, anna: Person
) -> None:
    (number,) = await line.queue(str(anna.id), "hello")

    async with line.running():
        (row,) = await line.settled(number)

    assert (row.state, row.body, row.error) == (DeliveryState.SENT, None, "")
    assert anna.chat.messages[int(row.refs)]["text"] == "hello"


async def test_in_the_built_in_chat_it_is_the_same(database: Database) -> None:
    local = Local(database)
    line = Line(World(database), local)
    numbers = await line.queue("london", "one", "two")

    async with line.running():
        rows = await line.settled(*numbers)

    shown = [await local.message("london", row.refs) for row in rows]
    assert [plain(message) for message in shown if message] == ["one", "two"]


async def test_every_part_of_a_long_message_keeps_its_reference(line: Line, anna: Person) -> None:
    (number,) = await line.queue(str(anna.id), _long("a", "b", "c"))

    async with line.running():
        (row,) = await line.settled(number)

    assert [text[0] for text in anna.chat.texts] == ["a", "b", "c"]
    assert row.refs.split("\n") == [str(ref) for ref in anna.chat.messages]


async def test_messages_of_one_chat_keep_their_order(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    boris = await _person(telegram_server)
    texts = [str(n) for n in range(12)]
    numbers = [*await line.queue(str(anna.id), *texts), *await line.queue(str(boris.id), *texts)]

    async with line.running():
        await line.settled(*numbers)

    assert anna.chat.texts == boris.chat.texts == texts


async def test_the_last_word_after_forget_waits_for_what_is_on_its_way(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    await line.queue(str(anna.id), "first")
    telegram_server.stall("sendMessage", 1, times=1)

    async with line.running():
        await line.until(lambda: _in_flight(line, 1))
        await _says(line, line.world.person(str(anna.id)), "/forget yes")
        await anna.hears("is erased")

    assert [text.split()[0] for text in anna.chat.texts] == ["first", "Everything"]


@pytest.mark.parametrize("fault", [{"status": 429, "body": FLOOD % (1, 1)}, {"status": 502}])
async def test_a_message_that_waits_is_not_overtaken(
    line: Line, anna: Person, telegram_server: BotApi, fault: dict[str, Any]
) -> None:
    telegram_server.fail("sendMessage", **fault)
    first, second = await line.queue(str(anna.id), "first", "second")

    async with line.running():
        await line.tried(first)
        line.later(10)
        await line.settled(first, second)

    assert [text.split("\n")[-1] for text in anna.chat.texts] == ["first", "second"]


async def test_a_doubtful_part_is_marked_without_moving_the_others(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    (number,) = await line.queue(str(anna.id), _long("a", "b"))
    telegram_server.drop("sendMessage", "after")

    async with line.running():
        await line.tried(number)
        line.later(10)
        await line.settled(number)

    texts = anna.chat.texts
    assert [text[-1] for text in texts] == ["a", "a", "b"]
    assert texts[1].startswith(REPEATED)
    assert texts[1].endswith(texts[0])
    assert not texts[2].startswith(REPEATED)


# ---------------------------------------------------------------------------------- priorities


async def test_a_reply_does_not_wait_for_a_broadcast(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    people = await _followers(line, telegram_server, 20)
    owner, _ = await _owner(line, telegram_server)
    await _goes_out(line, owner)

    async with line.running():
        await people[0].hears(HEADLINE)  # the sample has it: now the many are served
        telegram_server.stall("sendMessage", 3, times=6)
        await line.until(lambda: _in_flight(line, 6))
        await line.queue(str(anna.id), "reply")
        await anna.hears("reply")

    without = [person for person in people if HEADLINE not in "".join(person.chat.texts)]
    assert len(without) >= 6


async def test_never_more_in_flight_than_may_be_doubtful(
    line: Line, telegram_server: BotApi
) -> None:
    telegram_server.stall("sendMessage", 1, times=20)
    for _ in range(20):
        await line.queue(str((await _person(telegram_server)).id), "hello")

    async with line.running():
        await line.until(lambda: _in_flight(line, WORKERS))
        assert await line.world.rows(DeliveryState.SENDING) == WORKERS


async def _in_flight(line: Line, count: int) -> bool:
    return await line.world.rows(DeliveryState.SENDING) >= count


# ------------------------------------------------------------------------------ flood control


async def test_after_a_flood_wait_everything_goes_on_and_nothing_is_marked(
    line: Line, telegram_server: BotApi
) -> None:
    people = [await _person(telegram_server) for _ in range(6)]
    telegram_server.fail("sendMessage", status=429, body=FLOOD % (1, 1), times=2)
    numbers = [(await line.queue(str(person.id), "hello"))[0] for person in people]

    async with line.running():
        await line.until(lambda: _frozen(line))
        await line.until(lambda: _settled_in_time(line, numbers))

    assert [person.chat.texts for person in people] == [["hello"]] * 6


async def test_a_flood_wait_of_hours_leaves_nothing_in_flight_and_outlives_a_restart(
    line: Line, anna: Person, telegram_server: BotApi
) -> None:
    telegram_server.fail("sendMessage", status=429, body=FLOOD % (10800, 10800))
    (number,) = await line.queue(str(anna.id), "hello")
    async with line.running():
        row = await line.tried(number)
        await line.queue(str(anna.id), "another")
        line.later(1)
        assert 10_700 < line.relay.pacer.frozen_for < 10_900
    assert row.state == DeliveryState.PENDING
    assert row.due_at >= line.world.now + 10_700
    assert await line.world.rows(DeliveryState.SENDING) == 0

    async with line.database.read() as session:
        until = await keepsakes.load(session, "telegram", "frozen until")
    restarted = Line(line.world, line.platform)
    async with restarted.running():
        await restarted.until(lambda: _frozen(restarted))

    assert int(until or 0) > line.world.now + 10_000
    assert anna.chat.texts == []


async def _settled_in_time(line: Line, numbers: list[int]) -> bool:
    line.later(1)
    return all([(await line.row(number)).settled_at for number in numbers])


async def _frozen(line: Line) -> bool:
    return line.relay.pacer.frozen_for > 0


# ---------------------------------------------------------------------------- poisoned content


async def test_a_poisoned_alert_is_paused_after_three_and_an_organiser_decides(
    line: Line, telegram_server: BotApi
) -> None:
    people = await _followers(line, telegram_server, 10)
    owner, boss = await _owner(line, telegram_server)
    await _goes_out(line, owner)
    telegram_server.stall("sendMessage", 0, times=1)  # the progress message is fine
    telegram_server.fail("sendMessage", status=400, body=BAD, times=3)

    async with line.running():
        said = await boss.hears("is paused")
        assert "3 of 3 messages were refused" in said["text"]
        assert await line.world.rows(DeliveryState.REJECTED) == 3
        number = await _newest_notice(line)
        await _says(line, owner, f"/continue {number}")
        await boss.hears("goes on")
        await line.until(lambda: _all_quiet(line))

    has_it = [person for person in people if HEADLINE in "".join(person.chat.texts)]
    assert len(has_it) == 7


async def test_the_rest_of_a_poisoned_alert_can_be_taken_back(
    line: Line, telegram_server: BotApi
) -> None:
    await _followers(line, telegram_server, 10)
    owner, boss = await _owner(line, telegram_server)
    await _goes_out(line, owner)
    telegram_server.stall("sendMessage", 0, times=1)  # the progress message is fine
    telegram_server.fail("sendMessage", status=400, body=BAD, times=3)

    async with line.running():
        await boss.hears("is paused")
        await _says(line, owner, f"/discard {await _newest_notice(line)}")
        await boss.hears("7 messages are taken back")

    assert await line.world.rows(DeliveryState.CANCELLED) == 7


# ------------------------------------------------------------------- corrections, retractions


async def test_a_correction_changes_every_copy_and_reaches_who_had_none(
    line: Line, telegram_server: BotApi
) -> None:
    people = await _followers(line, telegram_server, 3)
    owner, boss = await _owner(line, telegram_server)
    await _goes_out(line, owner)

    async with line.running():
        for person in people:
            await person.hears("It was announced only now")
        await _until_done(line, boss)
        before = [set(person.chat.messages) for person in people]
        await _says(line, owner, "/correct 1 Trial opens on Friday\nThe court has moved it.")
        await boss.hears("Stands in place of alert 1")
        newcomer = (await _followers(line, telegram_server, 1))[0]
        await _says(line, owner, "/send 2")
        for person in (*people, newcomer):
            await person.hears("Trial opens on Friday")
            await person.hears("The court has moved it.")
        await _tick(line)

    for person, messages in zip(people, before, strict=True):
        assert HEADLINE not in "".join(person.chat.texts)
        assert messages <= set(person.chat.messages)  # changed, not sent again


async def test_a_retraction_takes_every_part_back_and_says_why(
    line: Line, telegram_server: BotApi
) -> None:
    people = await _followers(line, telegram_server, 3)
    owner, boss = await _owner(line, telegram_server)
    await _goes_out(line, owner)

    async with line.running():
        for person in people:
            await person.hears("It was announced only now")
        await _until_done(line, boss)
        await _says(line, owner, "/retract 1 The court has denied the report.")
        await boss.hears("being taken back from 3 readers")
        for person in people:
            await person.hears("Why: The court has denied the report.")

    for person in people:
        (left,) = person.chat.texts
        assert "Withdrawn" in left
    assert "taken back already" in await _answer(line, owner, boss, "/retract 1 again")


async def test_a_closed_case_changes_every_copy_and_takes_its_buttons_away(
    line: Line, telegram_server: BotApi
) -> None:
    people = await _followers(line, telegram_server, 3)
    owner, boss = await _owner(line, telegram_server)
    await _goes_out(line, owner)

    async with line.running():
        for person in people:
            await person.hears("It was announced only now")
        await _until_done(line, boss)
        assert all(any(_buttons(person)) for person in people)
        before = [set(person.chat.messages) for person in people]
        await _says(line, owner, "/close bokayev-ayan freed")
        await boss.hears("3 copies are being changed")
        for person in people:
            await person.hears("This stands in place of what you were sent before")
            await person.hears("Thank you to everybody who did")
        await line.until(lambda: _all_quiet(line))

    for person, messages in zip(people, before, strict=True):
        changed, news = person.chat.texts
        assert "Released" in changed
        assert HEADLINE not in changed + news
        assert len(messages & set(person.chat.messages)) == 1  # changed where it stood
        assert not any(_buttons(person))


def _buttons(person: Person) -> list[object]:
    return [it.get("reply_markup") for it in person.chat.messages.values()]


async def test_a_retraction_in_mid_broadcast_stops_the_rest(
    line: Line, telegram_server: BotApi
) -> None:
    people = await _followers(line, telegram_server, 8)
    owner, boss = await _owner(line, telegram_server)
    await _goes_out(line, owner)

    async with line.running():
        await people[0].hears(HEADLINE)
        telegram_server.stall("sendMessage", 1.0, times=7)
        await _says(line, owner, "/retract 1 -")
        await boss.hears("taken back")
        await line.until(lambda: _all_quiet(line))

    for person in people:
        assert HEADLINE not in "".join(
            text for text in person.chat.texts if "Withdrawn" not in text
        )


async def test_after_a_crash_a_change_goes_again_without_a_mark(line: Line, anna: Person) -> None:
    async with line.running():
        (sent,) = await line.settled(*await line.queue(str(anna.id), "hello"))
    (change,) = await line.queue(str(anna.id), "changed", edits_ref=sent.refs)
    await _claim(line)  # and the program dies

    async with line.running():
        await line.settled(change)

    assert anna.chat.texts == ["changed"]


async def test_after_a_crash_the_words_in_place_of_an_alert_may_be_a_repeat(
    line: Line, telegram_server: BotApi
) -> None:
    (anna,) = await _followers(line, telegram_server, 1)
    owner, boss = await _owner(line, telegram_server)
    await _goes_out(line, owner)
    async with line.running():
        await _until_done(line, boss)
    await _says(line, owner, "/retract 1 It was wrong.")
    while (claim := await _claim(line)).part < len(claim.edits):
        taken_back = Outcome(claim, DeliveryState.PENDING, done=True)
        async with line.database.write() as session:
            await settling.settle(session, [taken_back], line.world.now)

    async with line.running():
        said = await anna.hears("Why: It was wrong.")

    assert said["text"].startswith(REPEATED)


async def test_what_is_too_old_to_delete_is_changed_instead(
    line: Line, telegram_server: BotApi
) -> None:
    (anna,) = await _followers(line, telegram_server, 1)
    owner, boss = await _owner(line, telegram_server)
    await _goes_out(line, owner)
    async with line.running():
        await anna.hears("It was announced only now")
        await _until_done(line, boss)
        real = telegram_server.clock
        telegram_server.clock = lambda: real() + 49 * 3600
        await _says(line, owner, "/retract 1 It was wrong.")
        await anna.hears("Why: It was wrong.")
        await line.until(lambda: _all_quiet(line))

    assert all("Withdrawn" in text for text in anna.chat.texts)


# ------------------------------------------------------------------------------------- leaving


async def test_unsubscribing_in_mid_broadcast_takes_the_notice_back_at_once(
    line: Line, telegram_server: BotApi
) -> None:
    people = await _followers(line, telegram_server, 3)
    owner, _ = await _owner(line, telegram_server)
    await _goes_out(line, owner)
    leaver = line.world.person(str(people[2].id))

    await _says(line, leaver, "/unsubscribe")
    async with line.running():
        await people[1].hears("It was announced only now")
        await line.until(lambda: _all_quiet(line))

    assert HEADLINE not in "".join(people[2].chat.texts)


async def test_leaving_one_case_keeps_what_else_is_queued(
    line: Line, telegram_server: BotApi
) -> None:
    (anna,) = await _followers(line, telegram_server, 1)
    reader = line.world.person(str(anna.id))
    await _says(line, reader, "/unsubscribe")
    await _says(line, reader, "/subscribe bokayev-ayan")
    await _says(line, reader, "/subscribe mamai")
    async with line.database.write() as session:
        for case in ("bokayev-ayan", "mamai"):
            about = About(case, "KZ", lane=outbox.ALERTS)
            notice = await notices.add(session, "alert", "{}", about, line.world.now)
            await notices.fan_out(session, notice, subscribers.wants(case, "KZ"), line.world.now)

    await _says(line, reader, "/unsubscribe mamai")

    async with line.database.read() as session:
        rows = await session.execute(
            select(Notice.case_id, Delivery.state)
            .join(Delivery, Delivery.notice_id == Notice.id)
            .order_by(Notice.case_id)
        )
        assert [tuple(row) for row in rows] == [
            ("bokayev-ayan", DeliveryState.PENDING),
            ("mamai", DeliveryState.CANCELLED),
        ]


# ------------------------------------------------------------------------------------ the cast


async def _goes_out(line: Line, owner: Someone) -> None:
    """An alert is drafted and started; none of it has left yet."""
    await _says(line, owner, ALERT)
    async with line.running():
        await line.until(lambda: _all_quiet(line))
    await _says(line, owner, "/send 1")


async def _answer(line: Line, owner: Someone, boss: Person, text: str) -> str:
    async with line.running():
        await _says(line, owner, text)
        await line.until(lambda: _all_quiet(line))
    return boss.chat.texts[-1]


async def _until_done(line: Line, boss: Person) -> None:
    await line.until(lambda: _all_quiet(line))
    await _tick(line)
    await boss.hears("has gone out")


async def _claim(line: Line) -> outbox.Claim:
    """Take what is next, a notice if there is one, as if to send it."""
    async with line.database.write() as session:
        return (await outbox.claim(session, "telegram", line.world.now, replies=1, notices=1))[-1]


async def _all_quiet(line: Line) -> bool:
    waiting = await line.world.rows(DeliveryState.PENDING)
    return waiting + await line.world.rows(DeliveryState.SENDING) == 0


async def _newest_notice(line: Line) -> int:
    async with line.database.read() as session:
        newest: int | None = await session.scalar(select(func.max(Notice.id)))
    assert newest is not None
    return newest
