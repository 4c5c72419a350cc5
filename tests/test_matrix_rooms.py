from __future__ import annotations

from pathlib import Path

import pytest

from bot.platforms.base import RecipientGone, TryLater
from bot.platforms.matrix import invitations, sync
from handlers.message import (
    ChatKind,
    Event,
)
from tests.fakes.matrix_bot import Bot, message, wait_until
from tests.fakes.synapse import Homeserver, MatrixPerson


@pytest.fixture
async def bot(homeserver: Homeserver, tmp_path: Path) -> Bot:
    return Bot(homeserver.url, await homeserver.register("tocsin"), tmp_path / "bot")


async def test_a_group_hears_commands_only_and_knows_its_admins(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running():
        await bot.follows()
        room = await aigerim.opens_room(invite=[bot.user_id, bob.user_id])
        await bob.looks()
        await bob.joins(room)
        await aigerim.sees_member(room, bot.user_id)
        assert (await bot.gets(Event.ADDED)).kind is ChatKind.GROUP
        await bob.writes(room, "we talk among ourselves")
        await bob.writes(room, "!country GB")
        await aigerim.writes(room, "/country FR")
        plain = await bot.gets("!country GB")
        creator = await bot.gets("/country FR")
        assert (plain.kind, plain.is_admin) == (ChatKind.GROUP, False)
        assert (creator.kind, creator.is_admin) == (ChatKind.GROUP, True)
        levels = (await aigerim.client.room_get_state_event(room, "m.room.power_levels")).content
        levels["users"] = {bob.user_id: 50}
        await aigerim.client.room_put_state(room, "m.room.power_levels", levels)
        await bob.writes(room, "!country AT")
        assert (await bot.gets("!country AT")).is_admin is True
    assert bot.texts() == ["!country GB", "/country FR", "!country AT"]


async def test_being_put_out_of_a_room_is_told_even_if_it_happened_while_down(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        other = await aigerim.talks_to(bot.user_id, encrypted=False)
        await wait_until(lambda: {room, other} <= matrix._client.rooms.keys())
        await aigerim.client.room_kick(room, bot.user_id)
        removed = await bot.gets(Event.REMOVED)
        assert (removed.address, removed.sender) == (room, aigerim.user_id)
        assert removed.kind is ChatKind.PRIVATE
        with pytest.raises(RecipientGone):
            await matrix.send(room, message("anybody?"), key="1")

    bot.inbox.clear()
    await aigerim.client.room_ban(other, bot.user_id)
    async with bot.running() as matrix:
        assert (await bot.gets(Event.REMOVED)).address == other
        with pytest.raises(RecipientGone):
            await matrix.send(other, message("anybody?"), key="1")


async def test_nothing_said_before_the_bot_came_is_answered(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running():
        await bot.follows()
    room = await aigerim.opens_room()
    await aigerim.writes(room, "before")
    await aigerim.client.room_invite(room, bot.user_id)  # while the bot is down
    await aigerim.writes(room, "invited")
    async with bot.running():
        await bot.gets(Event.ADDED)
        await aigerim.writes(room, "now")
        await bot.gets("now")
    assert bot.texts() == ["now"]


async def test_a_first_start_leaves_the_past_alone(bot: Bot, aigerim: MatrixPerson) -> None:
    async with bot.running():
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
    await aigerim.writes(room, "long ago")
    bot.inbox.clear()
    bot.cursor = None  # a new database
    async with bot.running():
        await bot.follows()
        await aigerim.writes(room, "now")
        await bot.gets("now")
    assert [one.text for one in bot.inbox] == ["now"]


async def test_more_messages_than_a_sync_brings_are_all_fetched(
    bot: Bot, aigerim: MatrixPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "TIMELINE_EVENTS", 3)
    async with bot.running():
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
    written = [f"/case {number}" for number in range(11)]
    for text in written:
        await aigerim.writes(room, text)
    async with bot.running():
        await bot.gets(written[-1])
    assert bot.texts() == written


async def test_an_edit_says_nothing_anew_and_a_reply_only_what_was_written(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        ref = await matrix.send(room, message("Which country?"), key="1")
        mine = await aigerim.writes(room, "/alert first")
        await aigerim.edits(room, mine, "/alert second")
        reply = {"m.relates_to": {"m.in_reply_to": {"event_id": ref}}}
        await aigerim.writes(room, f"> <{bot.user_id}> Which country?\n\nGB", **reply)
        await aigerim.writes(room, "> a line of my own")
        await bot.gets("> a line of my own")
    assert bot.texts() == ["/alert first", "GB", "> a line of my own"]


async def test_a_room_that_moved_is_followed(bot: Bot, aigerim: MatrixPerson) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        new = await aigerim.opens_room(invite=[bot.user_id], instead_of=room)
        await aigerim.sees_member(new, bot.user_id)
        await aigerim.closes_room(room, new)
        moved = await bot.gets(Event.MOVED)
        assert (moved.address, moved.moved_to) == (room, new)
        await matrix.send(new, message("here too"), key="1")
        await aigerim.hears(new, "here too")


async def test_a_room_that_was_upgraded_is_the_same_chat(bot: Bot, aigerim: MatrixPerson) -> None:
    async with bot.running():
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        bot.inbox.clear()
        new = await aigerim.upgrades(room)
        await aigerim.client.room_invite(new, bot.user_id)
        await bot.gets(Event.ADDED)
    moved, added = bot.inbox  # in this order: who comes in is no stranger
    assert (moved.event, moved.address, moved.moved_to) == (Event.MOVED, room, new)
    assert (added.event, added.address) == (Event.ADDED, new)
    assert moved.event_id != added.event_id


async def test_nobody_moves_into_a_room_that_does_not_say_so(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        hers = await aigerim.talks_to(bot.user_id)
        his = await bob.talks_to(bot.user_id, encrypted=False)
        await bob.closes_room(his, hers)  # it would take her chat's place
        false = await bob.opens_room(invite=[bot.user_id], instead_of=hers)
        await bob.sees_member(false, bot.user_id)  # it would take her chat over
        await aigerim.writes(hers, "hello")
        await bob.writes(false, "hello, too")
        await bot.gets("hello")
        await bot.gets("hello, too")
        assert hers in matrix._client.rooms
    assert [one for one in bot.inbox if one.event is Event.MOVED] == []


async def test_a_flood_of_invitations_is_joined_slowly_and_none_is_forgotten(
    bot: Bot, aigerim: MatrixPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "JOINS_PER_HOUR", 1)
    async with bot.running() as matrix:
        await bot.follows()
        rooms = {await aigerim.opens_room(invite=[bot.user_id], direct=True) for _ in range(2)}
        first = await bot.gets(Event.ADDED)
        (second,) = rooms - {first.address}
        await wait_until(lambda: matrix._invitations.expects(second))
        with pytest.raises(TryLater):
            await matrix.send(second, message("not yet"), key="1")
    assert len(bot.inbox) == 1
    bot.inbox.clear()
    async with bot.running():
        assert (await bot.gets(Event.ADDED)).address == second


async def test_who_leaves_a_direct_chat_is_gone(bot: Bot, aigerim: MatrixPerson) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        await aigerim.client.room_leave(room)
        removed = await bot.gets(Event.REMOVED)
        assert (removed.address, removed.sender) == (room, aigerim.user_id)
        with pytest.raises(RecipientGone):
            await matrix.send(room, message("anybody?"), key="1")
