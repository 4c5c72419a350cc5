"""Information only: by default for whoever lives in the country a case is about."""

from __future__ import annotations

import pytest

from handlers.campaign import Campaign
from handlers.message import Copyable, Email, Message, Phone
from storage.database import Database
from tests.people import Person, World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nWRITE NOW, letters help most."
CALLS = (
    "What to do",
    "WRITE NOW",
    "The letter",
    "What to ask for",
    "Whom to write",
    "@",
    "+7 7172",
)


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _reader(world: World, name: str, country: str, **about: object) -> Person:
    person = world.person(name, **about)
    await person.says(f"/country {country}")
    await person.says("/subscribe KZ")
    return person


def _calls_to_nothing(message: Message) -> bool:
    """Neither words nor spans nor buttons lead to a letter."""
    said = words(message)
    spans = [it for block in message.blocks for it in getattr(block, "spans", ())]
    buttons = [it for row in message.buttons for it in row]
    plain = not any(call in said for call in CALLS) and "/letter" not in said
    bare = not any(isinstance(it, Email | Phone) for it in spans)
    still = not any(isinstance(block, Copyable) for block in message.blocks)
    names = {it.command.split()[0] for it in buttons if it.command}
    return (
        plain
        and bare
        and still
        and names <= {"/case", "/unsubscribe", "/subscribe"}
        and not [it for it in buttons if it.copy or it.url]
    )


async def test_who_lives_there_gets_the_news_and_no_call_to_act(world: World) -> None:
    owner = await world.owner()
    await owner.says("/hearing add bokayev-ayan 2026-10-12 10:30 Atyrau City Court")
    aigul, emma = await _reader(world, "aigul", "KZ"), await _reader(world, "emma", "GB")

    preview = words(await owner.says(ALERT))
    assert "Readers in Kazakhstan, and whoever asked for it, get information only" in preview
    assert "WRITE NOW" in preview  # shown as somebody abroad
    assert "No embassy with an address" not in preview  # of those who live there none is wanted
    as_seen = await owner.says("/preview 1 KZ en")
    assert "WRITE NOW" not in words(as_seen)
    await owner.says("/send 1")

    (notice,) = [it for it in await aigul.listens() if "Trial opens" in words(it)]
    assert _calls_to_nothing(notice)
    assert "Next hearing: Monday, 12 October 2026" in words(notice)
    assert "Two activists from Atyrau" in words(notice)
    assert [it.label for row in notice.buttons for it in row] == ["The case", "Stop this case"]
    (full,) = [it for it in await emma.listens() if "Trial opens" in words(it)]
    assert not _calls_to_nothing(full)
    case = await aigul.presses("The case")
    assert _calls_to_nothing(case)
    assert "Two activists from Atyrau" in words(case)
    for command in ("/letter", "/files", "/prisoner"):
        assert "information only" in words(await aigul.says(f"{command} bokayev-ayan"))
    assert "nothing was counted" in words(await aigul.says("/bounced bokayev-ayan"))
    assert "no addresses are shown" in words(await aigul.says("/embassy"))
    assert "no addresses are shown" in words(await aigul.says("/embassy GB"))
    assert "Act by" not in words(await aigul.says("/actions"))
    assert "Open cases" in words(await aigul.says("/actions"))

    await owner.says("/retract 1 a mistake in the letters")
    (taken,) = [it for it in await aigul.listens() if "Withdrawn" in words(it)]
    assert "do not write" not in words(taken)
    assert "letters" not in words(taken)
    assert "do not write" in words((await emma.listens())[-1])


async def test_reminders_say_when_and_no_more(world: World) -> None:
    owner = await world.owner()
    aigul, emma = await _reader(world, "aigul", "KZ"), await _reader(world, "emma", "GB")
    await owner.says("/hearing add bokayev-ayan 2026-09-22 10:30 Atyrau City Court")
    await world.tick(1)

    (told,) = await aigul.listens()
    assert "Atyrau City Court" in words(told)
    assert "Letters" not in words(told)
    assert "/case" not in words(told).partition("To stop")[0]
    assert "Letters that arrive before" in words((await emma.listens())[-1])


async def test_both_can_be_chosen_in_either_direction(world: World) -> None:
    owner = await world.owner()
    aigul = world.person("aigul")
    said = words(await aigul.says("/country KZ"))
    assert "About cases there you get information only" in said
    answer = await aigul.says("/subscribe KZ")
    assert not [it for row in answer.buttons for it in row if it.command == "/embassy"]
    emma, ivan = await _reader(world, "emma", "GB"), await _reader(world, "i", "BE", language="ru")

    assert "neither full, information nor auto" in words(await aigul.says("/content loud"))
    assert "Think first" in words(await aigul.says("/content full"))
    assert "Content: with letters and addresses" in words(await aigul.says("/settings"))
    await emma.says("/content")
    assert "no letters, no addresses" in words(await emma.presses("Information only"))
    assert "Только информация" in (await ivan.says("/content")).buttons[1][0].label
    await ivan.says("/content информация")
    await owner.says(ALERT)
    await owner.presses("Send")

    assert not _calls_to_nothing(aigul.heard[-1])
    assert _calls_to_nothing(emma.heard[-1])
    assert "Trial opens" in words(ivan.heard[-1])
    assert "Письмо" not in words(ivan.heard[-1])
    await emma.says("/content auto")
    assert "/letter bokayev-ayan" in words(await emma.says("/case bokayev-ayan"))


async def test_a_channel_there_is_told_no_more_than_its_people(world: World) -> None:
    owner = await world.owner()
    await owner.says("/channel add -1001234567890 KZ")
    group = world.group("square")
    await group.says("/country KZ")
    await group.says("/subscribe all")
    await owner.says(ALERT)
    await owner.presses("Send")

    (notice,) = [it for it in group.heard if "Trial opens" in words(it)]
    assert _calls_to_nothing(notice)


def test_the_sample_has_something_to_leave_out() -> None:
    campaign: Campaign = sample()
    case = campaign.case("bokayev-ayan")

    assert case is not None
    assert case.letter
    assert case.demands
    assert not any(call in case.summary["en"] for call in CALLS)
