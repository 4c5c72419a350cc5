"""The encryption store: readable by nobody else, and never used when it is an old one."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bot.platforms.base import Unusable
from bot.platforms.matrix import cross_signing
from bot.platforms.matrix.http import Http, Refused
from handlers.message import Event
from tests.fakes.matrix_bot import Bot, deliver, message
from tests.fakes.proxy import FaultyProxy
from tests.fakes.synapse import Homeserver, MatrixPerson


@pytest.fixture
async def bot(homeserver: Homeserver, tmp_path: Path) -> Bot:
    bot = Bot(homeserver.url, await homeserver.register("tocsin"), tmp_path / "bot")
    bot.patience = replace(bot.patience, count_again=0.05)
    return bot


async def _talks(bot: Bot, person: MatrixPerson) -> str:
    """Somebody has an encrypted chat with the bot and has heard from it; the room."""
    async with bot.running() as matrix:
        await bot.follows()
        room = await person.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        await matrix.send(room, message("first"), key="1")
        await person.hears(room, "first")
    return room


async def _number(bot: Bot) -> int:
    """What the homeserver has been told about the store."""
    token = json.loads(bot.keep.values["device"])["access_token"]
    path = f"/user/{bot.user_id}/account_data/tocsin.store"
    try:
        answer = await Http(bot.url, token).call("GET", path)
    except Refused:  # nothing yet
        return 0
    return int(answer["number"])


async def _is_counted(bot: Bot, before: int) -> None:
    """The homeserver has been told that there is more in the store."""
    async with asyncio.timeout(15):
        while await _number(bot) <= before:  # noqa: ASYNC110 -- the homeserver tells nobody
            await asyncio.sleep(0.02)


def _put_back(copy: Path, bot: Bot) -> None:
    shutil.rmtree(bot.store)
    shutil.copytree(copy, bot.store)


async def test_an_old_store_that_was_put_back_is_replaced_by_a_new_device_of_the_same_account(
    bot: Bot, aigerim: MatrixPerson, tmp_path: Path
) -> None:
    room = await _talks(bot, aigerim)
    shutil.copytree(bot.store, tmp_path / "backup")
    kept, number = dict(bot.keep.values), await _number(bot)
    async with bot.running() as matrix:
        await _is_counted(bot, number)
        old = matrix._device.device_id
        master = (await cross_signing.published(matrix._http(), matrix._device)).master
        await matrix.send(room, message("second"), key="2")
        await aigerim.hears(room, "second")

    _put_back(tmp_path / "backup", bot)
    bot.keep.values = kept  # the database was put back, too
    async with bot.running() as matrix:
        await matrix.send(room, message("third"), key="3")
        assert matrix._device.device_id != old
        own = await cross_signing.published(matrix._http(), matrix._device)
    await aigerim.hears(room, "third")

    assert not aigerim.unreadable(room)
    assert own.master is not None
    assert master is not None
    assert own.master["keys"] == master["keys"]
    assert own.vouched(bot.user_id)
    asked: dict[str, object] = {"device_keys": {bot.user_id: []}}
    http = Http(bot.url, aigerim.client.access_token)
    seen = (await http.call("POST", "/keys/query", asked))["device_keys"][bot.user_id]
    assert old not in seen  # nobody's client goes on encrypting for it


async def test_a_backup_made_while_the_bot_runs_is_old_as_soon_as_it_is_used_again(
    bot: Bot, aigerim: MatrixPerson, tmp_path: Path
) -> None:
    await _talks(bot, aigerim)
    number = await _number(bot)
    async with bot.running() as matrix:
        await _is_counted(bot, number)
        shutil.copytree(bot.store, tmp_path / "backup")
        number = await _number(bot)
        room = await aigerim.talks_to(bot.user_id)  # one whose key is not handed over yet
        await deliver(matrix, room, message("second"), "2")
        await _is_counted(bot, number)
        device = matrix._device
    _put_back(tmp_path / "backup", bot)
    with pytest.raises(Unusable, match="put back from a backup") as stopped:
        async with bot.platform(password="", access_token=device.access_token):
            pass
    assert "password_file" in stopped.value.remedy
    assert "access_token_file" in stopped.value.remedy


async def test_an_old_store_is_noticed_even_if_nobody_could_be_asked_at_first(
    homeserver: Homeserver, bot: Bot, aigerim: MatrixPerson, tmp_path: Path
) -> None:
    async with FaultyProxy(homeserver.url) as proxy:
        bot.url = proxy.url
        await _talks(bot, aigerim)
        shutil.copytree(bot.store, tmp_path / "backup")
        number = await _number(bot)
        async with bot.running():
            await _is_counted(bot, number)
        _put_back(tmp_path / "backup", bot)
        proxy.fail("/account_data/", (502, "<html>Bad Gateway</html>"))
        async with bot.platform() as matrix:
            with pytest.raises(Unusable, match="put back from a backup"):
                async with asyncio.timeout(30):
                    await matrix.listen(bot.receive, bot.cursor)


async def test_another_devices_store_is_replaced_by_a_new_device(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    room = await _talks(bot, aigerim)
    old = bot.keep.values["device"]
    for file in bot.store.iterdir():
        file.write_bytes(b"")  # so the library makes itself another account
    async with bot.running() as matrix:
        await matrix.send(room, message("second"), key="2")
    await aigerim.hears(room, "second")
    assert bot.keep.values["device"] != old


async def test_a_store_in_use_is_counted_and_taken_up_again(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    await _talks(bot, aigerim)
    device = bot.keep.values["device"]
    for _ in range(2):
        number = await _number(bot)
        async with bot.running():
            await _is_counted(bot, number)
    assert bot.keep.values["device"] == device
