"""The Telegram platform against the strict fake: nothing lost, every outcome told apart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import Update

from bot.log import set_up
from bot.platforms.base import (
    RecipientGone,
    RecipientMoved,
    Rejected,
    TryLater,
    Unknown,
    Unusable,
)
from bot.platforms.telegram import Telegram
from bot.platforms.telegram.poll import start_offset
from bot.platforms.telegram.updates import Me, translate
from handlers.message import (
    Attachment,
    Button,
    ChatKind,
    Copyable,
    Event,
    Heading,
    Message,
    Request,
    paragraph,
)
from tests.fakes.telegram import BotApi, Limits
from tests.fakes.telegram_chats import Person

HIDDEN = {"type": "hidden_user", "sender_user_name": "x", "date": 1}
HELLO = Message(blocks=(paragraph("hello"),))


@pytest.fixture
async def telegram(telegram_server: BotApi) -> AsyncIterator[Telegram]:
    platform = Telegram(
        telegram_server.token, api_url=telegram_server.url, poll_seconds=2, conflict_patience=0.3
    )
    async with platform:
        yield platform


@pytest.fixture
async def person(telegram_server: BotApi) -> Person:
    person = telegram_server.person()
    await person.writes("/start")
    return person


class Ears:
    """Collects what the platform hands over."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.cursors: list[str | None] = []
        self.came = asyncio.Event()

    async def receive(self, requests: Sequence[Request], cursor: str | None) -> None:
        if not requests and cursor is None:
            return
        self.requests += requests
        self.cursors.append(cursor)
        self.came.set()

    async def one(self, telegram: Telegram, since: str | None = None) -> Request:
        """Listen until something came."""
        listening = asyncio.create_task(telegram.listen(self.receive, since))
        async with asyncio.timeout(10):
            while not self.requests:
                await self.came.wait()
                self.came.clear()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        return self.requests[-1]


async def test_a_message_becomes_a_request(telegram: Telegram, person: Person) -> None:
    request = await Ears().one(telegram)

    assert (request.text, request.address, request.sender) == (
        "/start",
        str(person.id),
        str(person.id),
    )
    assert (request.kind, request.language, request.doubt) == (ChatKind.PRIVATE, "en", "")


async def test_an_update_is_confirmed_only_after_it_is_stored(
    telegram: Telegram, person: Person
) -> None:
    async def crash(_requests: Sequence[Request], _cursor: str | None) -> None:
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        await telegram.listen(crash, None)

    assert (await Ears().one(telegram)).text == "/start"


async def test_it_goes_on_after_the_stored_cursor(telegram: Telegram, person: Person) -> None:
    ears = Ears()
    await ears.one(telegram)
    await person.writes("/help")

    assert (await Ears().one(telegram, ears.cursors[-1])).text == "/help"


def test_a_cursor_older_than_six_days_means_nothing() -> None:
    now = time.time()

    assert start_offset(f"17:{int(now) - 60}", now) == 17
    assert start_offset(f"17:{int(now) - 7 * 86400}", now) is None
    assert start_offset(None, now) is None
    assert start_offset("rubbish", now) is None


@pytest.mark.parametrize(
    ("extra", "doubt"),
    [
        (
            {"forward_origin": {"type": "hidden_user", "sender_user_name": "x", "date": 1}},
            "forwarded",
        ),
        ({"edit_date": 1}, "edited"),
        ({"via_bot": {"id": 7, "is_bot": True, "first_name": "b"}}, "bot"),
        ({"sender_chat": {"id": -1, "type": "channel", "title": "c"}}, "channel"),
    ],
)
async def test_what_is_not_the_senders_own_word_is_marked(
    telegram: Telegram, telegram_server: BotApi, extra: dict[str, Any], doubt: str
) -> None:
    await telegram_server.person().writes("/alert x y", **extra)

    assert (await Ears().one(telegram)).doubt == doubt


async def test_groups_say_who_administers_them(
    telegram: Telegram, telegram_server: BotApi
) -> None:
    group, admin = telegram_server.group(), telegram_server.person()
    group.members[admin.id] = "administrator"
    await admin.writes("/country@TOCSIN_test_bot AT", group)

    request = await Ears().one(telegram)

    assert (request.kind, request.text, request.is_admin) == (ChatKind.GROUP, "/country AT", True)


async def test_a_member_is_no_admin_and_an_unknown_one_cannot_be_asked(
    telegram: Telegram, telegram_server: BotApi
) -> None:
    group, member = telegram_server.group(), telegram_server.person()
    group.members[member.id] = "member"
    await member.writes("/country AT", group)
    assert (await Ears().one(telegram)).is_admin is False
    stranger = telegram_server.person()
    await stranger.writes("/country AT", group)

    ears = Ears()
    await ears.one(telegram)
    assert ears.requests[-1].is_admin in (None, False)


async def test_anonymous_admins_are_marked(telegram: Telegram, telegram_server: BotApi) -> None:
    group = telegram_server.group()
    await telegram_server.person().writes("/country AT", group, anonymous=True)

    assert (await Ears().one(telegram)).doubt == "anonymous"


async def test_commands_for_other_bots_are_left_alone(
    telegram: Telegram, telegram_server: BotApi
) -> None:
    group, person = telegram_server.group(), telegram_server.person()
    await person.writes("/start@other_bot", group)
    await person.writes("/help", group)

    assert (await Ears().one(telegram)).text == "/help"


async def test_blocking_and_coming_back_are_noticed(
    telegram: Telegram, telegram_server: BotApi
) -> None:
    person = telegram_server.person()
    person.blocks()
    person.unblocks()
    ears = Ears()
    await ears.one(telegram)

    assert [it.event for it in ears.requests] == [Event.REMOVED, Event.ADDED]


async def test_a_press_carries_the_button_and_its_message(
    telegram: Telegram, person: Person
) -> None:
    ears = Ears()
    await ears.one(telegram)
    buttons = ((Button("Go", command="/x", token="x|1|abc"),),)
    ref = await telegram.send(str(person.id), Message(HELLO.blocks, buttons), key="k")
    await person.presses(person.chat.messages[int(ref)], "Go")

    request = await Ears().one(telegram, ears.cursors[-1])

    assert (request.event, request.button, request.message_ref) == (Event.PRESSED, "x|1|abc", ref)


async def test_sending_editing_taking_back(telegram: Telegram, person: Person) -> None:
    address = str(person.id)
    ref = await telegram.send(address, HELLO, key="1")
    await telegram.edit(address, ref, Message(blocks=(Heading("changed"),)), key="2")
    await telegram.edit(address, ref, Message(blocks=(Heading("changed"),)), key="2")
    assert person.chat.texts == ["changed"]
    await telegram.retract(address, ref)
    await telegram.retract(address, ref)

    assert person.chat.texts == []


async def test_files_silence_and_protection(telegram: Telegram, person: Person) -> None:
    file = Attachment("hearing.ics", "text/calendar", "BEGIN:VCALENDAR")
    await telegram.send(str(person.id), Message(attachments=(file,)), key="1")
    await telegram.send(
        str(person.id), Message(HELLO.blocks, silent=True, protected=True), key="2"
    )

    document, text = person.chat.messages.values()
    assert document["document"]["file_name"] == "hearing.ics"
    assert document["content"] == b"BEGIN:VCALENDAR"
    assert text["silent"]
    assert text["has_protected_content"]


async def test_long_messages_are_split_to_fit(telegram: Telegram, person: Person) -> None:
    parts = telegram.split(Message(blocks=(Copyable("ж" * 5000), Copyable("п" * 5000))))

    for part in parts:
        await telegram.send(str(person.id), part, key="k")

    assert sum(len(text) for text in person.chat.texts) == 10_000


async def test_every_outcome_is_told_apart(
    telegram: Telegram, telegram_server: BotApi, person: Person
) -> None:
    address = str(person.id)
    telegram_server.drop("sendMessage", "before")
    with pytest.raises(Unknown):
        await telegram.send(address, HELLO, key="k")
    telegram_server.drop("sendMessage", "after")
    with pytest.raises(Unknown):
        await telegram.send(address, HELLO, key="k")
    telegram_server.fail("sendMessage", status=502)
    with pytest.raises(Unknown):
        await telegram.send(address, HELLO, key="k")
    telegram_server.fail("sendMessage", status=200, body=b'{"ok": tru')
    with pytest.raises(Unknown):
        await telegram.send(address, HELLO, key="k")
    with pytest.raises(Rejected):
        await telegram.send(address, Message(blocks=(paragraph(" "),)), key="k")
    telegram_server.limits = Limits(per_second=1)
    with pytest.raises(TryLater) as later:
        await telegram.send(address, HELLO, key="k")
    assert later.value.flood
    assert later.value.retry_after >= 1


async def test_recipients_that_are_gone_or_moved(
    telegram: Telegram, telegram_server: BotApi, person: Person
) -> None:
    person.chat.blocked = True
    with pytest.raises(RecipientGone):
        await telegram.send(str(person.id), HELLO, key="k")
    with pytest.raises(RecipientGone):
        await telegram.send("777777", HELLO, key="k")
    group = telegram_server.group(supergroup=False)
    new = telegram_server.migrates(group)
    with pytest.raises(RecipientMoved) as moved:
        await telegram.send(str(group.id), HELLO, key="k")

    assert moved.value.address == str(new.id)


async def test_a_refused_connection_means_try_later(telegram_server: BotApi) -> None:
    async with Telegram(telegram_server.token, api_url=telegram_server.url) as telegram:
        await telegram_server.stop()
        with pytest.raises(TryLater):
            await telegram.send("1", HELLO, key="k")


async def test_a_revoked_token_stops_loudly_with_the_remedy(
    telegram: Telegram, telegram_server: BotApi
) -> None:
    telegram_server.revoke_token()

    with pytest.raises(Unusable, match="@BotFather"):
        await telegram.listen(Ears().receive, None)


async def test_a_second_instance_stops_with_the_remedy(
    telegram: Telegram, telegram_server: BotApi
) -> None:
    async def poll() -> None:
        async with Telegram(
            telegram_server.token, api_url=telegram_server.url, poll_seconds=2
        ) as second:
            await second.listen(Ears().receive, None)

    second = asyncio.create_task(poll())
    with pytest.raises(Unusable, match="Another program receives") as stopped:
        await telegram.listen(Ears().receive, None)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)

    assert stopped.value.fault == "shared"


async def test_a_webhook_that_is_there_already_stops_it_at_once(
    telegram: Telegram, telegram_server: BotApi
) -> None:
    telegram_server.sets_webhook("https://somebody.example")

    with pytest.raises(Unusable, match="redirected to another address") as stopped:
        await telegram.listen(Ears().receive, None)

    assert stopped.value.fault == "webhook"


async def test_a_webhook_set_while_it_polls_stops_it_too(
    telegram: Telegram, telegram_server: BotApi, person: Person
) -> None:
    ears = Ears()
    listening = asyncio.create_task(telegram.listen(ears.receive, None))
    async with asyncio.timeout(10):
        await ears.came.wait()

    telegram_server.sets_webhook("https://somebody.example")

    with pytest.raises(Unusable, match="redirected to another address"):
        async with asyncio.timeout(30):
            await listening


async def test_a_poll_without_news_tells_that_the_service_answers(telegram: Telegram) -> None:
    answered = asyncio.Event()

    async def receive(requests: Sequence[Request], cursor: str | None) -> None:
        assert not requests
        assert cursor is None
        answered.set()

    listening = asyncio.create_task(telegram.listen(receive, None))
    async with asyncio.timeout(20):
        await answered.wait()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_outages_are_waited_out(
    telegram: Telegram, telegram_server: BotApi, person: Person
) -> None:
    telegram_server.fail("getUpdates", status=502, times=2)

    assert (await Ears().one(telegram)).text == "/start"


async def test_the_token_never_shows(
    telegram_server: BotApi, capsys: pytest.CaptureFixture[str], plain_logging: None
) -> None:
    set_up("debug")
    token = telegram_server.token
    seen = []
    async with Telegram(token, api_url=telegram_server.url, conflict_patience=0) as telegram:
        seen.append(repr(telegram))
        telegram_server.drop("sendMessage", "before")
        for address in ("1", "2"):
            with pytest.raises(Exception) as error:  # noqa: PT011 - whatever it is
                await telegram.send(address, HELLO, key="k")
            seen += [str(error.value), repr(error.value), repr(error.value.__cause__)]
        telegram_server.revoke_token()
        with pytest.raises(Unusable) as refused:
            await telegram.listen(Ears().receive, None)
        seen.append(str(refused.value))

    said = "".join(seen) + capsys.readouterr().err
    assert "Another program" in said or "@BotFather" in said
    assert token not in said
    assert "CANARY" not in said


async def test_describe_says_who_the_bot_is(telegram_server: BotApi) -> None:
    telegram = Telegram(telegram_server.token, api_url=telegram_server.url)

    assert await telegram.describe() == "@tocsin_test_bot"
    telegram_server.reads_everything = True
    assert "privacy mode" in await telegram.describe()


odd = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**52), 2**52) | st.text(max_size=8),
    lambda inner: st.dictionaries(
        st.sampled_from(["chat", "from", "text", "type", "id", "message", "date", "status"]), inner
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(st.fixed_dictionaries({"update_id": st.integers(1, 99)}, optional={"message": odd}))
def test_odd_updates_never_stop_the_poller(raw: dict[str, object]) -> None:
    """Whatever PTB makes of it, ours is a request, nothing, or an error the poller survives."""
    try:
        update = Update.de_json(raw, None)
    except Exception:
        return
    with suppress(Exception):  # caught in poll.py, which skips the update
        request = translate(update, Me(1, "me"))
        assert request is None or request.platform == "telegram"
