"""/privacy says what is kept; /forget leaves nothing of a person, whoever they were."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from handlers.message import Message
from storage import dialogues, organisers, subscribers
from storage.database import Database
from storage.models import Base, DeliveryState, Subscriber
from storage.vault import Vault
from tests.conftest import KEY
from tests.people import Person, World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _settled(world: World, name: str = "anna") -> Person:
    person = world.person(name)
    await person.says("/country GB")
    await person.says("/subscribe all")
    return person


async def _subscriber(world: World, name: str) -> Subscriber | None:
    async with world.database.read() as session:
        return await subscribers.find(session, world.platform, name)


async def _traces(world: World, *names: str) -> list[str]:
    """The tables in which anything still belongs to these chats or people."""
    vault = world.database.vault
    needles = {vault.index(world.platform, name) for name in names}
    needles |= {vault.index("person", world.platform, name) for name in names}
    needles |= {vault.index("tries", world.platform, name) for name in names}
    found = []
    async with world.database.read() as session:
        for table in Base.metadata.sorted_tables:
            rows = (await session.execute(select(table))).all()
            found += [table.name for row in rows if needles & {it for it in row if _is_bytes(it)}]
    return found


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes)


# ------------------------------------------------------------------------------- /privacy


@pytest.mark.parametrize(
    ("platform", "eyes"),
    [
        ("telegram", "Telegram itself can read everything"),
        ("matrix", "your homeserver knows"),
        ("local", "runs on the operator’s own machine"),
    ],
)
async def test_what_is_stored_is_said_in_plain_words(
    database: Database, platform: str, eyes: str
) -> None:
    world = World(database, platform=platform)

    answer = words(await world.person("anna").says("/privacy"))

    assert eyes in answer
    assert "for 7 days" in answer
    assert "for 2 days" in answer
    assert "cannot list subscribers" in answer
    assert "organiser:" not in answer
    assert f"{'!' if platform == 'matrix' else '/'}forget" in answer


async def test_it_tells_people_the_id_the_configuration_wants(world: World) -> None:
    anna = world.person("anna")

    assert words(await anna.says("/id")).endswith("local:anna")


async def test_organisers_are_told_what_is_kept_about_them_too(world: World) -> None:
    owner = await world.owner()

    assert "Because you are an organiser" in words(await owner.says("/privacy"))


async def test_the_promises_read_well_in_russian(world: World) -> None:
    answer = words(await world.person("ivan", language="ru").says("/privacy"))

    assert "7 дней" in answer
    assert "2 дня" in answer


# ------------------------------------------------------------------------------- /forget


async def test_forgetting_asks_once_and_then_leaves_nothing(world: World) -> None:
    anna = await _settled(world)

    question = await anna.says("/forget")
    assert "cannot be undone" in words(question)
    assert await _subscriber(world, "anna") is not None
    answer = await anna.presses("Erase everything")

    assert "is erased" in words(answer)
    assert await _subscriber(world, "anna") is None
    assert await _traces(world, "anna") == []


@pytest.mark.parametrize("word", ["yes", "YES", "да"])
async def test_the_confirmation_can_be_written(world: World, word: str) -> None:
    anna = await _settled(world)

    assert "is erased" in words(await anna.says(f"/forget {word}"))
    assert await _traces(world, "anna") == []


@pytest.mark.parametrize("word", ["no", "yes please", "everything", "нет"])
async def test_nothing_else_erases(world: World, word: str) -> None:
    anna = await _settled(world)

    assert "cannot be undone" in words(await anna.says(f"/forget {word}"))
    assert await _subscriber(world, "anna") is not None


async def test_open_questions_and_wrong_codes_are_forgotten_too(world: World) -> None:
    anna = await _settled(world)
    await anna.says("/join wrong")
    await anna.says("/timezone")

    await anna.says("/forget yes")

    assert await _traces(world, "anna") == []
    async with world.database.read() as session:
        assert await dialogues.answer(session, world.platform, "anna", world.now) == ""


async def test_totals_stay_but_not_whom_they_count(world: World) -> None:
    owner, anna = await world.owner(), await _settled(world)
    await owner.says(ALERT)
    await owner.presses("Send")
    await anna.listens()
    assert any("Trial opens" in words(message) for message in anna.heard)
    sent = await world.rows(DeliveryState.SENT)

    await anna.says("/forget yes")

    assert await _traces(world, "anna") == []
    assert 0 < await world.rows(DeliveryState.SENT) < sent
    await world.tick(1)
    assert "Delivered 1 of 1" in words((await owner.listens())[-1])


async def test_a_notice_that_waits_does_not_come_any_more(world: World) -> None:
    owner, anna = await world.owner(), await _settled(world)
    await owner.says(ALERT)
    send = owner.button("Send")
    await anna.says("/forget yes")

    await owner.presses(send)

    assert "is erased" in words(anna.heard[-1])
    assert await anna.listens() == []


async def test_only_admins_have_a_group_forgotten(world: World) -> None:
    await world.group("square").says("/subscribe all")

    refused = await world.group("square", admin=False).says("/forget yes")
    assert "Only administrators" in words(refused)
    assert "is erased" in words(await world.group("square").says("/forget yes"))

    assert await _traces(world, "square") == []


async def test_an_administrator_who_is_organiser_keeps_the_role(world: World) -> None:
    owner = await world.owner()
    await world.group("square", sender="owner").says("/subscribe all")

    await world.group("square", sender="owner").says("/forget yes")

    assert "Organisers" in words(await owner.says("/organisers"))


async def test_an_organiser_who_is_forgotten_is_none_any_more(world: World) -> None:
    owner = await world.owner()
    await owner.says("/start")
    second = await world.organiser("second")

    assert "ends your role as an organiser" in words(await second.says("/forget"))
    await second.presses("Erase everything")

    assert await _traces(world, "second") == []
    assert "is for organisers" in words(await second.says(ALERT))
    await owner.listens()
    assert "#2 has left" in "\n".join(words(message) for message in owner.heard)
    assert "#2 · left · #2" in words(await owner.says("/audit"))


async def test_a_revoked_organiser_is_forgotten_as_well(world: World) -> None:
    owner, second = await world.owner(), await world.organiser("second")
    await second.says("/start")
    await owner.says("/revoke 2")

    assert "role" not in words(await second.says("/forget"))
    await second.presses("Erase everything")

    assert await _traces(world, "second") == []


async def test_a_configured_owner_stays_one_but_unsubscribed(world: World) -> None:
    async with world.database.write() as session:
        await organisers.keep_owners(session, [(world.platform, "owner")], world.now)
    owner = await _settled(world, "owner")

    assert "owners named in the configuration stay" in words(await owner.says("/forget"))
    await owner.presses("Erase everything")

    assert await _subscriber(world, "owner") is None
    async with world.database.read() as session:
        (row,) = await organisers.active(session)
        assert organisers.chat_of(session, row) == ""
    assert "#1: owner" in words(await owner.says("/organisers"))


async def test_a_reader_nobody_has_verified_may_be_forgotten(world: World) -> None:
    anna = await _settled(world)

    assert "is erased" in words(await anna.says("/forget yes", doubt="unverified"))
    assert await _traces(world, "anna") == []


@pytest.mark.parametrize("doubt", ["forwarded", "unverified"])
async def test_a_doubtful_word_does_not_end_an_organisers_role(world: World, doubt: str) -> None:
    second = await world.organiser("second")

    assert "not carried out" in words(await second.says("/forget yes", doubt=doubt))
    assert "Preview" in words(await second.says(ALERT))


async def test_who_comes_back_is_a_stranger(world: World) -> None:
    anna = await _settled(world)
    await anna.says("/forget yes")

    answer: Message = await anna.says("/start")

    assert "In which country" in words(answer)


# -------------------------------------------------------------------------- the file itself


async def test_after_scrubbing_the_file_and_its_log_hold_no_trace(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "canary.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}", Vault(KEY))
    try:
        world = World(database)
        await world.knows(sample())
        anna = await _settled(world, "canary-4711")
        index = database.vault.index("local", "canary-4711")
        found = await _subscriber(world, "canary-4711")
        assert found is not None
        sealed = found.address
        await database.scrub()  # now the rows stand in the file itself, not only in its log
        assert index in _bytes_of(path)
        assert sealed in _bytes_of(path)

        await anna.says("/forget yes")
        await database.scrub()

        assert index not in _bytes_of(path)
        assert sealed not in _bytes_of(path)
        assert b"canary-4711" not in _bytes_of(path)
    finally:
        await database.close()


def _bytes_of(path: Path) -> bytes:
    """Everything on disk of this database: the file, its log and its index."""
    return b"".join(it.read_bytes() for it in sorted(path.parent.glob(f"{path.name}*")))


async def test_scrubbing_is_harmless_anywhere(world: World) -> None:
    await _settled(world)

    await world.database.scrub()

    assert await _subscriber(world, "anna") is not None
