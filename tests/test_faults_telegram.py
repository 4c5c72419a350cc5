"""Telegram behind a line that breaks: each fault of a send, by the row and by what the chat shows.

Through the real relay; the faults of all other calls are in test_faults_telegram_calls.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.platforms.base import Unusable
from bot.platforms.telegram import Telegram
from handlers import casebook, docket
from handlers.campaign import Hearing
from handlers.message import Attachment, Message, paragraph
from storage.database import Database
from storage.models import DeliveryState, SubscriberState
from tests.fakes.faulty import FaultyWire
from tests.fakes.telegram import BotApi
from tests.fakes.telegram_chats import Person
from tests.faults import (
    HARMLESS,
    REFUSED,
    THREE_HOURS,
    TORN_AFTER,
    TORN_BEFORE,
    Breaks,
    broken,
    says,
)
from tests.line import Line
from tests.people import World, sample

MARK = "You may have received this message already."
NOT_A_MESSAGE = {"ok": True, "result": True}
FOREIGN_403 = says(403, b"<html>Forbidden</html>", "text/html")

DOUBTFUL: dict[str, tuple[Breaks, int]] = {
    **{name: (breaks, 1) for name, breaks in TORN_BEFORE.items()},
    **{name: (breaks, 2) for name, breaks in TORN_AFTER.items()},
    "own 500": (says(500, {"ok": False, "error_code": 500, "description": "Internal"}), 1),
    "result of another type": (says(200, NOT_A_MESSAGE, acts=True), 2),
    "ok without a result": (says(200, {"ok": True}, acts=True), 2),
    "200 that is not ok": (says(200, {"ok": False, "description": "odd"}), 1),
}
"""Fault → copies in the end, the last of them marked."""

NOT_SENT: dict[str, Breaks | None] = {
    REFUSED: None,
    "429 of a stranger": says(429, b"slow down", "text/plain"),
    "403 of a stranger": FOREIGN_403,
    "404 of a stranger": says(404, b"<html>Not Found</html>", "text/html"),
    "401 of a stranger": says(401, b"", "text/html"),
    "407 of a proxy": says(407, b"", "text/html"),
    "a redirection": says(302, b"", "text/html"),
    "409": says(409, {"ok": False, "error_code": 409, "description": "Conflict: x"}),
}


def _said(words: str) -> Message:
    return Message((paragraph(words),))


def flood(seconds: int) -> Breaks:
    words = f"Too Many Requests: retry after {seconds}"
    about = {"ok": False, "error_code": 429, "description": words}
    return says(429, {**about, "parameters": {"retry_after": seconds}})


@pytest.fixture
async def wire(telegram_server: BotApi) -> AsyncIterator[FaultyWire]:
    async with FaultyWire(telegram_server.url) as wire:
        yield wire


@pytest.fixture
async def line(
    database: Database, telegram_server: BotApi, wire: FaultyWire
) -> AsyncIterator[Line]:
    telegram = Telegram(
        telegram_server.token, api_url=wire.url, connect_seconds=0.2, read_seconds=0.4
    )
    async with telegram:
        yield Line(World(database, platform="telegram"), telegram)


@pytest.fixture
async def anna(telegram_server: BotApi) -> Person:
    person = telegram_server.person()
    await person.writes("/start")
    return person


@pytest.mark.parametrize("fault", DOUBTFUL)
async def test_a_doubtful_send_is_repeated_and_marked(
    line: Line, wire: FaultyWire, anna: Person, fault: str
) -> None:
    breaks, copies = DOUBTFUL[fault]
    breaks(wire, "/sendMessage")
    (number,) = await line.queue(str(anna.id), "news")

    async with line.running():
        doubted = await line.tried(number)
        assert (doubted.state, doubted.repeat) == (DeliveryState.PENDING, True)
        assert doubted.due_at > line.world.now
        line.later(10)
        (row,) = await line.settled(number)

    assert row.state == DeliveryState.SENT
    assert anna.chat.texts == ["news", f"{MARK}\n\nnews"][2 - copies :]
    assert int(row.refs) == max(anna.chat.messages)


@pytest.mark.parametrize("fault", NOT_SENT)
async def test_what_was_not_sent_is_tried_later_and_is_no_repeat(
    line: Line, wire: FaultyWire, anna: Person, fault: str
) -> None:
    (number,) = await line.queue(str(anna.id), "news")

    async with broken(wire, "/sendMessage", NOT_SENT[fault]), line.running():
        later = await line.tried(number)
    assert (later.state, later.repeat) == (DeliveryState.PENDING, False)
    assert later.due_at > line.world.now
    line = Line(line.world, line.platform)
    line.later(60)
    async with line.running():
        (row,) = await line.settled(number)

    assert row.state == DeliveryState.SENT
    assert anna.chat.texts == ["news"]


@pytest.mark.parametrize("fault", HARMLESS)
async def test_an_odd_but_complete_answer_is_an_answer(
    line: Line, wire: FaultyWire, anna: Person, fault: str
) -> None:
    HARMLESS[fault](wire, "/sendMessage")
    numbers = await line.queue(str(anna.id), "first", "second")

    async with line.running():
        rows = await line.settled(*numbers)

    assert [row.state for row in rows] == [DeliveryState.SENT] * 2
    assert anna.chat.texts == ["first", "second"]
    assert [int(row.refs) for row in rows] == list(anna.chat.messages)


async def test_the_answer_about_another_chat_is_not_taken_for_ours(
    line: Line, wire: FaultyWire, anna: Person, telegram_server: BotApi
) -> None:
    boris = telegram_server.person()
    await boris.writes("/start")
    wire.fail("/sendMessage", "late duplicate")

    async with line.running():
        await line.settled(*await line.queue(str(anna.id), "for anna"))
        (number,) = await line.queue(str(boris.id), "for boris")
        doubted = await line.tried(number)

    assert (doubted.state, doubted.repeat, doubted.refs) == (DeliveryState.PENDING, True, "")


@pytest.mark.parametrize("seconds", [1, THREE_HOURS])
async def test_a_refusal_for_want_of_patience_pauses_the_whole_account(
    line: Line, wire: FaultyWire, anna: Person, telegram_server: BotApi, seconds: int
) -> None:
    boris = telegram_server.person()
    await boris.writes("/start")
    flood(seconds)(wire, "/sendMessage")
    (first,) = await line.queue(str(anna.id), "news")

    async with line.running():
        waits = await line.tried(first)
        (second,) = await line.queue(str(boris.id), "news")
        if seconds == 1:
            line.later(2)
            await line.settled(first, second)
    assert (waits.state, waits.repeat) == (DeliveryState.PENDING, False)
    assert waits.due_at >= line.world.now + seconds - (2 if seconds == 1 else 0)
    if seconds == THREE_HOURS:
        assert anna.chat.texts == boris.chat.texts == []
        line = Line(line.world, line.platform)  # as after a restart
        line.later(seconds + 10)
        async with line.running():
            await line.settled(first, second)

    assert anna.chat.texts == boris.chat.texts == ["news"]


@pytest.mark.parametrize("fault", [it for it in DOUBTFUL if it != "result of another type"])
async def test_an_edit_in_doubt_is_done_again_and_makes_no_second_message(
    line: Line, wire: FaultyWire, anna: Person, fault: str
) -> None:
    ref = await line.platform.send(str(anna.id), _said("old"), key="k")
    DOUBTFUL[fault][0](wire, "/editMessageText")
    (number,) = await line.queue(str(anna.id), "new", edits_ref=ref)

    async with line.running():
        doubted = await line.tried(number)
        assert doubted.state == DeliveryState.PENDING
        line.later(10)
        (row,) = await line.settled(number)

    assert row.state == DeliveryState.SENT
    assert anna.chat.texts == ["new"]


@pytest.mark.parametrize("fault", ["reset before", "reset after", "truncated JSON"])
async def test_a_reminder_in_doubt_waits_for_an_organiser(
    line: Line, wire: FaultyWire, anna: Person, fault: str
) -> None:
    breaks, copies = DOUBTFUL[fault]
    await line.world.knows(sample())
    await line.world.person(str(anna.id)).says("/subscribe all")
    await _announces_a_hearing(line)
    breaks(wire, "/sendMessage")

    async with line.running():
        await line.until(lambda: _has(line, DeliveryState.HELD))

    assert await line.world.rows(DeliveryState.PENDING) == 0
    assert len(anna.chat.texts) == copies - 1


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


async def _has(line: Line, state: DeliveryState) -> bool:
    return await line.world.rows(state) > 0


async def test_after_three_doubtful_attempts_an_organiser_is_asked(
    line: Line, wire: FaultyWire, anna: Person
) -> None:
    wire.fail("/sendMessage", "reset before", times=3)
    (number,) = await line.queue(str(anna.id), "news")

    async with line.running():
        for attempt in (1, 2):

            async def failed(attempt: int = attempt) -> bool:
                row = await line.row(number)
                return row.attempts == attempt and row.state == DeliveryState.PENDING

            await line.until(failed)
            line.later(600)
        (row,) = await line.settled(number)

    assert row.state == DeliveryState.HELD
    assert anna.chat.texts == []


@pytest.mark.parametrize("fault", DOUBTFUL)
async def test_a_file_that_may_not_have_arrived_comes_again_and_its_text_does_not(
    line: Line, wire: FaultyWire, anna: Person, fault: str
) -> None:
    breaks, copies = DOUBTFUL[fault]
    breaks(wire, "/sendDocument")
    file = Attachment("hearing.ics", "text/calendar", "BEGIN:VCALENDAR")
    words = paragraph("The hearing")
    (number,) = await line.queue(str(anna.id), Message((words,), attachments=(file,)))

    async with line.running():
        doubted = await line.tried(number)
        assert (doubted.state, doubted.repeat) == (DeliveryState.PENDING, True)
        line.later(10)
        (row,) = await line.settled(number)

    text, *files = anna.chat.messages.values()
    assert text["text"] == "The hearing"
    assert [it["document"]["file_name"] for it in files] == ["hearing.ics"] * copies
    assert [it.get("caption", "") for it in files] == ["", MARK][2 - copies :]
    assert row.refs.split("\n") == [str(text["message_id"]), str(files[-1]["message_id"])]


@pytest.mark.parametrize(
    "words",
    [
        "Forbidden: bot was blocked by the user",
        "Forbidden: user is deactivated",
        "Forbidden: bot was kicked from the supergroup chat",
        "Forbidden: bot is not a member of the channel chat",
        "Forbidden: bot can't initiate conversation with a user",
        "Forbidden: bot can't send messages to bots",
        "Forbidden: the group chat was deleted",
        "Bad Request: chat not found",
        "Bad Request: PEER_ID_INVALID",
        "Bad Request: not enough rights to send text messages to the chat",
        "Bad Request: need administrator rights in the channel chat",
        "Bad Request: message thread not found",
        "Bad Request: TOPIC_CLOSED",
        "Bad Request: CHAT_WRITE_FORBIDDEN",
    ],
)
async def test_who_takes_no_more_messages_is_gone_with_all_that_waits(
    line: Line, wire: FaultyWire, anna: Person, words: str
) -> None:
    code = 403 if words.startswith("Forbidden") else 400
    says(code, {"ok": False, "error_code": code, "description": words})(wire, "/sendMessage")
    numbers = await line.queue(str(anna.id), "first", "second")

    async with line.running():
        rows = await line.settled(*numbers)

    assert [row.state for row in rows] == [DeliveryState.UNREACHABLE] * 2
    assert (await line.subscriber(str(anna.id))).state == SubscriberState.GONE
    assert anna.chat.texts == []


async def test_a_moved_group_gets_the_same_delivery_at_its_new_address(
    line: Line, wire: FaultyWire, telegram_server: BotApi
) -> None:
    group = telegram_server.group(supergroup=False)
    new = group.migrates()
    (number,) = await line.queue(str(group.id), "news")

    async with line.running():
        (row,) = await line.settled(number)

    assert row.state == DeliveryState.SENT
    assert new.texts == ["news"]
    assert (await line.subscriber(str(new.id))).id == row.subscriber_id


@pytest.mark.parametrize(
    "answer",
    [
        (400, b'{"ok":false,"error_code":400,"description":"Bad Request: BUTTON_URL_INVALID"}'),
        (413, b'{"ok":false,"error_code":413,"description":"Request Entity Too Large"}'),
        (413, b"<html>413</html>"),
    ],
)
async def test_refused_content_is_not_sent_again(
    line: Line, wire: FaultyWire, anna: Person, answer: tuple[int, bytes]
) -> None:
    wire.answer("/sendMessage", *answer)
    first, second = await line.queue(str(anna.id), "bad", "good")

    async with line.running():
        rows = await line.settled(first, second)

    assert [row.state for row in rows] == [DeliveryState.REJECTED, DeliveryState.SENT]
    assert anna.chat.texts == ["good"]


@pytest.mark.parametrize("code", [401, 404])
async def test_a_refused_token_ends_the_relay_and_loses_nothing(
    line: Line, wire: FaultyWire, anna: Person, code: int
) -> None:
    word = {"ok": False, "error_code": code, "description": "Unauthorized"}
    says(code, word)(wire, "/sendMessage")
    (number,) = await line.queue(str(anna.id), "news")

    assert isinstance(await line.dies(), Unusable)
    async with Line(line.world, line.platform).running():
        (row,) = await line.settled(number)

    assert row.state == DeliveryState.SENT
    assert anna.chat.texts[-1].endswith("news")
