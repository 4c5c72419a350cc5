"""Several real processes on one PostgreSQL database: one carries, the others take over."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from bot.config import load_config
from bot.import_campaign import import_file
from bot.relay import WORKERS
from tests.conftest import _run, named, run_sql
from tests.fakes.program import Program
from tests.fakes.telegram import BotApi, Person
from tests.people import SAMPLE

OWNER = 77
HEADLINE = "Trial opens tomorrow in Atyrau"
END = "It was announced only now"
REPEATED = "You may have received this message already."
PATIENCE = 60.0  # seconds: the machine may be busy; what takes how long is logged
log = logging.getLogger(__name__)
_numbers = itertools.count()


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """A PostgreSQL database in which nothing has been made yet."""
    name = f"cluster_{os.getpid()}_{next(_numbers)}"
    _run(run_sql(postgres_url, f"CREATE DATABASE {name}"))
    yield named(postgres_url, name)
    _run(run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


def _config(folder: Path, url: str, telegram: BotApi | None, more: str = "") -> Path:
    file = folder / f"config-{next(_numbers)}.toml"
    account = (
        f'[telegram]\ntoken = "{telegram.token}"\napi_url = "{telegram.url}"\nrate = 10'
        if telegram
        else ""
    )
    file.write_text(
        f"""
        [database]
        url = "{url}"
        {account}
        {more}
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
async def three(
    tmp_path: Path, empty_url: str, telegram_server: BotApi
) -> AsyncIterator[list[Program]]:
    """Three processes of one installation, started at the same moment on an empty database."""
    config = _config(tmp_path, empty_url, telegram_server)
    async with AsyncExitStack() as stack:
        programs = [await stack.enter_async_context(Program(config)) for _ in range(3)]
        await asyncio.gather(*(program.ready() for program in programs))
        await import_file(load_config(config), SAMPLE)
        yield programs


async def _leader(programs: Sequence[Program], duty: str = "telegram") -> Program:
    """The one that has the duty, as soon as one has."""
    async with asyncio.timeout(PATIENCE):
        while not (found := [it for it in programs if it.does(duty)]):
            await asyncio.wait(
                [asyncio.ensure_future(it.speaks()) for it in programs],
                return_when=asyncio.FIRST_COMPLETED,
            )
    assert len(found) == 1, "two do the same"
    return found[0]


async def _subscribe(person: Person) -> None:
    await person.writes("/start")
    await person.writes("/country GB")
    await person.writes("/subscribe all")
    await person.hears("You will get every urgent notice", within=PATIENCE)


async def _alert(owner: Person) -> None:
    await owner.writes("/start")
    await owner.hears("urgent alerts", within=PATIENCE)
    await owner.writes(f"/alert bokayev-ayan {HEADLINE}\n{END}.")
    preview = await owner.hears("Preview of alert", within=PATIENCE)
    await owner.presses(preview, "Send")


def _notices(person: Person) -> list[str]:
    return [text for text in person.chat.texts if HEADLINE in text]


def _check_repeats(people: Sequence[Person], kills: int) -> None:
    """Repeats are no more than what was in flight, and say that they may be repeats."""
    repeated = [texts for person in people if len(texts := _notices(person)) > 1]
    assert sum(len(texts) - 1 for texts in repeated) <= WORKERS * kills
    assert all(REPEATED in text for texts in repeated for text in texts[1:])


@pytest.mark.timeout(300)
async def test_three_processes_send_one_broadcast_while_whoever_carries_it_is_killed(
    three: list[Program], telegram_server: BotApi
) -> None:
    chance = random.Random(11)  # noqa: S311 - dice, not secrets
    people = [telegram_server.person() for _ in range(24)]
    await asyncio.gather(*(_subscribe(person) for person in people))
    await _alert(telegram_server.person(OWNER))

    kills, newcomers = 3, []
    for _ in range(kills):
        newcomers.append(telegram_server.person())
        await newcomers[-1].writes("/start")
        await telegram_server.accepts(chance.randint(1, 8), within=PATIENCE)
        leader = await _leader(three)
        await leader.kill()
        killed = time.monotonic()
        await _leader([it for it in three if it is not leader])
        log.info("taken over after %.1f s", time.monotonic() - killed)
        await leader.start()

    for person in people:
        await person.hears(END, within=PATIENCE)
    for person in newcomers:
        await person.hears("In which country", within=PATIENCE)
        answers = sum("In which country" in text for text in person.chat.texts)
        assert answers <= 1 + kills  # each kill may hit it on its way
    done = f"Delivered {len(people)} of {len(people)}"
    await telegram_server.person(OWNER).hears(done, within=PATIENCE)
    _check_repeats(people, kills)
    assert telegram_server.conflicts == 0
    for program in three:
        await program.says("Tocsin is ready", since=program.begun)
        assert await program.stop() == 0


@pytest.mark.timeout(180)
async def test_one_carries_and_the_others_say_that_they_stand_by(
    three: list[Program], telegram_server: BotApi
) -> None:
    leader = await _leader(three)
    others = [it for it in three if it is not leader]

    assert "Tocsin is ready on: telegram." in leader.text
    for other in others:
        assert "Standing by for: telegram." in other.text
    assert len({it.pid for it in three}) == 3

    people = [telegram_server.person() for _ in range(5)]
    await asyncio.gather(*(_subscribe(person) for person in people))
    await _alert(telegram_server.person(OWNER))
    await people[0].hears(HEADLINE, within=PATIENCE)
    assert await leader.stop() == 0  # a clean stop hands over, with nothing in doubt

    for person in people:
        await person.hears(END, within=PATIENCE)
        assert len(_notices(person)) == 1
    assert telegram_server.conflicts == 0


@pytest.mark.timeout(180)
@pytest.mark.parametrize("which", ["tocsin duties", "tocsin"])
async def test_whoever_is_cut_off_from_the_database_ends_and_another_goes_on(
    three: list[Program], telegram_server: BotApi, empty_url: str, which: str
) -> None:
    person = telegram_server.person()
    await _subscribe(person)
    leader = await _leader(three)

    connection = await asyncpg.connect(empty_url)
    cut = await connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name LIKE $1 AND application_name LIKE $2",
        f"{which}%",
        f"% {leader.pid}",
    )
    await connection.close()

    assert cut
    assert await leader.ends() == 1
    assert "Start it again" in leader.text or "start it again" in leader.text
    await _leader([it for it in three if it is not leader])
    await person.writes("/help")
    await person.hears("/subscribe", within=PATIENCE)
    assert telegram_server.conflicts == 0


@pytest.mark.timeout(180)
async def test_what_one_process_queues_another_carries(
    tmp_path: Path, empty_url: str, telegram_server: BotApi
) -> None:
    """The first has the clock and the built-in chat; the second has Telegram."""
    chat = _config(tmp_path, empty_url, None, "[local]\nenabled = true")
    phone = _config(tmp_path, empty_url, telegram_server)
    await import_file(load_config(chat), SAMPLE)
    async with Program(chat) as first, Program(phone) as second:
        await first.ready()
        await second.ready()
        assert first.does("clock")
        assert first.does("local")
        assert second.does("telegram")
        assert not second.does("clock")

        person, owner = telegram_server.person(), telegram_server.person(OWNER)
        await _subscribe(person)
        await _alert(owner)  # the clock starts it, in the first process

        await person.hears(END, within=PATIENCE)
        assert await first.stop() == 0
        await second.says("taking over", since=0)  # the clock
