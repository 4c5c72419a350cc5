"""How the fake Telegram numbers messages, and what it tells about a number one only guesses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.error import BadRequest, NetworkError

from bot.platforms.telegram.request import AiohttpRequest
from tests.fakes.telegram import BotApi
from tests.fakes.telegram_chats import Person


@pytest.fixture
async def bot(telegram_server: BotApi) -> AsyncIterator[Bot]:
    bot = Bot(
        telegram_server.token,
        base_url=f"{telegram_server.url}/bot",
        request=AiohttpRequest(),
        get_updates_request=AiohttpRequest(),
    )
    async with bot:
        yield bot


@pytest.fixture
async def anna(telegram_server: BotApi) -> Person:
    person = telegram_server.person()
    await person.writes("/start")
    return person


async def _number(bot: Bot, chat: int) -> int:
    return (await bot.send_message(chat, "x")).message_id


async def _refusal(bot: Bot, chat: int, number: int) -> str:
    with pytest.raises(BadRequest) as refused:
        await bot.stop_message_live_location(chat, number)
    return refused.value.message.lower()


async def test_private_chats_and_basic_groups_share_one_row_of_numbers(
    telegram_server: BotApi, bot: Bot, anna: Person
) -> None:
    boris, group = telegram_server.person(), telegram_server.group(supergroup=False)
    await boris.writes("/start")

    first = await _number(bot, anna.id)
    numbers = [await _number(bot, chat) for chat in (boris.id, group.id, anna.id)]

    assert numbers == [first + 1, first + 2, first + 3]


async def test_what_others_write_and_what_nobody_sees_takes_numbers_too(
    telegram_server: BotApi, bot: Bot, anna: Person
) -> None:
    group = telegram_server.group(supergroup=False)
    first = await _number(bot, anna.id)

    await anna.writes("hello")
    await group.says(anna, "not for the bot")  # privacy mode: it never hears of this
    group.joins(anna)
    telegram_server.skips(3)

    assert await _number(bot, anna.id) == first + 7


async def test_supergroups_and_channels_count_for_themselves(
    telegram_server: BotApi, bot: Bot, anna: Person
) -> None:
    first = await _number(bot, anna.id)

    assert await _number(bot, telegram_server.group().id) == 1
    assert await _number(bot, telegram_server.channel().id) == 1
    assert await _number(bot, anna.id) == first + 1


async def test_ending_a_live_location_that_is_none_tells_what_a_number_stands_for(
    telegram_server: BotApi, bot: Bot, anna: Person
) -> None:
    boris = telegram_server.person()
    theirs = (await anna.writes("hello"))["message_id"]
    await boris.writes("/start")
    text = await _number(bot, anna.id)
    file = (await bot.send_document(anna.id, b"x", filename="a.ics", caption="c")).message_id
    deleted, elsewhere = await _number(bot, anna.id), await _number(bot, boris.id)
    await bot.delete_message(anna.id, deleted)
    before = dict(anna.chat.messages)

    for ours in (text, file):
        assert "no live location in the message to edit" in await _refusal(bot, anna.id, ours)
    assert "can't be edited" in await _refusal(bot, anna.id, theirs)
    for absent in (deleted, elsewhere, elsewhere + 1):
        assert "message to edit not found" in await _refusal(bot, anna.id, absent)

    assert anna.chat.messages == before


async def test_what_is_late_arrives_after_everybody_has_given_up(
    telegram_server: BotApi, bot: Bot, anna: Person
) -> None:
    telegram_server.drop("sendMessage", "late")
    with pytest.raises(NetworkError):
        await bot.send_message(anna.id, "late")
    assert anna.chat.texts == []
    soon = await _number(bot, anna.id)

    await telegram_server.late_ones_act()

    assert anna.chat.texts == ["x", "late"]
    assert max(anna.chat.messages) == soon + 1


async def test_a_repeated_edit_says_not_modified_though_it_has_changed_something(
    telegram_server: BotApi, bot: Bot, anna: Person
) -> None:
    number = await _number(bot, anna.id)
    telegram_server.repeat("editMessageText")

    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text("y", anna.id, number)

    assert anna.chat.texts == ["y"]
