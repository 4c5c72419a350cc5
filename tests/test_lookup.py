"""Telegram asked about a doubtful message: what it answers, and what must not be believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bot.platforms.base import Lookup, PlatformError, RecipientGone, TryLater, Unknown
from bot.platforms.telegram import Telegram
from bot.platforms.telegram.lookup import Numbers
from handlers.message import Attachment, Message, paragraph
from tests.fakes.telegram import BotApi
from tests.fakes.telegram_chats import Person
from tests.fakes.telegram_faults import When

LOOK, COMPARE = "stopMessageLiveLocation", "editMessageText"


async def _at_once() -> None:
    """The turn of whoever need not wait."""


class Account:
    """One bot account, over restarts."""

    def __init__(self, server: BotApi) -> None:
        self.server = server
        self.platform = self._new()

    def _new(self) -> Telegram:
        return Telegram(
            self.server.token, api_url=self.server.url, settle_doubts=True, doubts_after=0
        )

    @property
    def lookup(self) -> Lookup:
        assert self.platform.lookup is not None
        return self.platform.lookup

    async def restarts(self) -> None:
        await self.platform.__aexit__(None, None, None)
        self.platform = await self._new().__aenter__()

    async def says(self, person: Person, text: str) -> str:
        return await self.platform.send(str(person.id), _said(text), key="")

    async def loses(self, person: Person, text: str, when: When) -> str:
        """Say something and get no answer; the mark from before."""
        since = self.lookup.mark()
        self.server.drop("sendMessage", when)
        with pytest.raises(Unknown):
            await self.says(person, text)
        return since

    async def finds(self, person: Person, text: str, since: str) -> str:
        return await self.lookup.find(str(person.id), _said(text), since=since, turn=_at_once)


def _said(text: str) -> Message:
    return Message((paragraph(text),))


@pytest.fixture
async def account(telegram_server: BotApi) -> AsyncIterator[Account]:
    account = Account(telegram_server)
    await account.platform.__aenter__()
    yield account
    await account.platform.__aexit__(None, None, None)


@pytest.fixture
async def anna(account: Account) -> Person:
    """Somebody who has just got a message."""
    person = account.server.person()
    await person.writes("/start")
    await account.says(person, "first")
    return person


async def test_a_message_is_found_where_it_arrived(account: Account, anna: Person) -> None:
    since = await account.loses(anna, "hello", "after")

    assert await account.finds(anna, "hello", since) == str(max(anna.chat.messages))


async def test_without_a_mark_nothing_is_asked(account: Account) -> None:
    boris = account.server.person()
    await boris.writes("/start")
    since = await account.loses(boris, "hello", "after")

    assert since == ""
    assert await account.finds(boris, "hello", since) == ""
    assert account.server.asked[LOOK] == 0


async def test_a_message_of_theirs_is_not_taken_for_ours(account: Account, anna: Person) -> None:
    since = await account.loses(anna, "hello", "before")
    await anna.writes("hello")

    assert await account.finds(anna, "hello", since) == ""


async def test_the_same_words_in_another_chat_are_not_taken_for_it(
    account: Account, anna: Person
) -> None:
    boris = account.server.person()
    await boris.writes("/start")
    since = await account.loses(anna, "hello", "before")
    await account.loses(boris, "hello", "after")

    assert await account.finds(anna, "hello", since) == ""


async def test_one_that_comes_late_is_not_taken_for_a_later_one_with_the_same_words(
    account: Account, anna: Person
) -> None:
    earlier = await account.loses(anna, "Saved.", "late")
    assert await account.finds(anna, "Saved.", earlier) == ""
    later = await account.loses(anna, "Saved.", "before")
    await account.server.late_ones_act()

    assert await account.finds(anna, "Saved.", later) == ""


async def test_one_that_comes_late_is_not_written_over(account: Account, anna: Person) -> None:
    earlier = await account.loses(anna, "an earlier notice", "late")
    assert await account.finds(anna, "an earlier notice", earlier) == ""
    later = await account.loses(anna, "a later notice", "before")
    await account.server.late_ones_act()

    assert await account.finds(anna, "a later notice", later) == ""
    assert anna.chat.texts == ["first", "an earlier notice"]


async def test_of_two_that_nothing_accounts_for_none_is_touched(
    account: Account, anna: Person
) -> None:
    await account.loses(anna, "an earlier notice", "late")
    since = account.lookup.mark()
    await account.server.late_ones_act()
    await account.loses(anna, "a later notice", "after")
    await account.restarts()  # it does not know any more that there was an earlier one

    assert await account.finds(anna, "a later notice", since) == ""
    assert account.server.asked[COMPARE] == 0


async def test_other_words_are_never_taken_for_ours(account: Account, anna: Person) -> None:
    await account.loses(anna, "an earlier notice", "late")
    since = account.lookup.mark()
    await account.server.late_ones_act()
    await account.loses(anna, "a later notice", "before")
    await account.restarts()

    assert await account.finds(anna, "a later notice", since) == ""


async def test_after_a_restart_the_mark_is_enough(account: Account, anna: Person) -> None:
    account.server.skips(3)
    since = await account.loses(anna, "hello", "after")
    await account.restarts()

    assert await account.finds(anna, "hello", since) == str(max(anna.chat.messages))


async def test_a_chat_is_looked_at_again_once_its_message_was_found(
    account: Account, anna: Person
) -> None:
    for text in ("one", "two"):
        since = await account.loses(anna, text, "after")
        assert await account.finds(anna, text, since) == str(max(anna.chat.messages))


async def test_files_are_not_looked_for(account: Account, anna: Person) -> None:
    file = Message((paragraph("x"),), attachments=(Attachment("a.ics", "text/calendar", "x"),))
    since = account.lookup.mark()
    account.server.drop("sendDocument", "after")
    with pytest.raises(Unknown):
        await account.platform.send(str(anna.id), file, key="")

    found = await account.lookup.find(str(anna.id), file, since=since, turn=_at_once)

    assert found == ""
    assert account.server.asked[LOOK] == 0


@pytest.mark.parametrize("address", ["@somewhere", "-100", "-1000000000100", "12/7", ""])
async def test_only_private_chats_are_looked_at(account: Account, address: str) -> None:
    found = await account.lookup.find(address, _said("x"), since="1", turn=_at_once)

    assert found == ""
    assert account.server.asked[LOOK] == 0


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b'{"ok":false,"error_code":400,"description":"Bad Request: odd"}', Unknown),
        (403, b'{"ok":false,"error_code":403,"description":"Forbidden: x"}', RecipientGone),
        (429, b'{"ok":false,"error_code":429,"description":"Too Many Requests"}', TryLater),
        (404, b"<html>Not Found</html>", TryLater),
        (502, b"<html>Bad Gateway</html>", Unknown),
        (200, b'{"ok":true,"result":true}', Unknown),
    ],
)
async def test_an_answer_that_tells_nothing_is_an_error_and_never_a_yes(
    account: Account, anna: Person, status: int, body: bytes, error: type[PlatformError]
) -> None:
    since = await account.loses(anna, "hello", "after")
    account.server.fail(LOOK, status, body)

    with pytest.raises(error):
        await account.finds(anna, "hello", since)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_comparison_without_an_answer_is_an_error(
    account: Account, anna: Person, when: When
) -> None:
    since = await account.loses(anna, "hello", "after")
    account.server.drop(COMPARE, when)

    with pytest.raises(Unknown):
        await account.finds(anna, "hello", since)


async def test_every_request_waits_for_its_turn(account: Account, anna: Person) -> None:
    since = await account.loses(anna, "hello", "after")
    turns: list[int] = []

    async def turn() -> None:
        turns.append(account.server.asked[LOOK] + account.server.asked[COMPARE])

    await account.lookup.find(str(anna.id), _said("hello"), since=since, turn=turn)

    assert turns == list(range(len(turns)))
    assert len(turns) == account.server.asked[LOOK] + account.server.asked[COMPARE] > 1


async def test_updates_account_for_numbers(account: Account, anna: Person) -> None:
    await anna.writes("hello")
    await _hear(account)

    assert account.lookup.mark() == str(max(anna.chat.said))


async def _hear(account: Account) -> None:
    heard = asyncio.Event()

    async def receive(_requests: object, _cursor: object) -> None:
        heard.set()

    listening = asyncio.create_task(account.platform.listen(receive, None))
    await heard.wait()
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


def test_numbers_of_supergroups_and_channels_tell_nothing() -> None:
    numbers = Numbers()
    numbers.note(77, 5)
    numbers.note(-1_000_000_000_100, 900)
    numbers.note(-100, 7)

    assert numbers.highest == 7
    assert numbers.unexplained(5)[0] == 6


def test_the_numbers_looked_at_are_few_and_in_order() -> None:
    numbers = Numbers()
    for number in (*range(1, 101), *range(111, 201)):
        numbers.note(77, number)

    assert numbers.unexplained(100) == list(range(101, 109))
    assert numbers.unexplained(150) == [201, 202, 203]


def test_numbers_of_long_ago_are_forgotten_but_those_of_a_stalled_answer_are_not() -> None:
    numbers = Numbers()
    for number in range(1, 20_001):
        numbers.note(77, number)

    assert numbers.unexplained(20_000 - 30 * 60) == [20_001, 20_002, 20_003]
