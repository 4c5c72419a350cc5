"""Telegram behind a line that breaks: every call but the sends, and answers from anywhere.

An edit or a retraction that is in doubt is simply done again. What comes in is lost never and
handed over in order, and whatever happens the poller goes on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.platforms.base import (
    PlatformError,
    RecipientGone,
    Rejected,
    TooOld,
    TryLater,
    Unknown,
    Unusable,
)
from bot.platforms.telegram import Telegram, poll
from handlers.message import Attachment, Button, Message, Request, paragraph
from tests.fakes.faulty import FaultyWire
from tests.fakes.matrix_bot import wait_until
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
from tests.test_faults_telegram import NOT_SENT, flood

TORN = {**TORN_BEFORE, **TORN_AFTER}
FLOODS = {"429 short": flood(1), "429 of three hours": flood(THREE_HOURS)}
ALL: dict[str, Breaks | None] = {REFUSED: None, **TORN, **HARMLESS, **FLOODS}
NEW = Message((paragraph("new"),))


@pytest.fixture
async def wire(telegram_server: BotApi) -> AsyncIterator[FaultyWire]:
    async with FaultyWire(telegram_server.url) as wire:
        yield wire


def connected(server: BotApi, wire: FaultyWire) -> Telegram:
    return Telegram(
        server.token,
        api_url=wire.url,
        poll_seconds=1,
        poll_slack=0.3,
        connect_seconds=0.2,
        read_seconds=0.4,
        conflict_patience=30,
    )


@pytest.fixture
async def telegram(telegram_server: BotApi, wire: FaultyWire) -> AsyncIterator[Telegram]:
    async with connected(telegram_server, wire) as telegram:
        yield telegram


@pytest.fixture
async def anna(telegram_server: BotApi) -> Person:
    person = telegram_server.person()
    await person.writes("/start")
    return person


# ---------------------------------------------------------------------- edits and retractions


async def _edit(telegram: Telegram, person: Person, ref: str) -> list[str]:
    await telegram.edit(str(person.id), ref, NEW, key="k")
    return ["new"]


async def _retract(telegram: Telegram, person: Person, ref: str) -> list[str]:
    await telegram.retract(str(person.id), ref)
    return []


Change = Callable[[Telegram, Person, str], Awaitable[list[str]]]
CHANGES: dict[str, Change] = {"/editMessageText": _edit, "/deleteMessage": _retract}


@pytest.mark.parametrize("call", CHANGES)
@pytest.mark.parametrize("fault", TORN)
async def test_a_change_in_doubt_is_done_again_without_harm(
    telegram: Telegram, wire: FaultyWire, anna: Person, call: str, fault: str
) -> None:
    change = CHANGES[call]
    ref = await telegram.send(str(anna.id), Message((paragraph("old"),)), key="k")
    TORN[fault](wire, call)

    with pytest.raises(Unknown):
        await change(telegram, anna, ref)
    wanted = await change(telegram, anna, ref)

    assert anna.chat.texts == wanted


@pytest.mark.parametrize("call", CHANGES)
@pytest.mark.parametrize("fault", [*NOT_SENT, *FLOODS])
async def test_a_change_that_did_not_get_through_is_tried_later(
    telegram: Telegram, wire: FaultyWire, anna: Person, call: str, fault: str
) -> None:
    change = CHANGES[call]
    ref = await telegram.send(str(anna.id), Message((paragraph("old"),)), key="k")

    async with broken(wire, call, {**NOT_SENT, **FLOODS}[fault]):
        with pytest.raises(TryLater) as later:
            await change(telegram, anna, ref)
    assert anna.chat.texts == ["old"]
    if fault in FLOODS:
        assert later.value.flood
        assert later.value.retry_after == (1 if fault == "429 short" else THREE_HOURS)
    wanted = await change(telegram, anna, ref)

    assert anna.chat.texts == wanted


@pytest.mark.parametrize("call", CHANGES)
@pytest.mark.parametrize("fault", HARMLESS)
async def test_an_odd_but_complete_answer_to_a_change_is_an_answer(
    telegram: Telegram, wire: FaultyWire, anna: Person, call: str, fault: str
) -> None:
    ref = await telegram.send(str(anna.id), Message((paragraph("old"),)), key="k")
    HARMLESS[fault](wire, call)

    wanted = await CHANGES[call](telegram, anna, ref)

    assert anna.chat.texts == wanted


async def test_a_message_too_old_to_take_back_is_told_apart_from_one_that_is_gone(
    telegram: Telegram, telegram_server: BotApi, anna: Person
) -> None:
    now = telegram_server.now()
    telegram_server.clock = lambda: now
    ref = await telegram.send(str(anna.id), NEW, key="k")
    telegram_server.clock = lambda: now + 48 * 3600 + 1

    with pytest.raises(TooOld):
        await telegram.retract(str(anna.id), ref)
    assert anna.chat.texts == ["new"]
    await telegram.edit(str(anna.id), ref, Message((paragraph("withdrawn"),)), key="k")
    anna.chat.forget(int(ref))
    await telegram.retract(str(anna.id), ref)

    assert anna.chat.texts == []


async def test_a_message_that_cannot_be_edited_is_not_called_edited(
    telegram: Telegram, wire: FaultyWire, anna: Person
) -> None:
    word = {"ok": False, "error_code": 400, "description": "Bad Request: message can't be edited"}
    says(400, word)(wire, "/editMessageText")

    with pytest.raises(Rejected):
        await telegram.edit(str(anna.id), "1", NEW, key="k")


async def test_a_chat_that_takes_no_files_does_without(
    telegram: Telegram, wire: FaultyWire, anna: Person
) -> None:
    words = "Bad Request: not enough rights to send documents to the chat"
    says(400, {"ok": False, "error_code": 400, "description": words})(wire, "/sendDocument")
    file = Attachment("hearing.ics", "text/calendar", "BEGIN:VCALENDAR")

    assert await telegram.send(str(anna.id), Message(attachments=(file,)), key="k") == ""


async def test_a_file_too_old_to_be_taken_back_stays(telegram: Telegram, anna: Person) -> None:
    file = Attachment("hearing.ics", "text/calendar", "BEGIN:VCALENDAR")
    ref = await telegram.send(str(anna.id), Message(attachments=(file,)), key="k")

    await telegram.edit(str(anna.id), ref, NEW, key="k")

    assert len(anna.chat.messages) == 1


# ----------------------------------------------------------------------------- what comes in


class Ears:
    """Collects what is handed over; crashes nothing."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.cursor: str | None = None
        self._news = asyncio.Condition()

    async def receive(self, requests: Sequence[Request], cursor: str | None) -> None:
        self.requests += requests
        self.cursor = cursor
        async with self._news:
            self._news.notify_all()

    async def gets(self, text: str, within: float = 30) -> Request:
        def found() -> list[Request]:
            return [one for one in self.requests if text in {one.text, one.button}]

        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(found)
        return found()[0]

    def once(self) -> list[str]:
        """What was said, as the inbox stores it: each event once."""
        return list({one.event_id: one.text for one in self.requests}.values())


@asynccontextmanager
async def listening(telegram: Telegram) -> AsyncIterator[Ears]:
    ears = Ears()
    task = asyncio.create_task(telegram.listen(ears.receive, None))
    try:
        yield ears
        assert not task.done(), "the poller has ended"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "_LONGEST_WAIT", 0.1)
    monkeypatch.setattr(poll, "_LONGEST_FLOOD", 0.2)


@pytest.mark.parametrize("fault", [*ALL, *NOT_SENT])
async def test_no_update_is_lost_over_a_broken_poll(
    telegram: Telegram, wire: FaultyWire, anna: Person, impatient: None, fault: str
) -> None:
    async with listening(telegram) as ears:
        async with broken(wire, "/getUpdates", {**ALL, **NOT_SENT}[fault]) as ordered:
            await anna.writes("one")
            await asyncio.sleep(0.1)
        await anna.writes("two")
        await ears.gets("two")
        await wait_until(lambda: ordered is None or ordered.hits == 1)

    assert ears.once() == ["/start", "one", "two"]


async def test_an_update_nobody_can_read_does_not_hide_the_others(
    telegram: Telegram, telegram_server: BotApi, anna: Person, impatient: None
) -> None:
    telegram_server.add_update("message", {"message_id": "x", "chat": 7})
    telegram_server.add_update("callback_query", {"id": {}})
    await anna.writes("after")

    async with listening(telegram) as ears:
        await ears.gets("after")

    assert ears.once() == ["/start", "after"]


@pytest.mark.parametrize(
    "body",
    [{"ok": True, "result": True}, {"ok": True, "result": [1]}, {"ok": True, "result": [{}]}],
)
async def test_updates_that_make_no_sense_are_asked_for_again(
    telegram: Telegram, wire: FaultyWire, anna: Person, impatient: None, body: object
) -> None:
    says(200, body)(wire, "/getUpdates")

    async with listening(telegram) as ears:
        await ears.gets("/start")


@pytest.mark.usefixtures("impatient")
async def test_a_torn_answer_full_of_peoples_words_is_not_logged(
    telegram: Telegram,
    wire: FaultyWire,
    anna: Person,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await anna.writes("CANARY-WORDS")
    wire.fail("/getUpdates", "truncated JSON", times=2)
    says(200, {"ok": True, "result": [{"text": "CANARY-WORDS"}]})(wire, "/getUpdates")

    async with listening(telegram) as ears:
        await ears.gets("CANARY-WORDS")

    seen = capsys.readouterr()
    assert "CANARY" not in caplog.text + seen.err + seen.out


@pytest.mark.parametrize("fault", ALL)
async def test_a_command_in_a_group_is_heard_though_nobody_says_who_is_admin(
    telegram: Telegram, telegram_server: BotApi, wire: FaultyWire, fault: str
) -> None:
    group, admin = telegram_server.group(), telegram_server.person()
    group.promote(admin)
    breaks = ALL[fault] or TORN["reset before"]  # alone it cannot be refused
    ordered = breaks(wire, "/getChatMember")

    async with listening(telegram) as ears:
        await group.says(admin, "/country AT")
        first = await ears.gets("/country AT")
        await group.says(admin, "/country CH")
        second = await ears.gets("/country CH")

    assert first.is_admin is (True if fault in HARMLESS else None)
    assert second.is_admin is True
    assert ordered.hits == 1


@pytest.mark.parametrize("fault", ALL)
async def test_a_press_that_cannot_be_answered_holds_up_nothing(
    telegram: Telegram, wire: FaultyWire, anna: Person, fault: str
) -> None:
    go = ((Button("Go", command="/x", token="t0ken"),),)
    ref = await telegram.send(str(anna.id), Message((paragraph("?"),), buttons=go), key="k")
    async with listening(telegram) as ears:
        ordered = (ALL[fault] or TORN["reset before"])(wire, "/answerCallbackQuery")
        await anna.presses(anna.chat.messages[int(ref)], "Go")
        await ears.gets("t0ken")
        await anna.writes("after")
        await ears.gets("after")
        await wait_until(lambda: ordered.hits == 1)

    assert len([one for one in ears.requests if one.button == "t0ken"]) == 1


async def test_many_presses_leave_the_alerts_their_connections(
    telegram: Telegram, telegram_server: BotApi, wire: FaultyWire, anna: Person
) -> None:
    go = ((Button("Go", command="/x", token="t0ken"),),)
    ref = await telegram.send(str(anna.id), Message((paragraph("?"),), buttons=go), key="k")
    stalled = wire.fail("/answerCallbackQuery", "stall before", times=1000)
    for _ in range(40):
        await anna.presses(anna.chat.messages[int(ref)], "Go")

    async with listening(telegram) as ears:
        await ears.gets("t0ken")
        async with asyncio.timeout(4):  # what a press may take is longer
            await telegram.send(str(anna.id), NEW, key="k")

    assert stalled.hits <= 4


@pytest.mark.parametrize("fault", [*ALL, *NOT_SENT])
async def test_a_start_that_fails_says_what_to_do_and_leaves_nothing_open(
    telegram_server: BotApi, wire: FaultyWire, fault: str
) -> None:
    telegram = connected(telegram_server, wire)

    async with broken(wire, "/getMe", {**ALL, **NOT_SENT}[fault]):
        if fault in HARMLESS:
            async with telegram:
                pass
            return
        with pytest.raises(Unusable, match="Telegram cannot be reached"):
            await telegram.__aenter__()
    async with telegram:
        assert (await telegram.describe()).startswith("@")


# -------------------------------------------------------------------------- answers of any kind

json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
message_like = st.fixed_dictionaries(
    {},
    optional={
        "message_id": json_like,
        "date": json_like,
        "chat": json_like | st.fixed_dictionaries({"id": json_like, "type": json_like}),
        "text": json_like,
    },
)
answer_like = st.fixed_dictionaries(
    {},
    optional={
        "ok": st.booleans() | json_like,
        "result": message_like | json_like,
        "error_code": json_like,
        "description": st.text(max_size=20) | json_like,
        "parameters": json_like
        | st.fixed_dictionaries(
            {}, optional={"retry_after": json_like, "migrate_to_chat_id": json_like}
        ),
    },
)
bodies = st.binary(max_size=30) | (answer_like | json_like).map(lambda it: json.dumps(it).encode())
statuses = st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 409, 413, 429, 500, 502, 599])


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(status=statuses, body=bodies)
async def test_whatever_is_answered_is_one_of_our_outcomes(
    telegram: Telegram, wire: FaultyWire, status: int, body: bytes
) -> None:
    wire.heal()
    wire.answer("/bot", status, body, times=4)
    file = Attachment("a.ics", "text/calendar", "x")

    outcomes = [
        await _outcome(telegram.send("7", NEW, key="k")),
        await _outcome(telegram.send("7", Message(attachments=(file,)), key="k")),
        await _outcome(telegram.edit("7", "5", NEW, key="k")),
        await _outcome(telegram.retract("7", "5")),
    ]

    assert all(it is None or isinstance(it, PlatformError) for it in outcomes)
    if status >= 500:
        assert all(isinstance(it, Unknown) for it in outcomes)


async def _outcome(call: Awaitable[object]) -> Exception | None:
    try:
        await call
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("address", ["", "x", "7/x", "nobody@example.org"])
async def test_an_address_that_is_none_is_gone(telegram: Telegram, address: str) -> None:
    with pytest.raises(RecipientGone):
        await telegram.send(address, NEW, key="k")


async def test_a_reference_that_is_none_is_refused(telegram: Telegram) -> None:
    for change in (telegram.retract("7", "x"), telegram.edit("7", "", NEW, key="k")):
        with pytest.raises(Rejected):
            await change
