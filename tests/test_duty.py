"""Duties: exactly one process does each, and who may no longer do one stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import asyncpg
import pytest

from bot.duty import Duties, DutyLostError, open_duties
from storage import outbox
from storage.chimes import hear
from storage.database import Database
from storage.duties import take_turn
from storage.vault import Vault
from tests.conftest import KEY

PATIENCE = 30.0
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def _hold(duties: Duties, duty: str, waits: Callable[[], None]) -> AsyncExitStack:
    stack = AsyncExitStack()
    await stack.enter_async_context(duties.hold(duty, waits))
    return stack


async def _cut(database: Database, purpose: str) -> None:
    """PostgreSQL drops the connections of this purpose, as when the network goes."""
    async with database.line("test") as connection:
        await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE $1 AND datname = current_database()",
            f"tocsin {purpose} %",
        )


async def _within(wait: Awaitable[object]) -> None:
    async with asyncio.timeout(PATIENCE):
        await wait


async def test_a_process_alone_has_every_duty_at_once(database: Database) -> None:
    waited = asyncio.Event()
    async with open_duties(database, "one") as duties:
        async with duties.hold("telegram", waited.set), duties.hold("clock", waited.set):
            assert not waited.is_set()
        async with duties.hold("telegram", waited.set):
            assert not waited.is_set()


@postgresql
async def test_a_second_process_stands_by_until_the_first_is_done(database: Database) -> None:
    async with open_duties(database, "one") as first, open_duties(database, "one") as second:
        waited = asyncio.Event()
        holding = await _hold(first, "telegram", waited.set)
        assert not waited.is_set()
        taking = asyncio.create_task(_hold(second, "telegram", waited.set))
        await _within(waited.wait())
        assert not taking.done()
        async with second.hold("clock", lambda: pytest.fail("nobody has the clock")):
            pass

        await holding.aclose()

        await _within(taking)
        await taking.result().aclose()


@postgresql
async def test_two_installations_do_not_disturb_each_other(database: Database) -> None:
    async with (
        open_duties(database, "one") as one,
        open_duties(database, "two") as two,
        one.hold("telegram", lambda: pytest.fail("one waits")),
        two.hold("telegram", lambda: pytest.fail("two waits")),
    ):
        pass


@postgresql
async def test_a_process_whose_locks_are_cut_off_stops_and_another_takes_over(
    database: Database,
) -> None:
    waited = asyncio.Event()
    async with open_duties(database, "one") as first:
        async with first.hold("telegram", waited.set):
            watching = asyncio.create_task(first.watch())
            await _cut(database, "duties")
            with pytest.raises(DutyLostError, match="start it again"):
                await _within(watching)
        async with (
            open_duties(database, "one") as second,
            second.hold("telegram", lambda: None),
        ):
            pass


@postgresql
async def test_locks_that_a_pooler_dropped_are_missed(database: Database) -> None:
    async with open_duties(database, "one") as duties, duties.hold("telegram", lambda: None):
        assert duties._locks is not None
        await duties._locks._connection.execute("SELECT pg_advisory_unlock_all()")

        with pytest.raises(DutyLostError):
            await _within(duties.watch())


@postgresql
async def test_another_process_hears_of_what_was_queued_even_after_the_line_was_cut(
    database: Database, database_url: str
) -> None:
    rung = asyncio.Event()
    other = Database(database_url, Vault(KEY))
    hearing = asyncio.create_task(hear(other, rung.set))
    for _ in range(2):
        await _within(rung.wait())  # it listens
        rung.clear()
        await _queue(database)
        await _within(rung.wait())
        rung.clear()
        await _cut(database, "chimes")
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await other.close()


@postgresql
async def test_what_queues_nothing_and_ones_own_rows_ring_nowhere(
    database: Database, database_url: str
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(database_url)
    await connection.add_listener("tocsin_queued", lambda *said: heard.put_nowait(said[3]))
    own = asyncio.Event()
    hearing = asyncio.create_task(hear(database, own.set))
    await _within(own.wait())
    own.clear()

    async with database.write() as session:
        await take_turn(session)
    await _queue(database)
    async with asyncio.timeout(PATIENCE):
        assert await heard.get() == database.name

    assert heard.empty()
    assert not own.is_set()
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await connection.close()


async def _queue(database: Database) -> None:
    async with database.write() as session:
        await outbox.enqueue(session, platform="local", address="anna", body="{}", now=1)


async def test_who_decides_is_alone_until_it_is_written(database: Database) -> None:
    order: list[str] = []

    async def decide(name: str, begun: asyncio.Event, go_on: asyncio.Event) -> None:
        async with database.write() as session:
            await take_turn(session)
            await outbox.get(session, 1)  # a look before deciding
            order.append(f"{name} begins")
            begun.set()
            await go_on.wait()
            order.append(f"{name} ends")

    begun, go_on = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(decide("first", begun, go_on))
    await _within(begun.wait())
    second = asyncio.create_task(decide("second", asyncio.Event(), go_on))
    await asyncio.sleep(0.2)
    go_on.set()
    await _within(asyncio.gather(first, second))

    assert order == ["first begins", "first ends", "second begins", "second ends"]
