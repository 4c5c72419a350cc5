"""What readers report about contacts, and what organisers make of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from handlers import contact_reports
from handlers.message import Button
from storage import contacts as store
from storage.database import Database
from storage.models import ContactReport
from tests.people import Person, World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."
LONDON = "london@mfa.kz"


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _readers(world: World, *names: str, country: str = "GB") -> list[Person]:
    readers = []
    for name in names:
        person = world.person(name)
        await person.says(f"/country {country}")
        await person.says("/subscribe KZ")
        readers.append(person)
    return readers


async def _alert(world: World, owner: Person) -> None:
    await owner.says(ALERT)
    await owner.says(owner.button("Send").command)


async def _bounces(reader: Person, label: str = f"E-mail: {LONDON}") -> str:
    asked = await reader.presses(_under_notice(reader, "Bounced"))
    assert "Which one bounced" in words(asked)
    return words(await reader.presses(label))


def _under_notice(reader: Person, label: str) -> Button:
    notice = next(it for it in reversed(reader.heard) if "Trial opens" in words(it))
    return next(it for row in notice.buttons for it in row if it.label.startswith(label))


async def test_three_readers_raise_a_doubt_and_organisers_decide(world: World) -> None:
    owner, second = await world.owner(), await world.organiser("second")
    await second.says("/start")
    readers = await _readers(world, "a", "b", "c", "d", "e", "f")
    await _alert(world, owner)
    await owner.listens()

    assert "did not work" in await _bounces(readers[0])
    assert "It counts once" in await _bounces(readers[0])  # again, and again
    assert "It counts once" in words(await readers[0].says("/bounced " + _key(readers[0])))
    await _bounces(readers[1])
    assert await owner.listens() == []
    await _bounces(readers[2])

    (asked,) = await owner.listens()
    assert LONDON in words(asked)
    assert "Embassy of Kazakhstan in London" in words(asked)
    assert "It bounced or was wrong: 3. It worked: 0." in words(asked)
    await _bounces(readers[3])
    assert await owner.listens() == []  # one alarm

    seen = words(await readers[0].says("/embassy"))
    assert seen.index("Phone: ") < seen.index(LONDON)  # moved down, not gone
    assert f"{LONDON} (readers report that it does not work)" in seen
    await second.listens()
    assert "counts as working again" in words(await owner.presses("It works"))
    assert "counts as working again" in words((await second.listens())[-1])
    assert "was decided already" in words(await second.presses("It works"))
    assert "readers report" not in words(await readers[0].says("/embassy"))
    newcomers = await _readers(world, "g")
    await _alert(world, owner)
    await owner.listens()
    for reader in (readers[0], readers[4], readers[5]):  # one of the old ones among them
        await _bounces(reader)
    assert await owner.listens() == []
    await _bounces(newcomers[0])
    assert "Readers report" in words((await owner.listens())[-1])

    await owner.presses("Replace it")
    assert "is not an e-mail address" in words(await owner.says("nonsense"))
    assert "It bounced or was wrong: 3" in words(await owner.says("/contact"))
    await owner.presses(f"Decide: {LONDON}")
    await owner.presses("Replace it")
    assert "Where do you have it from?" in words(await owner.says("press (at) kazembassy.org.uk"))
    said = words(await owner.says("their website, 3 May"))
    assert "press@kazembassy.org.uk (written as press (at) kazembassy.org.uk)" in said
    assert "source: their website, 3 May" in said
    seen = words(await readers[0].says("/embassy"))
    assert "press@kazembassy.org.uk (checked 21 September 2026)" in seen
    assert LONDON not in seen
    assert "press@kazembassy.org.uk" in words(await owner.says(ALERT))


def _key(reader: Person) -> str:
    labels = [it for row in reader.heard[-2].buttons for it in row]
    return next((it.command.split()[-1] for it in labels if LONDON in it.label), "")


async def test_it_worked_counts_against_and_one_press_takes_a_dead_contact_away(
    world: World,
) -> None:
    owner = await world.owner()
    readers = await _readers(world, "a", "b", "c", "d", "e")
    await _alert(world, owner)
    await owner.listens()
    await readers[4].presses(_under_notice(readers[4], "It worked"))
    assert "works" in words(await readers[4].presses(f"E-mail: {LONDON}"))
    for reader in readers[:3]:
        await _bounces(reader)
    assert await owner.listens() == []
    await _bounces(readers[3])
    assert "wrong: 4. It worked: 1." in words((await owner.listens())[-1])

    said = words(await owner.presses("It is dead"))
    assert "E-mail: shown no more. By #1; source: readers’ reports" in said
    seen = words(await readers[0].says("/embassy"))
    assert LONDON not in seen
    assert "Phone: " in seen
    assert LONDON not in words(await world.person("aoife").says("/embassy IE"))

    assert "Undone" in words(await owner.presses("Undo correction"))
    assert LONDON in words(await readers[0].says("/embassy"))
    assert "undone already" in words(await owner.says("/contact undo 1"))


async def test_only_who_got_the_notice_can_report_and_nothing_names_them(world: World) -> None:
    owner = await world.owner()
    (reader,) = await _readers(world, "a")
    await _alert(world, owner)
    await _bounces(reader)
    key = _key(reader)

    assert "nothing was counted" in words(await world.person("spy").says(f"/bounced {key}"))
    assert "nothing was counted" in words(await world.person("spy").says("/bounced"))
    async with world.database.read() as session:
        before = list(await session.scalars(select(ContactReport)))
    await reader.says("/forget yes")
    await reader.says("/start")
    assert "nothing was counted" in words(await reader.says(f"/bounced {key}"))
    async with world.database.read() as session:
        after = list(await session.scalars(select(ContactReport)))
        assert await store.tally(session, key) == store.Tally(bounced=1, worked=0)
    assert before[0].reporter != after[0].reporter  # and nothing leads to them any more
    await world.tick(27 * 7 * 86400)
    await world.tick(700)
    async with world.database.read() as session:
        assert list(await session.scalars(select(ContactReport))) == []  # after half a year


async def test_what_is_doubted_is_not_the_one_to_copy(world: World) -> None:
    owner = await world.owner()
    readers = await _readers(world, "a", "b", "c")
    await _alert(world, owner)
    assert LONDON in _copied(readers[0])
    for reader in readers:
        await _bounces(reader)
    await owner.listens()

    await _alert(world, owner)
    await readers[0].listens()
    assert _copied(readers[0])  # the postal address, which nobody doubts
    assert LONDON not in _copied(readers[0])


def _copied(reader: Person) -> list[str]:
    notice = next(it for it in reversed(reader.heard) if "Trial opens" in words(it))
    return [it.copy for row in notice.buttons for it in row if it.copy]


async def test_hostile_reports_take_no_embassy_away(world: World) -> None:
    owner = await world.owner()
    readers = await _readers(world, "a", "b", "c", country="BE")
    await _alert(world, owner)
    await owner.listens()
    for reader in readers:
        await reader.presses(_under_notice(reader, "Bounced"))
        await reader.says("/bounced bokayev-ayan")
        asked = reader.heard[-1]
        for row in asked.buttons:
            for button in row:
                await reader.says(button.command)
    assert "readers report" in words(await readers[0].says("/embassy"))

    await owner.listens()
    await _alert(world, owner)
    await readers[0].listens()
    notice = words(readers[0].heard[-1])
    assert "Embassy of Kazakhstan in Brussels" in notice
    assert "Write here instead" in notice  # and somebody stands in
    letter = await readers[0].says("/letter bokayev-ayan")
    others = [it.label for row in letter.buttons for it in row]
    assert any("Embassy of Kazakhstan in Brussels" in it for it in others)


async def test_one_chat_cannot_call_everything_dead(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_reports, "MOST_A_WEEK", 2)
    owner = await world.owner()
    (reader,) = await _readers(world, "a")
    await _alert(world, owner)
    reported = 0
    for country in ("GB", "BE"):
        await reader.says(f"/country {country}")
        asked = await reader.says("/bounced bokayev-ayan")
        for button in (it for row in asked.buttons for it in row):
            said = words(await reader.says(button.command))
            reported += "did not work" in said
            assert "did not work" in said or "counts once" in said or "many contacts" in said
    assert reported == 2
    await world.tick(7 * 86400)
    await _alert(world, owner)
    asked = await reader.says("/bounced bokayev-ayan")
    new = next(it for row in reversed(asked.buttons) for it in row)
    assert "many contacts" not in words(await reader.says(new.command))


async def test_a_wrong_decision_is_answered(world: World) -> None:
    owner = await world.owner()

    for said in ("/contact undo x", "/contact abc dead", "/contact what"):
        assert "Nothing was changed" in words(await owner.says(said))
        assert "is for organisers" in words(await world.person("anna").says(said))


async def test_on_matrix_the_two_are_commands_that_fit(database: Database) -> None:
    world = World(database, platform="matrix")
    await world.knows(sample())
    owner = await world.owner()
    (reader,) = await _readers(world, "a")
    await _alert(world, owner)

    for row in reader.heard[-1].buttons:
        assert all(len(it.command.encode()) <= 44 for it in row)
    asked = await reader.says("!bounced bokayev-ayan")
    assert "Which one bounced" in words(asked)
    assert "did not work" in words(await reader.says(f"!{asked.buttons[0][0].command[1:]}"))
