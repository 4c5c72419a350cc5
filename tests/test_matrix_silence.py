"""Homeservers that do not tell their users' keys, and keys that reach their readers later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.platforms.base import Rejected
from bot.platforms.matrix.silence import Silence, server_of
from handlers.message import Attachment, Event, Message, paragraph
from tests.fakes.matrix_bot import Bot, message
from tests.fakes.matrix_person import MatrixPerson
from tests.fakes.synapse import Homeserver
from tests.matrix_talk import IMPATIENT, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAR = "@reader:far.example"


@pytest.fixture(autouse=True)
def _healed(talk: Talk) -> Iterator[None]:
    client = talk.matrix._client
    yield
    talk.wire.heal()
    client.olm.users_for_key_query.discard(FAR)
    client._silence._until.clear()


async def test_who_gave_no_answer_is_left_alone_for_a_while(talk: Talk) -> None:
    client = talk.matrix._client
    nobody = b'{"device_keys": {}, "failures": {"far.example": {"message": "down"}}}'
    told = talk.wire.answer("keys/query", 200, nobody)
    async with client._keys:
        client.olm.users_for_key_query.add(FAR)
        assert client.should_query_keys
        await client.keys_query()

    assert told.hits == 1
    assert not client.should_query_keys
    assert FAR in client.olm.users_for_key_query  # asked for again, but later
    client._silence._until["far.example"] = 0
    assert client.should_query_keys


async def test_our_own_homeserver_is_always_asked() -> None:
    silence = Silence("own.example", 60)
    silence.note(["own.example", "far.example", 7, None])

    assert not silence.covers("@a:own.example")
    assert silence.covers(FAR)
    assert server_of("@a:b:8448") == "b:8448"


async def test_who_changes_devices_while_keys_are_asked_for_is_asked_again(talk: Talk) -> None:
    client, reader = talk.matrix._client, talk.aigerim.user_id
    talk.wire.fail("keys/query", "slow drip")
    async with client._keys:
        client.olm.users_for_key_query.add(reader)
        asking = asyncio.create_task(client.keys_query())
        await asyncio.sleep(0.05)
        client.olm.add_changed_users({reader})
        await asking
        assert reader in client.olm.users_for_key_query
        await client.keys_query()
        assert reader not in client.olm.users_for_key_query


async def test_a_file_that_is_not_taken_says_nothing_of_the_room(talk: Talk) -> None:
    day = Attachment("day.ics", "text/calendar", "BEGIN:VCALENDAR")
    for status, code in ((403, b"M_FORBIDDEN"), (413, b"M_TOO_LARGE")):
        talk.wire.answer("/upload", status, b'{"errcode": "%s"}' % code, times=2)
        sent = Message(blocks=(paragraph("a day"),), attachments=(day,))
        with pytest.raises(Rejected):
            await talk.matrix.send(talk.room, sent, key=f"file {status}")
        talk.wire.heal()


async def test_who_could_not_be_given_the_key_gets_it_later(
    homeserver: Homeserver, talk: Talk, tmp_path: Path
) -> None:
    bot = Bot(homeserver.url, await homeserver.register("tocsin"), tmp_path / "bot")
    bot.patience = replace(IMPATIENT, share_again=0.1, request=5)
    bob = MatrixPerson(homeserver, await homeserver.register("bob"), tmp_path / "bob")
    async with bob, bot.running() as matrix:
        await bot.follows()
        await bob.is_robbed_of_keys()
        room = await talk.aigerim.opens_room(invite=[bot.user_id, bob.user_id], encrypted=True)
        await bot.gets(Event.ADDED)
        await bob.joins(room)
        await talk.aigerim.writes(room, "!he is here")
        await bot.gets("!he is here")
        await matrix.send(room, message("before"), key="1")
        await talk.aigerim.hears(room, "before")
        assert bob.client.olm is not None
        bob.client.olm.uploaded_key_count = 0
        await bob.client.keys_upload()
        await asyncio.sleep(0.2)
        await matrix.send(room, message("after"), key="2")
        await bob.hears(room, "after")
