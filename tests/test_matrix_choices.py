from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.message import Button, ChatKind, Event, Message, Origin, paragraph
from tests.fakes.matrix_bot import Bot, message
from tests.fakes.proxy import FaultyProxy
from tests.fakes.synapse import Homeserver, MatrixPerson

QUESTION = Message(
    (paragraph("Which?"),),
    buttons=(
        (
            Button("One", command="/case 1", token="t1"),
            Button("Two", command="/case 2", token="t2"),
        ),
        (Button("Send", command="/send 1", token="t3"),),
    ),
    answers=Origin("", ""),
)


@pytest.fixture
async def proxy(homeserver: Homeserver) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(homeserver.url) as proxy:
        yield proxy


@pytest.fixture
async def bot(homeserver: Homeserver, proxy: FaultyProxy, tmp_path: Path) -> Bot:
    return Bot(proxy.url, await homeserver.register("tocsin"), tmp_path / "bot")


async def test_a_choice_is_picked_by_a_reaction_a_reply_or_its_number(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        first = await matrix.send(room, QUESTION, key="first")
        assert await matrix.send(room, QUESTION, key="first") == first
        await aigerim.hears(room, "Which?")
        assert await aigerim.sees_reactions(first, 2) == ["1️⃣", "2️⃣"]

        own = await aigerim.writes(room, "of my own")
        for event_id, key in ((first, "👍"), (first, "3️⃣"), (own, "1️⃣")):
            await aigerim.reacts(room, event_id, key)
        pressed = await bot.gets(await aigerim.reacts(room, first, "2️⃣"))
        assert (pressed.event, pressed.button, pressed.text) == (Event.PRESSED, "t2", "")
        assert (pressed.sender, pressed.address) == (aigerim.user_id, room)
        assert (pressed.doubt, pressed.message_ref) == ("reaction", "")

    async with bot.running() as matrix:
        pressed = await bot.gets(await aigerim.writes(room, "2️⃣"))
        assert (pressed.event, pressed.button, pressed.doubt) == (Event.PRESSED, "t2", "")
        await matrix.send(room, message("What is your name?"), key="name")
        said = await bot.gets(await aigerim.writes(room, "1"))
        assert (said.event, said.button, said.text) == (Event.SAID, "t1", "1")
        said = await bot.gets(await aigerim.writes(room, "3"))
        assert (said.event, said.button, said.text) == (Event.SAID, "", "3")
        pressed = await bot.gets(await aigerim.replies(room, first, "> <@b:c> Which?\n\n1."))
        assert (pressed.event, pressed.button) == (Event.PRESSED, "t1")
    assert [one.event for one in bot.inbox].count(Event.PRESSED) == 3


async def test_an_edit_changes_what_the_numbers_stand_for(bot: Bot, aigerim: MatrixPerson) -> None:
    other = replace(QUESTION, buttons=((Button("Other", command="/case 3", token="t4"),),))
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        ref = await matrix.send(room, replace(QUESTION, answers=None), key="1")
        await matrix.edit(room, ref, other, key="1")
        assert (await bot.gets(await aigerim.reacts(room, ref, "1️⃣"))).button == "t4"
        await matrix.edit(room, ref, message("Over."), key="2")
        gone = await bot.gets(await aigerim.reacts(room, ref, "2️⃣"))
        assert (gone.event, gone.button) == (Event.PRESSED, "")


async def test_what_a_former_device_wrote_cannot_be_picked_any_more_and_that_is_said(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        ref = await matrix.send(room, QUESTION, key="1")
    del bot.keep.values["device"]
    async with bot.running():
        lost = await bot.gets(await aigerim.reacts(room, ref, "1️⃣"))
        assert (lost.event, lost.button) == (Event.PRESSED, "")


async def test_choices_in_the_clear_in_an_encrypted_room_are_nobodys(
    bot: Bot, proxy: FaultyProxy, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        ref = await matrix.send(room, QUESTION, key="1")
        content = {"msgtype": "m.text", "body": "", "org.tocsin.choices": ["t2", "t1"]}
        forged = {"type": "m.room.message", "sender": bot.user_id, "content": content}
        proxy.fail("/event/", (200, {**forged, "event_id": ref}))
        assert (await bot.gets(await aigerim.reacts(room, ref, "1️⃣"))).button == ""
        assert (await bot.gets(await aigerim.reacts(room, ref, "2️⃣"))).button == "t2"


async def test_a_choice_that_cannot_be_looked_up_holds_up_nothing(
    bot: Bot, proxy: FaultyProxy, aigerim: MatrixPerson
) -> None:
    bot.patience = replace(bot.patience, choices=0.5, first_pause=0.05)
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        ref = await matrix.send(room, QUESTION, key="1")
        proxy.fail("/event/", (502, "<html>"), times=2)
        pressed = await bot.gets(await aigerim.reacts(room, ref, "1️⃣"))
        assert (pressed.button, pressed.doubt) == ("t1", "")
        proxy.fail("/event/", (502, "<html>"), times=1000)
        lost = await bot.gets(await aigerim.reacts(room, ref, "2️⃣"))
        assert (lost.event, lost.button) == (Event.PRESSED, "")
        await aigerim.writes(room, "/help")
        await bot.gets("/help")


async def test_where_events_are_rationed_no_choice_is_offered_as_a_reaction(
    bot: Bot, proxy: FaultyProxy, aigerim: MatrixPerson
) -> None:
    limit: dict[str, object] = {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1000}
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        proxy.fail("/m.reaction/", (429, limit), skip=1)
        first = await matrix.send(room, QUESTION, key="1")
        assert await aigerim.sees_reactions(first, 1) == ["1️⃣"]
        await aigerim.settles(0.3)
        second = await matrix.send(room, QUESTION, key="2")
        await aigerim.hears(room, lambda one: one.event_id == second)
        await aigerim.settles(0.3)
        assert await aigerim.sees_reactions(first, 1) == ["1️⃣"]
        assert await aigerim.sees_reactions(second, 0) == []


async def test_in_a_group_an_answer_stands_beside_the_command_and_calls_who_gave_it(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.opens_room(invite=[bot.user_id, bob.user_id], encrypted=True)
        await bob.looks()
        await bob.joins(room)
        await aigerim.sees_member(room, bot.user_id)
        await aigerim.sees_member(room, bob.user_id)
        calls = {"m.mentions": {"user_ids": [bot.user_id]}}
        name = bot.user_id[1:].partition(":")[0]
        await aigerim.writes(room, f"{name}: !not for us")
        await aigerim.writes(room, f"{name}: look at this", **calls)
        written = await aigerim.writes(room, f"{name}: !help", **calls)
        said = await bot.gets("!help")
        assert (said.kind, said.event_id) == (ChatKind.GROUP, written)
        await matrix.send(room, replace(QUESTION, answers=said.origin), key="1")
        heard = await aigerim.hears(room, "Which?")
        assert heard.content["m.relates_to"] == {"m.in_reply_to": {"event_id": written}}
        assert heard.content["m.mentions"] == {"user_ids": [aigerim.user_id]}
        assert "• One — !case 1" in heard.body

        thread = {"rel_type": "m.thread", "event_id": written}
        asked = await aigerim.writes(room, "!actions", **{"m.relates_to": thread})
        answer = replace(message("In the thread"), answers=(await bot.gets("!actions")).origin)
        await matrix.send(room, answer, key="2")
        heard = await aigerim.hears(room, "In the thread")
        assert heard.content["m.relates_to"] == {
            **thread,
            "is_falling_back": False,
            "m.in_reply_to": {"event_id": asked},
        }
        await matrix.send(room, message("A notice"), key="3")
        heard = await aigerim.hears(room, "A notice")
        assert heard.content["m.mentions"] == {}
        assert "m.relates_to" not in heard.content
        assert await bob.sees_reactions(heard.event_id, 0) == []
    assert bot.texts() == ["!help", "!actions"]
