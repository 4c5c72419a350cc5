"""The real process: started, stopped, killed at any moment, and started again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.config import load_config
from bot.import_campaign import import_file
from bot.relay import WORKERS
from tests.fakes.faulty import FaultyWire
from tests.fakes.program import Program
from tests.fakes.telegram import BotApi, Person
from tests.people import SAMPLE

OWNER = 77
HEADLINE = "Trial opens tomorrow in Atyrau"
REPEATED = "You may have received this message already."


@pytest.fixture
def config(tmp_path: Path, database_url: str, telegram_server: BotApi) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [database]
        url = "{database_url}"
        [telegram]
        token = "{telegram_server.token}"
        api_url = "{telegram_server.url}"
        [web]
        listen = "127.0.0.1:0"
        [alerts]
        cooldown_seconds = 0
        [organisers]
        owners = ["telegram:{OWNER}"]
        """
    )
    return file


@pytest.fixture
async def program(config: Path) -> AsyncIterator[Program]:
    """A fresh installation with the sample campaign imported, not started yet."""
    await import_file(load_config(config), SAMPLE)
    async with Program(config) as program:
        yield program


async def _subscribe(person: Person, country: str = "GB") -> None:
    """Everything that happens, told from this country."""
    await person.writes("/start")
    await person.writes(f"/country {country}")
    await person.writes("/subscribe all")
    await person.hears("You will get every urgent notice")


async def _alert(owner: Person) -> None:
    await owner.writes("/start")
    await owner.hears("urgent alerts")
    await owner.writes(f"/alert bokayev-ayan {HEADLINE}\nIt was announced only now.")
    await owner.presses(await owner.hears("Preview of alert"), "Send")


def _notices(person: Person) -> list[str]:
    """The first parts of the notice this person has, repeated ones too."""
    return [text for text in person.chat.texts if HEADLINE in text]


async def test_it_says_ready_and_ends_cleanly_when_asked(program: Program) -> None:
    await program.ready()

    assert await program.stop() == 0
    assert "Traceback" not in program.text


async def test_it_ends_cleanly_in_the_middle_of_a_broadcast_and_goes_on(
    program: Program, telegram_server: BotApi
) -> None:
    people = [telegram_server.person() for _ in range(12)]
    await program.ready()
    await asyncio.gather(*(_subscribe(person) for person in people))
    await _alert(telegram_server.person(OWNER))
    await people[0].hears(HEADLINE)

    assert await program.stop() == 0
    await program.ready()

    for person in people:
        await person.hears("It was announced only now")
        assert len(_notices(person)) == 1  # a clean stop leaves nothing in doubt
    assert await program.stop() == 0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_at_any_moment_it_loses_nothing(
    program: Program, telegram_server: BotApi, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - dice, not secrets
    people = [telegram_server.person() for _ in range(30)]
    await program.ready()
    await asyncio.gather(*(_subscribe(person) for person in people))
    await _alert(telegram_server.person(OWNER))

    kills, newcomers = 4, []
    for _ in range(kills):
        newcomers.append(telegram_server.person())
        await newcomers[-1].writes("/start")
        await telegram_server.accepts(chance.randint(1, 15))
        await program.kill()
        await program.ready()

    for person in people:
        await person.hears("It was announced only now", within=60)
    for person in newcomers:
        await person.hears("In which country")
    await telegram_server.person(OWNER).hears(f"Delivered {len(people)} of {len(people)}")
    _check_repeats(people, kills)
    assert await program.stop() == 0


def _check_repeats(people: list[Person], kills: int) -> None:
    """Repeats are no more than what was in flight, and say that they may be repeats."""
    repeated = {person.id: texts for person in people if len(texts := _notices(person)) > 1}
    assert sum(len(texts) - 1 for texts in repeated.values()) <= WORKERS * kills
    for texts in repeated.values():
        assert all(REPEATED in text for text in texts[1:])


async def test_a_revoked_token_ends_it_with_the_remedy(
    program: Program, telegram_server: BotApi
) -> None:
    await program.ready()
    token = telegram_server.token

    telegram_server.revoke_token()

    assert await program.ends() == 1
    assert "Telegram refuses the bot's token." in program.text
    assert "BotFather" in program.text
    assert token not in program.text


async def test_an_outage_at_its_start_is_waited_out(
    program: Program, config: Path, telegram_server: BotApi
) -> None:
    async with FaultyWire(telegram_server.url) as wire:
        config.write_text(config.read_text().replace(telegram_server.url, wire.url))
        async with wire.refusing():
            await program.start()
            await program.says("Not on telegram: Telegram cannot be reached")

        await _subscribe(telegram_server.person())


async def test_a_second_one_is_refused_on_sqlite_and_stands_by_on_postgresql(
    program: Program, config: Path, database_url: str
) -> None:
    await program.ready()
    async with Program(config) as second:
        await second.start()

        if database_url.startswith("sqlite"):
            assert await second.ends() == 1
            assert "Another Tocsin is running on this database" in second.text
        else:
            await second.says("standing by")


async def test_what_is_said_names_nobody(program: Program, telegram_server: BotApi) -> None:
    person = telegram_server.person()
    await program.ready()
    await _subscribe(person)
    person.leaves_telegram()
    await _alert(telegram_server.person(OWNER))
    await telegram_server.person(OWNER).hears("unreachable 1")
    await program.kill()

    for canary in ("CANARY", str(person.id), telegram_server.token, HEADLINE):
        assert canary not in program.text
