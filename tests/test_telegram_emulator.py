"""The fake Telegram refuses what Telegram refuses, asked by the real python-telegram-bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import (
    Bot,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

from bot.platforms.telegram.request import AiohttpRequest
from tests.fakes.telegram import BotApi, Limits
from tests.fakes.telegram_texts import link_target


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
async def chat(telegram_server: BotApi) -> int:
    person = telegram_server.person()
    await person.writes("/start")
    return person.id


def _keyboard(**action: object) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("x", **action)]])  # type: ignore[arg-type]


async def test_a_text_may_have_4096_utf_16_units(bot: Bot, chat: int) -> None:
    await bot.send_message(chat, "🙂" * 2048)

    with pytest.raises(BadRequest, match=r"(?i)too long"):
        await bot.send_message(chat, "🙂" * 2048 + "x")
    with pytest.raises(BadRequest, match=r"(?i)text is empty"):
        await bot.send_message(chat, "  ")


async def test_entities_must_lie_on_letters(bot: Bot, chat: int) -> None:
    await bot.send_message(chat, "🙂b", entities=[MessageEntity("bold", 2, 1)])

    with pytest.raises(BadRequest, match=r"(?i)in a middle of a utf-16 symbol"):
        await bot.send_message(chat, "🙂b", entities=[MessageEntity("bold", 1, 1)])
    with pytest.raises(BadRequest, match=r"(?i)ends after the end of the text"):
        await bot.send_message(chat, "ab", entities=[MessageEntity("bold", 1, 5)])


async def test_markup_to_parse_and_unknown_parameters_are_refused(bot: Bot, chat: int) -> None:
    with pytest.raises(BadRequest):
        await bot.send_message(chat, "<b>x</b>", parse_mode="HTML")
    with pytest.raises(BadRequest, match=r"(?i)unknown parameter"):
        await bot.send_message(chat, "x", api_kwargs={"colour": "red"})


async def test_buttons_are_checked(bot: Bot, chat: int) -> None:
    await bot.send_message(chat, "x", reply_markup=_keyboard(callback_data="d" * 64))
    await bot.send_message(chat, "x", reply_markup=_keyboard(copy_text=CopyTextButton("c" * 256)))
    with pytest.raises(BadRequest, match=r"(?i)BUTTON_URL_INVALID"):
        await bot.send_message(chat, "x", reply_markup=_keyboard(url="tel:+77172"))
    with pytest.raises(BadRequest, match=r"(?i)BUTTON_DATA_INVALID"):
        await bot.send_message(chat, "x", reply_markup=_keyboard(callback_data="ж" * 33))


def test_a_mailto_link_becomes_a_link_to_the_ministrys_web_server() -> None:
    assert link_target("mailto:Kense@mvd.kz?subject=x") == "http://mailto:Kense@mvd.kz?subject=x"
    assert link_target("tel:+77172745524") == ""
    assert link_target("https://example.org") == "https://example.org"


async def test_refusals_have_telegrams_words(telegram_server: BotApi, bot: Bot, chat: int) -> None:
    person = telegram_server.person(chat)
    person.blocks()
    with pytest.raises(Forbidden, match=r"(?i)bot was blocked by the user"):
        await bot.send_message(chat, "x")
    with pytest.raises(Forbidden, match=r"(?i)can't initiate conversation"):
        await bot.send_message(telegram_server.person().id, "x")
    with pytest.raises(BadRequest, match=r"(?i)chat not found"):
        await bot.send_message(999999, "x")
    group = telegram_server.group(supergroup=False)
    new = telegram_server.migrates(group)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "x")
    assert moved.value.new_chat_id == new.id
    new.kicks_bot(person)
    with pytest.raises(Forbidden, match=r"(?i)kicked from the supergroup chat"):
        await bot.send_message(new.id, "x")


async def test_edits_and_deletions_are_checked(bot: Bot, chat: int) -> None:
    sent = await bot.send_message(chat, "x")

    with pytest.raises(BadRequest, match=r"(?i)not modified"):
        await bot.edit_message_text("x", chat, sent.message_id)
    await bot.edit_message_text("y", chat, sent.message_id)
    await bot.delete_message(chat, sent.message_id)
    with pytest.raises(BadRequest, match=r"(?i)message to edit not found"):
        await bot.edit_message_text("z", chat, sent.message_id)


async def test_limits_answer_429(telegram_server: BotApi, bot: Bot, chat: int) -> None:
    telegram_server.limits = Limits(per_second=2)
    await bot.send_message(chat, "1")
    await bot.send_message(chat, "2")

    with pytest.raises(RetryAfter):
        await bot.send_message(chat, "3")


async def test_updates_stay_until_they_are_confirmed(
    telegram_server: BotApi, bot: Bot, chat: int
) -> None:
    assert chat
    first = await bot.get_updates()
    assert [update.update_id for update in await bot.get_updates()] == [first[0].update_id]

    assert await bot.get_updates(offset=first[0].update_id + 1) == ()


async def test_updates_are_forgotten_after_a_day(
    telegram_server: BotApi, bot: Bot, chat: int
) -> None:
    assert chat
    later = telegram_server.clock() + 86401
    telegram_server.clock = lambda: later

    assert await bot.get_updates() == ()


async def test_allowed_updates_are_remembered(telegram_server: BotApi, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    await telegram_server.person().writes("/start")

    assert await bot.get_updates() == ()


async def test_two_pollers_conflict(telegram_server: BotApi, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(bot.get_updates(timeout=1))

    with pytest.raises(Conflict, match=r"(?i)terminated by other getUpdates"):
        await first
    await second


async def test_a_revoked_token_and_a_broken_gateway(telegram_server: BotApi, bot: Bot) -> None:
    telegram_server.fail("getMe", status=502)
    with pytest.raises(NetworkError):
        await bot.get_me()
    telegram_server.revoke_token()

    with pytest.raises(InvalidToken):
        await bot.get_me()


async def test_groups_show_the_bot_commands_only(telegram_server: BotApi, bot: Bot) -> None:
    group, person = telegram_server.group(), telegram_server.person()
    await person.writes("hello", group)
    await person.writes("/help", group)

    assert [it.message.text for it in await bot.get_updates() if it.message] == ["/help"]
