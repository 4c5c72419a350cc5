from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nio
import pytest

from bot.platforms.base import Rejected, TryLater, Unknown, Unreadable
from bot.platforms.matrix import sync
from bot.platforms.matrix.http import Http
from bot.platforms.matrix.patience import Patience
from bot.platforms.matrix.unread import MAX_HELD_A_ROOM, Unread
from handlers.message import ChatKind, Event
from tests.fakes.matrix_bot import Bot, deliver, message, wait_until
from tests.fakes.proxy import FaultyProxy
from tests.fakes.synapse import Homeserver, MatrixPerson


@pytest.fixture
async def proxy(homeserver: Homeserver) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(homeserver.url) as proxy:
        yield proxy


@pytest.fixture
async def bot(homeserver: Homeserver, proxy: FaultyProxy, tmp_path: Path) -> Bot:
    return Bot(proxy.url, await homeserver.register("tocsin"), tmp_path / "bot")


async def test_a_room_key_that_did_not_arrive_is_sent_again_before_the_message(
    bot: Bot, aigerim: MatrixPerson, proxy: FaultyProxy
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        lost = proxy.fail("/sendToDevice/", (500, {"errcode": "M_UNKNOWN", "error": "oops"}))
        with pytest.raises(TryLater):
            await matrix.send(room, message("sealed"), key="1")
        assert lost.hits == 1
        assert not any("/send/m.room.encrypted" in path for path in proxy.paths)
        await matrix.send(room, message("sealed"), key="1")
    await aigerim.hears(room, "sealed")
    assert not aigerim.unreadable(room)


@pytest.mark.parametrize("step", ["/keys/claim", "/joined_members"])
async def test_a_failed_step_before_sending_neither_hangs_nor_sends(
    bot: Bot, aigerim: MatrixPerson, proxy: FaultyProxy, step: str
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        failing = proxy.fail(step, (500, {"errcode": "M_UNKNOWN", "error": "oops"}))
        with pytest.raises(TryLater):
            await matrix.send(room, message("sealed"), key="1")
        assert failing.hits == 1
        async with asyncio.timeout(5):
            await matrix.send(room, message("sealed"), key="1")
    assert (await aigerim.hears(room, "sealed")).encrypted


async def test_a_device_without_keys_is_passed_over_and_blocks_nobody(
    homeserver: Homeserver,
    bot: Bot,
    proxy: FaultyProxy,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    account = await homeserver.register("aigerim")
    async with (
        MatrixPerson(homeserver, account, tmp_path / "old") as old_phone,
        MatrixPerson(homeserver, account, tmp_path / "new") as phone,
        bot.running() as matrix,
    ):
        await old_phone.is_robbed_of_keys()
        await bot.follows()
        room = await phone.opens_room(invite=[bot.user_id], encrypted=True, direct=True)
        await bot.gets(Event.ADDED)
        oops: tuple[int, dict[str, object] | str]
        oops = (500, {"errcode": "M_UNKNOWN", "error": "oops"})
        failing = proxy.fail("/keys/claim", oops)
        with pytest.raises(TryLater):
            await matrix.send(room, message("1"), key="1")
        assert failing.hits == 1
        again = proxy.fail("/keys/claim", oops, skip=1)  # the library would claim a second time
        async with asyncio.timeout(5):
            await matrix.send(room, message("2"), key="2")
        assert again.hits == 0
        await phone.hears(room, "2")
    assert "1 devices have no keys" in caplog.text


async def test_nothing_is_said_where_nobody_could_read_it(
    homeserver: Homeserver, bot: Bot, tmp_path: Path
) -> None:
    account = await homeserver.register("aigerim")
    async with (
        MatrixPerson(homeserver, account, tmp_path / "old") as old_phone,
        bot.running() as matrix,
    ):
        await old_phone.is_robbed_of_keys()
        await bot.follows()
        room = await old_phone.opens_room(invite=[bot.user_id], encrypted=True, direct=True)
        await bot.gets(Event.ADDED)
        for _ in range(2):
            with pytest.raises(Unreadable, match="no device"):
                await matrix.send(room, message("sealed"), key="1")
        async with MatrixPerson(homeserver, account, tmp_path / "new") as phone:
            await deliver(matrix, room, message("sealed"), "1")
            await phone.hears(room, "sealed")
            assert not phone.unreadable(room)
        assert not old_phone.unreadable(room)


async def test_rooms_are_given_their_keys_before_anything_is_to_be_said(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson, proxy: FaultyProxy
) -> None:
    bot.patience = replace(bot.patience, warm_again=0.05)
    async with bot.running():
        await bot.follows()
        rooms = [await one.talks_to(bot.user_id) for one in (aigerim, bob)]
    proxy.fail("/sendToDevice/", (429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 10}))
    bot.patience = replace(bot.patience, cold_room=0.05)
    async with bot.running() as matrix:  # which keys were handed over is forgotten
        await matrix._sync.ready.wait()
        await wait_until(lambda: not any(matrix._client.is_cold(room) for room in rooms))
        proxy.paths.clear()
        for room in rooms:
            await matrix.send(room, message("at once"), key=f"key of {room}")
        assert not any("/keys/" in path or "/sendToDevice/" in path for path in proxy.paths)
    for one, room in zip((aigerim, bob), rooms, strict=True):
        assert (await one.hears(room, "at once")).encrypted
        assert not one.unreadable(room)


async def test_one_users_malformed_keys_do_not_hide_anothers(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    http = Http(bot.url, aigerim.client.access_token)
    asked: dict[str, object] = {"device_keys": {bob.user_id: []}}
    async with bot.running() as matrix:
        await matrix._sync.ready.wait()
        seen = (await http.call("POST", "/keys/query", asked))["device_keys"]
        bad = {"BAD": {"algorithms": [], "device_id": "BAD", "keys": {}}}  # names no user
        response = nio.KeysQueryResponse({aigerim.user_id: bad, **seen}, {})
        await matrix._client.receive_response(response)
        assert bob.client.device_id in matrix._client.device_store[bob.user_id]


async def test_a_lost_answer_is_unknown_and_repeating_makes_no_second_message(
    bot: Bot, aigerim: MatrixPerson, proxy: FaultyProxy
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        proxy.fail("/send/m.room.encrypted", "cut after", times=2)  # the client tries twice
        with pytest.raises(Unknown):
            await matrix.send(room, message("once"), key="1")
        await matrix.send(room, message("once"), key="1")
        await matrix.send(room, message("last"), key="2")
    await aigerim.hears(room, "last")
    assert [heard.body for heard in aigerim.heard(room)] == ["once", "last"]


async def test_what_the_homeserver_answers_says_what_to_do_next(
    bot: Bot, aigerim: MatrixPerson, proxy: FaultyProxy
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        limit = {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 2500}
        proxy.fail("/send/m.room.message", (429, limit))
        with pytest.raises(TryLater) as flood:
            await matrix.send(room, message("x"), key="1")
        assert (flood.value.flood, flood.value.retry_after) == (True, 2.5)
        proxy.fail("/send/m.room.message", (502, "<html>Bad Gateway</html>"))
        with pytest.raises(Unknown):
            await matrix.send(room, message("x"), key="1")
        proxy.fail("/send/m.room.message", (413, {"errcode": "M_TOO_LARGE", "error": "big"}))
        with pytest.raises(Rejected):
            await matrix.send(room, message("x"), key="1")
        proxy.fail("/send/m.room.message", "cut before", times=2)
        with pytest.raises(Unknown):
            await matrix.send(room, message("x"), key="1")


async def test_a_broken_homeserver_is_asked_again_with_pauses(
    bot: Bot, aigerim: MatrixPerson, proxy: FaultyProxy
) -> None:
    bot.patience = replace(bot.patience, first_pause=0.2)
    broken = proxy.fail("/sync", (502, "<html>Bad Gateway</html>"), times=4)
    started = time.monotonic()
    async with bot.running():
        await bot.follows()
        assert broken.hits == 4
        assert time.monotonic() - started > 0.5 * (0.2 + 0.4 + 0.8 + 1.6)
        room = await aigerim.talks_to(bot.user_id)  # and its rooms are known all the same
        await aigerim.writes(room, "hello")
        await bot.gets("hello")


async def test_a_hole_in_the_timeline_is_filled_even_if_fetching_fails_first(
    bot: Bot, aigerim: MatrixPerson, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "TIMELINE_EVENTS", 2)
    bot.patience = replace(bot.patience, first_pause=0.05)
    async with bot.running():
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
    written = [f"/case {number}" for number in range(5)]
    for text in written:
        await aigerim.writes(room, text)
    failing = proxy.fail("/messages", "cut before", times=2)
    async with bot.running():
        await bot.gets(written[-1])
    assert failing.hits == 2
    assert bot.texts() == written


async def test_a_crash_during_the_key_upload_does_not_spoil_the_device(
    bot: Bot, aigerim: MatrixPerson, proxy: FaultyProxy
) -> None:
    upload = proxy.fail("/keys/upload", "cut after", times=10_000)
    async with bot.running():
        await wait_until(lambda: upload.hits >= 1)  # taken by the homeserver, unknown to the bot
    upload.times = 0
    async with bot.running() as matrix:
        await matrix._sync.ready.wait()
        room = await aigerim.talks_to(bot.user_id)
        await aigerim.writes(room, "hello")
        await bot.gets("hello")
        await matrix.send(room, message("hello to you"), key="1")
    assert (await aigerim.hears(room, "hello to you")).encrypted


async def test_a_message_is_read_when_its_key_comes_late(
    homeserver: Homeserver, bot: Bot, proxy: FaultyProxy, tmp_path: Path
) -> None:
    account = await homeserver.register("aigerim")
    async with (
        MatrixPerson(homeserver, account, tmp_path / "aigerim", url=proxy.url) as aigerim,
        bot.running() as matrix,
    ):
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        late = proxy.fail("/sendToDevice/", "held back")
        written = await aigerim.writes(room, "sealed")
        assert late.hits == 1
        await wait_until(lambda: len(matrix._sync._translation.unread) > 0)
        assert bot.texts() == []
        await proxy.release()
        assert (await bot.gets("sealed")).event_id == written
        assert len(matrix._sync._translation.unread) == 0


async def test_who_writes_what_nobody_can_read_is_told_once(
    homeserver: Homeserver, bot: Bot, proxy: FaultyProxy, tmp_path: Path
) -> None:
    account = await homeserver.register("aigerim")
    bot.patience = replace(Patience(), poll=1, key_expected=0.2)
    async with (
        MatrixPerson(homeserver, account, tmp_path / "aigerim", url=proxy.url) as aigerim,
        bot.running() as matrix,
    ):
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        proxy.fail("/sendToDevice/", "held back")
        for words in ("sealed", "sealed, too", "and this"):
            await aigerim.writes(room, words)
        told = await bot.gets(Event.UNREADABLE)
        assert (told.address, told.sender, told.kind) == (room, account.user_id, ChatKind.PRIVATE)
        await wait_until(lambda: len(matrix._sync._translation.unread) == 0)
        assert [one.event for one in bot.inbox].count(Event.UNREADABLE) == 1
        await proxy.release()  # the key comes after all
        await aigerim.talks_to(bot.user_id)
        await wait_until(lambda: [it.event for it in bot.inbox].count(Event.ADDED) == 2)
        assert bot.texts() == []  # who was told to write it again has it done once


def test_nobody_pushes_out_what_others_wrote() -> None:
    unread = Unread(SimpleNamespace(), Patience())  # type: ignore[arg-type]
    for _ in range(MAX_HELD_A_ROOM * 2):
        unread.add("!flood:x", SimpleNamespace(room_id="!flood:x"))
    unread.add("!other:x", SimpleNamespace(room_id="!other:x"))

    assert len(unread) == MAX_HELD_A_ROOM + 1


async def test_a_join_that_fails_is_tried_again(
    bot: Bot, aigerim: MatrixPerson, proxy: FaultyProxy
) -> None:
    bot.patience = replace(bot.patience, join_again=0.1)
    failing = proxy.fail("/join", (500, {"errcode": "M_UNKNOWN", "error": "oops"}), times=2)
    async with bot.running():
        await bot.follows()
        await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
    assert failing.hits == 2
