"""The outbox: claimed once, in order, settled with what it means for the subscriber."""

from __future__ import annotations

import asyncio

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession

from storage import outbox, subscribers
from storage.database import Database
from storage.models import Delivery, DeliveryState, Subscriber, SubscriberState
from storage.outbox import Claim, Outcome

NOW = 1_800_000_000


async def _meet(session: AsyncSession, *names: str) -> list[Subscriber]:
    return [
        await subscribers.meet(session, "local", name, kind="private", now=NOW) for name in names
    ]


async def _reply(session: AsyncSession, name: str, body: str = "hello") -> Delivery:
    return await outbox.enqueue(session, platform="local", address=name, body=body, now=NOW)


async def _claim(database: Database, limit: int = 10, now: int = NOW) -> list[Claim]:
    async with database.write() as session:
        return await outbox.claim(session, "local", limit, now)


async def _settle(database: Database, *outcomes: Outcome) -> None:
    async with database.write() as session:
        await outbox.settle(session, outcomes, NOW)


async def test_a_reply_is_claimed_with_its_address_and_words(database: Database) -> None:
    async with database.write() as session:
        await _reply(session, "london", "words")

    (claim,) = await _claim(database)

    assert (claim.address, claim.body, claim.attempts) == ("london", "words", 1)


async def test_what_is_claimed_is_not_claimed_again(database: Database) -> None:
    async with database.write() as session:
        await _reply(session, "london")
    await _claim(database)

    assert await _claim(database) == []


async def test_two_messages_of_one_chat_are_never_in_flight_together(database: Database) -> None:
    async with database.write() as session:
        first = await _reply(session, "london")
        second = await _reply(session, "london")

    assert [it.id for it in await _claim(database)] == [first.id]
    assert await _claim(database) == []
    await _settle(database, Outcome(first.id, DeliveryState.SENT, ref="1"))
    assert [it.id for it in await _claim(database)] == [second.id]


async def test_replies_go_before_a_broadcast(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a", "b", "c")
        notice = await outbox.add_notice(session, "alert", "{}", NOW)
        count = await outbox.fan_out(session, notice, true(), rank=0, now=NOW)
        reply = await _reply(session, "d")

    assert count == 3
    assert (await _claim(database, limit=1))[0].id == reply.id


async def test_nobody_gets_a_notice_twice(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a", "b")
        notice = await outbox.add_notice(session, "alert", "{}", NOW)
        first = await outbox.fan_out(session, notice, true(), rank=0, now=NOW)
        again = await outbox.fan_out(session, notice, true(), rank=0, now=NOW)

    assert (first, again) == (2, 0)


async def test_the_parts_of_a_long_message_are_sent_one_after_the_other(
    database: Database,
) -> None:
    async with database.write() as session:
        delivery = await _reply(session, "a")
    await _claim(database)
    await _settle(database, Outcome(delivery.id, DeliveryState.SENT, ref="1", more_parts=True))

    (claim,) = await _claim(database)
    assert (claim.part, claim.attempts, claim.body) == (1, 1, "hello")
    await _settle(database, Outcome(delivery.id, DeliveryState.SENT, ref="2"))

    async with database.read() as session:
        rows = list(await session.scalars(select(Delivery.id)))
    assert rows == []  # a reply to somebody we do not keep leaves nothing behind


async def test_a_chat_that_is_gone_gets_nothing_more(database: Database) -> None:
    async with database.write() as session:
        (person,) = await _meet(session, "a")
        for _ in range(3):
            notice = await outbox.add_notice(session, "alert", "{}", NOW)
            await outbox.fan_out(session, notice, true(), rank=0, now=NOW)
    (claim,) = await _claim(database)

    await _settle(database, Outcome(claim.id, DeliveryState.UNREACHABLE, lost=True))

    async with database.read() as session:
        states = set(await session.scalars(select(Delivery.state)))
        known = await session.get(Subscriber, person.id)
    assert states == {DeliveryState.UNREACHABLE}
    assert known is not None
    assert known.state == SubscriberState.GONE


async def test_a_moved_chat_is_written_to_at_its_new_address(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "old")
        notice = await outbox.add_notice(session, "alert", "{}", NOW)
        await outbox.fan_out(session, notice, true(), rank=0, now=NOW)
    (claim,) = await _claim(database)

    await _settle(database, Outcome(claim.id, DeliveryState.PENDING, moved_to="new"))

    (again,) = await _claim(database)
    assert (again.id, again.address) == (claim.id, "new")


async def test_after_a_crash_an_idempotent_platform_simply_repeats(database: Database) -> None:
    async with database.write() as session:
        await _reply(session, "a")
    await _claim(database)

    async with database.write() as session:
        count = await outbox.recover(session, "local", idempotent=True, hold=())

    assert count == 1
    assert [it.repeat for it in await _claim(database)] == [False]


async def test_after_a_crash_telegram_marks_alerts_and_holds_reminders(
    database: Database,
) -> None:
    async with database.write() as session:
        await _meet(session, "a")
        for kind in ("alert", "reminder"):
            notice = await outbox.add_notice(session, kind, "{}", NOW)
            await outbox.fan_out(session, notice, true(), rank=0, now=NOW)
        await session.execute(
            Delivery.__table__.update().values(state=DeliveryState.SENDING)  # type: ignore[attr-defined]
        )

    async with database.write() as session:
        await outbox.recover(session, "local", idempotent=False, hold=["reminder"])

    (claim,) = await _claim(database)
    assert (claim.notice_kind, claim.repeat) == ("alert", True)
    async with database.read() as session:
        states = list(await session.scalars(select(Delivery.state).order_by(Delivery.id)))
    assert states == [DeliveryState.SENDING, DeliveryState.HELD]


async def test_an_edit_waits_until_its_message_has_been_sent(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a")
        person = (await _meet(session, "a"))[0]
        shown = await outbox.enqueue(
            session, platform="local", address="a", body="0 of 5", now=NOW, subscriber=person
        )
        await outbox.replace_edit(session, shown, "1 of 5", NOW)
        await outbox.replace_edit(session, shown, "2 of 5", NOW)

    assert [it.body for it in await _claim(database)] == ["0 of 5"]
    await _settle(database, Outcome(shown.id, DeliveryState.SENT, ref="ref-7"))
    assert [(it.body, it.edits) for it in await _claim(database)] == [("2 of 5", "ref-7")]


async def test_many_claimers_never_share_a_row(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, *[f"p{n}" for n in range(40)])
        notice = await outbox.add_notice(session, "alert", "{}", NOW)
        await outbox.fan_out(session, notice, true(), rank=0, now=NOW)

    claims = await asyncio.gather(*[_claim(database, limit=5) for _ in range(8)])

    ids = [claim.id for batch in claims for claim in batch]
    assert len(ids) == len(set(ids))
