"""A notice is written once for all its readers: each still gets exactly their own message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.base import Rejected, TryLater
from bot.platforms.telegram import Telegram
from bot.platforms.telegram.bodies import Bodies
from handlers.message import Bold, Button, Copyable, Heading, Link, Message, paragraph
from tests.fakes.telegram import BotApi

NOTICE = (Heading("Суд завтра 🇰🇿"), paragraph("Пишите ", Bold("сегодня")))


def _button(token: str) -> Button:
    return Button("О деле", command="/case x", token=token)


async def test_the_same_notice_reaches_two_chats_with_their_own_buttons(
    telegram_server: BotApi,
) -> None:
    people = [telegram_server.person() for _ in range(2)]
    for person in people:
        await person.writes("/start")

    async with Telegram(telegram_server.token, api_url=telegram_server.url) as telegram:
        for number, person in enumerate(people):
            message = Message(NOTICE, buttons=((_button(f"case x|1|{number}"),),))
            await telegram.send(str(person.id), message, key=str(number))

    for number, person in enumerate(people):
        [shown] = [it for it in person.chat.messages.values() if it.get("reply_markup")]
        assert shown["text"] == "Суд завтра 🇰🇿\n\nПишите сегодня"
        assert [it["type"] for it in shown["entities"]] == ["bold", "bold"]
        [[button]] = shown["reply_markup"]["inline_keyboard"]
        assert button["callback_data"] == f"case x|1|{number}"


@given(st.lists(st.tuples(st.text(max_size=8), st.booleans()), min_size=1, max_size=200))
@settings(deadline=None, max_examples=30)
def test_what_is_remembered_is_what_would_be_written_anew(said: list[tuple[str, bool]]) -> None:
    bodies = Bodies()
    kept = [Message((Copyable(text),)) for text, _ in said]

    for message, (text, again) in zip(kept, said, strict=True):
        about = {"chat_id": len(text)}
        for shown in (message, message if again else Message((Copyable(text),))):
            assert bodies.write(shown, about) == Bodies().write(message, about)


def test_more_messages_than_are_remembered_are_still_told_apart() -> None:
    bodies = Bodies()

    for turn in range(2):
        for number in range(300):
            body = json.loads(bodies.write(Message((paragraph(str(number)),)), {"chat_id": turn}))
            assert (body["text"], body["chat_id"]) == (str(number), turn)


def test_a_link_that_telegram_must_not_get_is_refused_every_time() -> None:
    bodies = Bodies()
    message = Message((paragraph(Link("write", "mailto:a@b.kz")),))

    for _ in range(2):
        with pytest.raises(Rejected):
            bodies.write(message, {"chat_id": 1})


# ------------------------------------------------------------------------------------- proxies


@asynccontextmanager
async def _proxy(asked: list[str]) -> AsyncIterator[str]:
    """A proxy that lets nothing through and remembers what it was asked for."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_the_proxy_of_the_environment_is_asked_with_its_password(
    telegram_server: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    async with (
        _proxy(asked) as proxy,
        Telegram(telegram_server.token, api_url=telegram_server.url) as telegram,
    ):
        monkeypatch.setenv("http_proxy", f"http://me:secret@{proxy}")
        with pytest.raises(TryLater):
            await telegram.send("1", Message(NOTICE), key="k")

    [request] = asked
    assert request.startswith(f"POST {telegram_server.url}/bot")
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in request


async def test_a_server_that_needs_no_proxy_is_asked_without(
    telegram_server: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    person = telegram_server.person()
    await person.writes("/start")
    async with _proxy(asked) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with Telegram(telegram_server.token, api_url=telegram_server.url) as telegram:
            assert await telegram.send(str(person.id), Message(NOTICE), key="k")

    assert asked == []
