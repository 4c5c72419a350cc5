"""/help shows exactly what somebody may do here; /stats shows totals and never people."""

from __future__ import annotations

import pytest

from handlers.command import Role
from handlers.message import Bullets, Code, Message
from handlers.registry import COMMANDS
from storage import subscribers
from storage.database import Database
from tests.people import World, sample, words


@pytest.fixture
async def world(database: Database) -> World:
    return World(database)


def _listed(message: Message) -> list[str]:
    """The commands a help page names, without their prefix."""
    spans = [
        item[0] for block in message.blocks if isinstance(block, Bullets) for item in block.items
    ]
    return [span.text[1:] for span in spans if isinstance(span, Code)]


def _open_to(*roles: Role) -> set[str]:
    return {it.name for it in COMMANDS if it.who in roles and not it.hidden}


READERS = (Role.ANYONE, Role.CHAT_ADMIN)


async def test_everybody_sees_what_they_may_do_and_no_more(world: World) -> None:
    reader = await world.person("anna").says("/help")
    organiser = await (await world.organiser("second")).says("/help")
    owner = await (await world.owner()).says("/help")

    assert set(_listed(reader)) == _open_to(*READERS)
    assert set(_listed(organiser)) == _open_to(*READERS, Role.ORGANISER)
    assert set(_listed(owner)) == _open_to(*Role)
    assert "For organisers" not in words(reader)
    assert "For owners" not in words(organiser)
    assert "For owners" in words(owner)


async def test_in_a_group_only_what_works_there_is_listed(world: World) -> None:
    await world.owner("owner")

    admin = _listed(await world.group("square", sender="owner").says("/help"))
    member = _listed(await world.group("square", admin=False).says("/help"))

    assert "subscribe" in admin
    assert "alert" not in admin
    assert "subscribe" not in member
    assert "actions" in member


async def test_a_doubtful_organiser_is_shown_a_readers_help(world: World) -> None:
    second = await world.organiser("second")

    assert "For organisers" not in words(await second.says("/help", doubt="unverified"))


async def test_commands_begin_as_the_platform_wants(database: Database) -> None:
    world = World(database, platform="matrix")

    answer = words(await world.person("@anna:example.org").says("!help"))

    assert "!subscribe" in answer
    assert "/" not in answer.replace("/help", "")


@pytest.mark.parametrize("name", [it.name for it in COMMANDS if it.who < Role.ORGANISER])
async def test_every_command_can_be_asked_about(database: Database, name: str) -> None:
    if not database.is_sqlite:
        return  # the texts do not depend on the database
    anna = World(database).person("anna")

    answer = words(await anna.says(f"/help {name}"))

    assert answer.startswith(f"/{name}")
    assert len(answer) > len(name) + 5


async def test_more_is_said_where_there_is_more(world: World) -> None:
    owner = await world.owner()

    assert "when it was last confirmed" in words(await owner.says("/help embassy"))
    assert "Organisers have to be invited anew" in words(await owner.says("/help /lockdown"))
    assert "a yes" not in words(await world.person("ivan", language="ru").says("/help embassy"))


@pytest.mark.parametrize("name", ["lockdown", "alert", "nonsense", "<b>", "x" * 500])
async def test_what_one_may_not_do_is_not_explained(world: World, name: str) -> None:
    answer = words(await world.person("anna").says(f"/help {name}"))

    assert answer.startswith("There is no command")
    assert len(answer) < 120


# ------------------------------------------------------------------------------- /stats


async def _came(world: World, country: str, count: int) -> None:
    async with world.database.write() as session:
        for number in range(count):
            row = await subscribers.meet(
                session, "local", f"{country}{number}", kind="private", now=world.now
            )
            row.country = country
            await subscribers.follow(session, row, "all", "")


async def test_small_countries_are_counted_together(world: World) -> None:
    await world.knows(sample())
    second = await world.organiser("second")
    for country, count in (("GB", 7), ("IE", 5), ("BE", 4), ("LU", 1), ("", 3)):
        await _came(world, country, count)

    answer = words(await second.says("/stats"))

    assert "active: 20" in answer
    assert "United Kingdom: 7" in answer
    assert "Ireland: 5" in answer
    assert "elsewhere or no country set: 8" in answer
    assert "Belgium" not in answer
    assert "Luxembourg" not in answer


async def test_every_state_is_counted(world: World) -> None:
    await world.knows(sample())
    second = await world.organiser("second")
    for name in ("a", "b", "c"):
        await world.person(name).says("/country GB")
        await world.person(name).says("/subscribe all")
    await world.person("b").says("/pause 7d")
    await world.person("c").says("/unsubscribe")

    answer = words(await second.says("/stats"))

    for line in ("active: 1", "paused: 1", "stopped: 1", "wrote but follow nothing: 1"):
        assert line in answer


async def test_stats_are_not_for_readers(world: World) -> None:
    assert "is for organisers" in words(await world.person("anna").says("/stats"))
