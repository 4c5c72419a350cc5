"""Which rooms the bot joins, which it leaves, and how it greets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nio
import pytest

from bot.config import Groups
from bot.platforms.base import RecipientGone, TryLater
from bot.platforms.matrix import Matrix, invitations
from bot.platforms.matrix.doorkeeping import Door, Doorkeeper, Invitation, read_invitation
from bot.platforms.matrix.invitations import Allowance, _add
from handlers.message import Event
from tests.fakes.matrix_bot import Bot, message, wait_until
from tests.fakes.synapse import Homeserver, MatrixPerson

_PUBLIC = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "public"}}


@pytest.fixture
async def bot(homeserver: Homeserver, tmp_path: Path) -> Bot:
    return Bot(homeserver.url, await homeserver.register("tocsin"), tmp_path / "bot")


async def _room(person: MatrixPerson, bot: Bot, **how: object) -> str:
    answer = await person.client.room_create(invite=[bot.user_id], **how)
    assert isinstance(answer, nio.RoomCreateResponse), answer
    return str(answer.room_id)


async def _membership(person: MatrixPerson, room: str, user_id: str) -> str:
    answer = await person.client.room_get_state_event(room, "m.room.member", user_id)
    return str(answer.content["membership"])


async def _left(person: MatrixPerson, room: str, bot: Bot, matrix: Matrix) -> None:
    """The bot is out of the room, and has settled it for itself, too."""
    async with asyncio.timeout(10):
        while await _membership(person, room, bot.user_id) != "leave":  # noqa: ASYNC110 -- no event
            await asyncio.sleep(0.05)
    await wait_until(lambda: room not in matrix._invitations._waiting)
    assert room not in matrix._client.rooms


async def _stays(person: MatrixPerson, room: str, bot: Bot, matrix: Matrix) -> None:
    """The bot hears what is said there, and is not about to leave."""
    await person.writes(room, "!hello")
    await bot.gets("!hello")
    assert room in matrix._client.rooms
    assert not matrix._invitations.shuns(room)


def _knows(*people: MatrixPerson) -> Callable[[str], Awaitable[bool]]:
    async def knows(user_id: str) -> bool:
        return user_id in [person.user_id for person in people]

    return knows


async def test_a_public_room_is_joined_only_for_an_organiser(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running(door=Doorkeeper("anyone", _knows(aigerim))) as matrix:
        await bot.follows()
        strangers = await _room(bob, bot, initial_state=[_PUBLIC])
        await _left(bob, strangers, bot, matrix)
        organisers = await _room(aigerim, bot, initial_state=[_PUBLIC])
        assert (await bot.gets(Event.ADDED)).address == organisers
    assert len(bot.inbox) == 1


async def test_a_space_is_never_joined(bot: Bot, aigerim: MatrixPerson) -> None:
    async with bot.running(door=Doorkeeper("anyone", _knows(aigerim))) as matrix:
        await bot.follows()
        space = await _room(aigerim, bot, space=True)
        await _left(aigerim, space, bot, matrix)
    assert bot.inbox == []


@pytest.mark.parametrize("groups", ["organisers", "nobody"])
async def test_groups_are_joined_as_the_operator_says_and_people_always(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson, groups: Groups
) -> None:
    async with bot.running(door=Doorkeeper(groups, _knows(aigerim))) as matrix:
        await bot.follows()
        refused = await bob.opens_room(invite=[bot.user_id])
        await _left(bob, refused, bot, matrix)
        organisers = await aigerim.opens_room(invite=[bot.user_id])
        if groups == "organisers":
            assert (await bot.gets(Event.ADDED)).address == organisers
        else:
            await _left(aigerim, organisers, bot, matrix)
        bot.inbox.clear()
        direct = await bob.opens_room(invite=[bot.user_id], direct=True)
        assert (await bot.gets(Event.ADDED)).address == direct


async def test_a_crowd_that_was_called_a_direct_chat_is_left_without_a_word(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running(door=Doorkeeper("organisers")) as matrix:
        await bot.follows()
        crowd = await aigerim.opens_room(invite=[bob.user_id, bot.user_id], direct=True)
        await wait_until(lambda: crowd in matrix._invitations._waiting or bot.inbox != [])
        await _left(aigerim, crowd, bot, matrix)
        with pytest.raises(RecipientGone):
            await matrix.send(crowd, message("hello all"), key="1")
    assert [one.event for one in bot.inbox if one.event is not Event.REMOVED] == []


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_chat_of_two_that_becomes_a_crowd_is_left(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson, *, restarted: bool
) -> None:
    async with bot.running(door=Doorkeeper("organisers", _knows(bob))) as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        if not restarted:
            await aigerim.client.room_invite(room, bob.user_id)
            await _left(aigerim, room, bot, matrix)
    if restarted:
        await aigerim.client.room_invite(room, bob.user_id)
        async with bot.running(door=Doorkeeper("organisers", _knows(bob))) as matrix:
            await _left(aigerim, room, bot, matrix)


async def test_a_chat_that_an_organiser_makes_a_group_stays(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running(door=Doorkeeper("organisers", _knows(aigerim))) as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id, encrypted=False)
        await bot.gets(Event.ADDED)
        await aigerim.client.room_invite(room, bob.user_id)
        await bob.joins(room)
        await _stays(bob, room, bot, matrix)


async def test_an_organisers_public_room_stays_when_strangers_come(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running(door=Doorkeeper("anyone", _knows(aigerim))) as matrix:
        await bot.follows()
        room = await _room(aigerim, bot, initial_state=[_PUBLIC])
        await bot.gets(Event.ADDED)
        await bob.client.join(room)
        await bob.sees_member(room, bob.user_id)
        await _stays(bob, room, bot, matrix)


async def test_a_group_that_is_opened_to_everybody_is_left(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.opens_room(invite=[bob.user_id, bot.user_id])
        await bot.gets(Event.ADDED)
        await aigerim.client.room_put_state(room, "m.room.join_rules", {"join_rule": "public"})
        await _left(aigerim, room, bot, matrix)


async def test_nobody_leads_the_bot_elsewhere(
    bot: Bot, aigerim: MatrixPerson, bob: MatrixPerson
) -> None:
    async with bot.running(door=Doorkeeper("nobody")) as matrix:
        await bot.follows()
        for mutual in (False, True):
            chat = await aigerim.talks_to(bot.user_id, encrypted=False)
            made = await aigerim.client.room_create(
                invite=[bob.user_id],
                initial_state=[_PUBLIC],
                predecessor={"room_id": chat} if mutual else None,
            )
            assert isinstance(made, nio.RoomCreateResponse)
            await aigerim.closes_room(chat, made.room_id)
            await aigerim.sees_member(made.room_id, bot.user_id)
            await _left(aigerim, made.room_id, bot, matrix)
    assert [one for one in bot.inbox if one.event is Event.MOVED] == []


async def test_what_is_to_be_left_is_left_after_a_restart(
    bot: Bot, aigerim: MatrixPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Allowance, "free_at", lambda *_, **__: float("inf"))
        async with bot.running(door=Doorkeeper("nobody")) as matrix:
            await bot.follows()
            room = await aigerim.opens_room(invite=[bot.user_id])
            await wait_until(lambda: matrix._invitations.expects(room))
            with pytest.raises(TryLater):
                await matrix.send(room, message("not yet"), key="1")
            assert await _membership(aigerim, room, bot.user_id) == "invite"
    async with bot.running(door=Doorkeeper("nobody")) as matrix:
        await bot.follows()
        await wait_until(lambda: room not in matrix._invitations._waiting)
    assert await _membership(aigerim, room, bot.user_id) == "leave"


async def test_whoever_was_refused_can_invite_again(bot: Bot, aigerim: MatrixPerson) -> None:
    async with bot.running(door=Doorkeeper("nobody")) as matrix:
        await bot.follows()
        room = await aigerim.opens_room(invite=[bot.user_id])
        await _left(aigerim, room, bot, matrix)
    async with bot.running(door=Doorkeeper("anyone")):
        await aigerim.client.room_invite(room, bot.user_id)
        assert (await bot.gets(Event.ADDED)).address == room


def _invited(room: str, server: str) -> Invitation:
    return Invitation(room, f"@crowd:{server}", Door.DIRECT)


async def test_one_homeserver_cannot_use_up_what_is_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(invitations, "ANSWERS_PER_SERVER", 2)
    monkeypatch.setattr(invitations, "JOINS_PER_HOUR", 3)
    allowance = Allowance()
    flood, other = _invited("!a:x", "flood.example"), _invited("!b:x", "calm.example")
    for _ in range(2):
        assert allowance.free_at(flood, joins=True) == 0
        allowance.use(flood, joins=True)
    assert allowance.free_at(flood, joins=True) > 0
    assert allowance.free_at(flood, joins=False) > 0
    assert allowance.free_at(other, joins=True) == 0
    allowance.use(other, joins=True)
    assert allowance.free_at(_invited("!c:x", "third.example"), joins=True) > 0
    assert allowance.free_at(_invited("!c:x", "third.example"), joins=False) == 0


def test_one_homeserver_cannot_fill_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MAX_WAITING_PER_SERVER", 2)
    monkeypatch.setattr(invitations, "MAX_WAITING", 3)
    waiting: dict[str, Invitation] = {}
    for number in range(5):
        _add(waiting, _invited(f"!{number}:x", "flood.example"))
    _add(waiting, _invited("!calm:x", "calm.example"))
    _add(waiting, _invited("!late:x", "third.example"))
    assert list(waiting) == ["!0:x", "!1:x", "!calm:x"]


_MEMBER = {
    "type": "m.room.member",
    "state_key": "@tocsin:x",
    "sender": "@bob:y",
    "content": {"membership": "invite", "is_direct": True},
}
_SPACE = {"type": "m.room.create", "state_key": "", "content": {"type": "m.space"}}


@pytest.mark.parametrize(
    ("state", "door"),
    [
        ([_MEMBER], Door.DIRECT),
        ([{**_MEMBER, "content": {"is_direct": "yes"}}], Door.GROUP),
        ([{**_MEMBER, "content": None}], Door.GROUP),
        ([_MEMBER, _PUBLIC], Door.PUBLIC),
        ([_PUBLIC, _SPACE, _MEMBER], Door.SPACE),
        ([_MEMBER, "nonsense", {"type": "m.room.create", "state_key": ""}], Door.DIRECT),
    ],
)
def test_an_invitation_is_read_however_it_is_made(state: list[Any], door: Door) -> None:
    assert read_invitation("!r:y", state, "@tocsin:x") == Invitation("!r:y", "@bob:y", door)


@pytest.mark.parametrize("state", [[], [{**_MEMBER, "sender": 3}], [_PUBLIC]])
def test_what_invites_nobody_is_no_invitation(state: list[Any]) -> None:
    assert read_invitation("!r:y", state, "@tocsin:x") is None
