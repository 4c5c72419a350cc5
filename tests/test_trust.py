"""Organisers are believed with the key they were first known by, and with no other."""

from __future__ import annotations

import random
from itertools import count

import pytest

from handlers.message import Button, Message, Proof
from storage import organisers, pins
from storage.database import Database
from tests.people import Person, World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."
PREVIEW = "Preview of alert"
_NUMBERS = count(1)


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database, platform="matrix")
    await world.knows(sample())
    return world


def _by(*keys: str, number: int | None = None) -> Proof:
    """A message that these keys prove, at a place of its own unless one is named."""
    return Proof(keys, f"chain of {keys[-1]}", next(_NUMBERS) if number is None else number)


async def _known(world: World, *keys: str) -> Person:
    """An organiser whose first words these keys proved."""
    organiser = await world.organiser("aigerim")
    await organiser.says("/start", proof=_by(*keys))
    return organiser


async def _colleague(world: World) -> Person:
    other = await world.owner("owner")
    await other.says("/start")
    await other.listens()
    return other


async def _told(person: Person) -> str:
    return "\n".join(words(message) for message in await person.listens())


async def test_the_first_key_counts_and_no_other(world: World) -> None:
    aigerim = await _known(world, "master", "phone")

    assert PREVIEW in words(await aigerim.says(ALERT, proof=_by("master", "phone")))
    assert PREVIEW in words(await aigerim.says(ALERT, proof=_by("master", "laptop")))
    refused = words(await aigerim.says(ALERT, proof=_by("forged master", "forged phone")))
    assert "a session that I do not know as yours" in refused
    assert "session" in words(await aigerim.says(ALERT, proof=_by("invented device")))


async def test_a_device_that_nobody_vouched_for_stays_known_once_somebody_does(
    world: World,
) -> None:
    aigerim = await _known(world, "phone")

    assert PREVIEW in words(await aigerim.says(ALERT, proof=_by("master", "phone")))
    refused = words(await aigerim.says(ALERT, proof=_by("master", "laptop")))
    assert "a session that I do not know as yours" in refused


async def test_without_a_proof_nothing_counts_once_there_was_one(world: World) -> None:
    aigerim = await world.organiser("aigerim")
    refused = words(await aigerim.says(ALERT, proof=None))  # a plain room, and no key is known
    assert "this chat is not encrypted, so I cannot know" in refused

    assert PREVIEW in words(await aigerim.says(ALERT, proof=_by("master", "phone")))
    assert "I know you by your encryption key" in words(await aigerim.says(ALERT, proof=None))
    cases = await aigerim.says("/case bokayev-ayan", proof=None)
    assert "Bokayev" in words(cases)  # what everybody may, an organiser may in any room
    await aigerim.says(ALERT, proof=_by("master", "phone"))
    pressed = words(await aigerim.presses(_button(aigerim)))
    assert "reactions are not encrypted" in pressed


async def test_a_true_message_counts_once(world: World) -> None:
    aigerim = await _known(world, "master", "phone")
    once = _by("master", "phone")

    assert PREVIEW in words(await aigerim.says(ALERT, proof=once))
    assert "I have read this very message before" in words(await aigerim.says(ALERT, proof=once))
    older = Proof(once.keys, once.chain, once.number - 1)
    assert "before" in words(await aigerim.says(ALERT, proof=older))
    another = Proof(once.keys, "another chain", 0)
    assert PREVIEW in words(await aigerim.says(ALERT, proof=another))


async def test_others_are_told_once_an_hour_that_somebody_speaks_in_ones_name(
    world: World,
) -> None:
    aigerim = await _known(world, "master", "phone")
    other = await _colleague(world)

    await aigerim.says(ALERT, proof=_by("forged", "device"))
    told = await _told(other)
    assert "A command in the name of organiser #1 was refused: alert" in told
    assert "not in this chat" in told
    await aigerim.says(ALERT)
    assert "refused" not in await _told(other)
    world.now += 3601
    await aigerim.says(ALERT)
    assert "refused" in await _told(other)
    assert "command in this name refused" in words(await other.says("/audit"))


async def test_an_honest_reaction_alarms_nobody(world: World) -> None:
    aigerim = await _known(world, "master", "phone")
    other = await _colleague(world)
    await aigerim.says(ALERT, proof=_by("master", "phone"))

    refused = words(await aigerim.presses(_button(aigerim), doubt="reaction"))

    assert "reactions are not encrypted" in refused

    assert "refused" not in await _told(other)


async def test_who_joins_with_a_code_is_known_by_the_key_of_that_message(world: World) -> None:
    owner = await world.owner("owner")
    code = _code(await owner.says("/invite", proof=_by("owner's")))
    anna = world.person("anna")

    await anna.says(f"/join {code}", proof=_by("anna's"))

    assert "session" in words(await anna.says(ALERT, proof=_by("mallory's")))
    assert PREVIEW in words(await anna.says(ALERT, proof=_by("anna's")))
    assert "key anna" in words(await owner.says("/organisers", proof=_by("owner's")))


async def test_a_new_key_needs_a_new_invitation(world: World) -> None:
    owner = await world.owner("owner")
    anna = await world.organiser("anna")
    await anna.says("/start", proof=_by("lost"))

    await owner.says("/revoke 2", proof=_by("owner's"))
    code = _code(await owner.says("/invite", proof=_by("owner's")))
    await anna.says(f"/join {code}", proof=_by("new"))

    assert PREVIEW in words(await anna.says(ALERT, proof=_by("new")))
    assert "session" in words(await anna.says(ALERT, proof=_by("lost")))


async def test_a_pin_and_what_was_heard_are_sealed(world: World) -> None:
    await _known(world, "canary-key")

    async with world.database.read() as session:
        row = await organisers.find(session, "matrix", "aigerim")
        assert row is not None
        assert row.pinned
        assert row.heard
        assert b"canary" not in row.pinned + row.heard
        assert pins.pinned(session, row) == "canary-key"


async def test_no_history_of_lies_gets_a_command_through(world: World) -> None:
    """Whatever a service says, in any order: only new words under the own key count."""
    chance = random.Random(5)  # noqa: S311 -- a test's own dice
    aigerim = await _known(world, "master", "phone")
    used: list[Proof] = []
    for _ in range(60):
        new = _by("master", chance.choice(["phone", "laptop"]))
        kinds: dict[str, Proof | None] = {
            "true": new,
            "stranger": _by(*chance.choice([("m2", "phone"), ("phone",), ("m2",)])),
            "plain": None,
            "again": chance.choice(used) if used else None,
        }
        kind = chance.choice(list(kinds))
        event = {"doubt": "plaintext"} if kind == "plain" and chance.random() < 0.5 else {}
        answer = words(await aigerim.says(ALERT, proof=kinds[kind], **event))
        assert (PREVIEW in answer) == (kind == "true"), kind
        if kind == "true":
            used.append(new)


def _code(answer: Message) -> str:
    return words(answer).split("/join ")[1].split()[0]


def _button(person: Person) -> Button:
    return next(it for row in person.heard[-1].buttons for it in row if it.token)
