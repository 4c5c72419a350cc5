"""The outbox: claimed once, in order, settled with what it means for the subscriber."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession

from storage import dialogues, notices, organisers, outbox, settling, subscribers
from storage.database import Database
from storage.duties import take_turn
from storage.models import Delivery, DeliveryState, Dialogue, Notice, Subscriber, SubscriberState
from storage.notices import About
from storage.outbox import Claim
from storage.settling import Outcome

NOW = 1_800_000_000
ALERT = About("bokayev-ayan", "KZ", lane=outbox.ALERTS)
REMINDER = About("bokayev-ayan", "KZ", lane=outbox.REMINDERS)


async def _meet(session: AsyncSession, *names: str, **about: object) -> list[Subscriber]:
    met = [
        await subscribers.meet(session, "local", name, kind="private", now=NOW) for name in names
    ]
    for one in met:
        for name, value in about.items():
            setattr(one, name, value)
    await session.flush()
    return met


async def _reply(session: AsyncSession, name: str, body: str = "hello") -> Delivery:
    return await outbox.enqueue(session, platform="local", address=name, body=body, now=NOW)


async def _notice(session: AsyncSession, kind: str = "alert", about: About = ALERT) -> Notice:
    """A notice to everybody."""
    notice = await notices.add(session, kind, "{}", about, NOW)
    await notices.fan_out(session, notice, true(), NOW)
    return notice


async def _claim(
    database: Database, limit: int = 10, now: int = NOW, first: int = outbox.CORRECTIONS
) -> list[Claim]:
    async with database.write() as session:
        return await outbox.claim(session, "local", now, replies=limit, notices=limit, first=first)


async def _settle(database: Database, *outcomes: Outcome) -> None:
    async with database.write() as session:
        await settling.settle(session, outcomes, NOW)


def _sent(claim: Claim, *refs: str) -> Outcome:
    return Outcome(claim, DeliveryState.SENT, refs=(*claim.refs, *refs), done=True)


async def _arrive(database: Database) -> list[str]:
    """Claim and deliver until nothing is left; the addresses in the order they got it."""
    order: list[str] = []
    while claims := await _claim(database, limit=1):
        order += [claim.address for claim in claims]
        await _settle(database, *[_sent(claim, "r") for claim in claims])
    return order


async def _states(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(select(Delivery.state).order_by(Delivery.id)))


# ---------------------------------------------------------------------------------- claiming


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

    (claim,) = await _claim(database)
    assert claim.id == first.id
    assert await _claim(database) == []
    await _settle(database, _sent(claim, "1"))
    assert [it.id for it in await _claim(database)] == [second.id]


async def test_a_reply_that_waits_is_not_overtaken_by_the_next(database: Database) -> None:
    async with database.write() as session:
        first, second = await _reply(session, "london"), await _reply(session, "london")
    (claim,) = await _claim(database)
    await _settle(database, Outcome(claim, DeliveryState.PENDING, due_at=NOW + 5))

    assert await _claim(database) == []
    (claim,) = await _claim(database, now=NOW + 5)
    assert claim.id == first.id
    await _settle(database, _sent(claim, "1"))
    assert [it.id for it in await _claim(database)] == [second.id]


async def test_replies_go_before_a_broadcast(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a", "b", "c")
        notice = await notices.add(session, "alert", "{}", ALERT, NOW)
        count = await notices.fan_out(session, notice, true(), NOW)
        reply = await _reply(session, "d")

    assert count == notice.recipients == 3
    assert (await _claim(database))[0].id == reply.id


async def test_many_claimers_never_share_a_row(database: Database) -> None:
    async with database.write() as session:
        for number in range(40):
            await _reply(session, f"p{number}")

    claims = await asyncio.gather(*[_claim(database, limit=5) for _ in range(8)])

    ids = [claim.id for batch in claims for claim in batch]
    assert len(ids) == len(set(ids))


# -------------------------------------------------------------------------- order and fairness


async def test_nobody_gets_a_notice_twice(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a", "b")
        notice = await _notice(session)
        again = await notices.fan_out(session, notice, true(), NOW)

    assert (notice.recipients, again) == (2, 0)


async def test_organisers_then_a_sample_then_urgent_then_the_longest_subscribed(
    database: Database,
) -> None:
    async with database.write() as session:
        await _meet(session, *[f"en{n}" for n in range(3)], language="en")
        await _meet(session, "hurry", language="en", urgent_only=True)
        await _meet(session, *[f"ru{n}" for n in range(2)], language="ru")
        await _meet(session, "boss", language="en")
        boss = await organisers.add(session, "local", "boss", organisers.OWNER, NOW)
        organisers.remember_chat(session, boss, "local", "boss")
        await session.flush()
        await _notice(session)

    assert await _arrive(database) == ["boss", "en0", "ru0", "hurry", "en1", "en2", "ru1"]


async def test_a_stage_waits_for_the_one_before(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, *[f"en{n}" for n in range(3)], language="en")
        await _meet(session, *[f"ru{n}" for n in range(3)], language="ru")
        await _notice(session)

    sample = await _claim(database)
    assert [claim.address for claim in sample] == ["en0", "ru0"]
    assert await _claim(database) == []
    await _settle(database, _sent(sample[0], "1"))
    assert await _claim(database) == []
    await _settle(database, _sent(sample[1], "1"))
    assert len(await _claim(database)) == 4


async def test_a_chat_that_must_wait_does_not_hold_up_the_next_stage(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a", "b")
        await _notice(session)
    (claim,) = await _claim(database)
    await _settle(database, Outcome(claim, DeliveryState.PENDING, due_at=NOW + 300))

    assert [it.address for it in await _claim(database)] == ["b"]


async def test_two_alerts_go_by_urgency_then_age(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a")
        calm = await _notice(session, about=replace(ALERT, priority=2))
        urgent = await _notice(session, about=replace(ALERT, priority=0))
        later = await _notice(session, about=replace(ALERT, priority=0))

    order = []
    while claims := await _claim(database, limit=1):
        order += [claim.notice_id for claim in claims]
        await _settle(database, *[_sent(claim, "1") for claim in claims])
    assert order == [urgent.id, later.id, calm.id]


async def test_a_reminder_is_not_behind_a_broadcast_and_both_move_on(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, *[f"p{n}" for n in range(20)])
        alert = await _notice(session)
        reminder = await _notice(session, "reminder", REMINDER)

    assert [it.notice_id for it in await _claim(database, limit=1)] == [reminder.id]
    turn = await _claim(database, limit=1, first=outbox.ALERTS)
    assert [it.notice_id for it in turn] == [alert.id]


async def test_a_paused_notice_stays_where_it_is(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a")
        notice = await _notice(session)
        assert await notices.pause(session, notice.id, NOW)
        assert not await notices.pause(session, notice.id, NOW)

    assert await _claim(database) == []
    async with database.write() as session:
        assert await notices.go_on(session, [notice.id]) == 1
    assert len(await _claim(database)) == 1


# ---------------------------------------------------------------------------------- settling


async def test_the_parts_of_a_long_message_are_sent_one_after_the_other(
    database: Database,
) -> None:
    async with database.write() as session:
        await _reply(session, "a")
    (claim,) = await _claim(database)
    await _settle(database, replace(_sent(claim, "1"), state=DeliveryState.PENDING))

    (claim,) = await _claim(database)
    assert (claim.part, claim.attempts, claim.body, claim.refs) == (1, 1, "hello", ("1",))
    await _settle(database, _sent(claim, "2"))

    assert await _states(database) == []  # a reply to somebody we do not keep leaves nothing


async def test_a_late_outcome_changes_nothing(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a")
        await _notice(session)
    (late,) = await _claim(database)
    async with database.write() as session:
        await settling.recover(session, "local", idempotent=True, hold=(), now=NOW)
    await _claim(database)

    await _settle(database, Outcome(late, DeliveryState.REJECTED))

    assert await _states(database) == [DeliveryState.SENDING]


async def test_a_late_outcome_of_one_part_says_nothing_of_the_next(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a")
        await _notice(session)
    (late,) = await _claim(database)
    async with database.write() as session:
        await settling.recover(session, "local", idempotent=True, hold=(), now=NOW)
    (claim,) = await _claim(database)
    await _settle(database, replace(_sent(claim, "1"), state=DeliveryState.PENDING))
    await _claim(database)  # its second part: the first attempt at that one, too

    await _settle(database, Outcome(late, DeliveryState.REJECTED))

    assert await _states(database) == [DeliveryState.SENDING]


async def test_the_number_of_an_erased_delivery_is_not_given_again(database: Database) -> None:
    async with database.write() as session:
        (anna,) = await _meet(session, "anna")
        await _notice(session)
    (late,) = await _claim(database)
    async with database.write() as session:
        await subscribers.forget(session, anna)
    async with database.write() as session:
        await _meet(session, "boris")
        await _notice(session)
    (claim,) = await _claim(database)

    await _settle(database, _sent(late, "1"))

    assert claim.id != late.id
    assert await _states(database) == [DeliveryState.SENDING]


async def test_what_did_arrive_after_all_is_not_sent_again(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a")
        await _notice(session)
    (late,) = await _claim(database)
    async with database.write() as session:
        await settling.recover(session, "local", idempotent=False, hold=(), now=NOW)

    await _settle(database, _sent(late, "1"))

    assert await _claim(database) == []
    assert await _states(database) == [DeliveryState.SENT]


async def test_a_chat_that_is_gone_gets_nothing_more(database: Database) -> None:
    async with database.write() as session:
        (person,) = await _meet(session, "a")
        for _ in range(3):
            await _notice(session)
    (claim,) = await _claim(database)

    await _settle(database, Outcome(claim, DeliveryState.UNREACHABLE, lost=True))

    async with database.read() as session:
        known = await session.get(Subscriber, person.id)
    assert set(await _states(database)) == {DeliveryState.UNREACHABLE}
    assert known is not None
    assert known.state == SubscriberState.GONE


async def test_a_question_asked_at_an_old_address_is_dropped_with_it(database: Database) -> None:
    async with database.write() as session:
        (group,) = await _meet(session, "old")
        await dialogues.ask(session, "local", "old", "/country", NOW)
        await subscribers.move(session, group, "new")

    async with database.read() as session:
        assert list(await session.scalars(select(Dialogue))) == []


async def test_a_moved_chat_is_written_to_at_its_new_address(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "old")
        await _notice(session)
    (claim,) = await _claim(database)

    await _settle(database, Outcome(claim, DeliveryState.PENDING, moved_to="new"))

    (again,) = await _claim(database)
    assert (again.id, again.address) == (claim.id, "new")


# ------------------------------------------------------------------------------ after a crash


async def test_after_a_crash_an_idempotent_platform_simply_repeats(database: Database) -> None:
    async with database.write() as session:
        await _reply(session, "a")
    await _claim(database)

    async with database.write() as session:
        count = await settling.recover(session, "local", idempotent=True, hold=(), now=NOW)

    assert count == 1
    assert [it.repeat for it in await _claim(database)] == [False]


async def test_after_a_crash_telegram_marks_alerts_and_holds_reminders(
    database: Database,
) -> None:
    async with database.write() as session:
        await _meet(session, "a")
        await _notice(session)
        await _notice(session, "reminder", REMINDER)
        await session.execute(
            Delivery.__table__.update().values(state=DeliveryState.SENDING)  # type: ignore[attr-defined]
        )

    async with database.write() as session:
        await settling.recover(session, "local", idempotent=False, hold=["reminder"], now=NOW)

    (claim,) = await _claim(database)
    assert (claim.notice_kind, claim.repeat) == ("alert", True)
    assert await _states(database) == [DeliveryState.SENDING, DeliveryState.HELD]


async def test_what_was_held_is_offered_once_and_sent_again_marked(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, "a", "b")
        notice = await _notice(session, "reminder", REMINDER)
    for _ in range(2):
        (claim,) = await _claim(database, limit=1)
        await _settle(database, Outcome(claim, DeliveryState.HELD))

    async with database.write() as session:
        await notices.finish(session, NOW)
        assert [(it.id, n) for it, n in await notices.newly_held(session)] == [(notice.id, 2)]
        found = await notices.get(session, notice.id)
        assert found is not None
        found.held_told = 2
    async with database.write() as session:
        assert await notices.newly_held(session) == []
        found = await notices.get(session, notice.id)
        assert found is not None
        assert await notices.release_held(session, found, NOW) == 2

    assert [claim.repeat for claim in await _claim(database)] == [True]


# ------------------------------------------------------------------------------------- edits


@pytest.mark.parametrize("end", ["fails", "has more parts", "crash"])
async def test_what_is_unsubscribed_from_in_flight_does_not_go_on(
    database: Database, end: str
) -> None:
    async with database.write() as session:
        (anna,) = await _meet(session, "anna", state=SubscriberState.ACTIVE)
        await _notice(session)
    (claim,) = await _claim(database)
    async with database.write() as session:
        subscriber = await subscribers.get(session, anna.id)
        assert subscriber is not None
        await subscribers.unfollow(session, subscriber, NOW)

    if end == "crash":
        async with database.write() as session:
            assert (
                await settling.recover(session, "local", idempotent=False, hold=[], now=NOW) == 1
            )
    else:
        done = end == "has more parts"
        await _settle(database, Outcome(claim, DeliveryState.PENDING, done=done, repeat=not done))

    assert await _states(database) == [DeliveryState.CANCELLED]
    assert await _claim(database) == []


async def test_who_leaves_while_readers_are_being_fixed_gets_nothing(database: Database) -> None:
    async with database.write() as session:
        (anna,) = await _meet(session, "anna", state=SubscriberState.ACTIVE)

    async def leaves() -> None:
        async with database.write() as session:
            await take_turn(session)  # as the intake does
            subscriber = await subscribers.get(session, anna.id)
            assert subscriber is not None
            await subscribers.unfollow(session, subscriber, NOW)

    async with database.write() as session:
        await take_turn(session)  # as the scheduler does
        await _notice(session)
        leaving = asyncio.create_task(leaves())
        await asyncio.sleep(0.1)  # on PostgreSQL she is at it by now
    await leaving

    assert await _states(database) == [DeliveryState.CANCELLED]


async def test_what_is_held_for_somebody_who_unsubscribes_is_not_sent_again(
    database: Database,
) -> None:
    async with database.write() as session:
        (anna,) = await _meet(session, "anna", state=SubscriberState.ACTIVE)
        notice = await _notice(session)
    (claim,) = await _claim(database)
    await _settle(database, Outcome(claim, DeliveryState.HELD))
    async with database.write() as session:
        subscriber = await subscribers.get(session, anna.id)
        assert subscriber is not None
        await subscribers.unfollow(session, subscriber, NOW)

    async with database.write() as session:
        again = await notices.get(session, notice.id)
        assert again is not None
        assert await notices.release_held(session, again, NOW) == 0


async def test_an_edit_waits_until_its_message_has_been_sent(database: Database) -> None:
    async with database.write() as session:
        (person,) = await _meet(session, "a")
        shown = await outbox.enqueue(
            session, platform="local", address="a", body="0 of 5", now=NOW, subscriber=person
        )
        await outbox.replace_edit(session, shown, "1 of 5", NOW)
        await outbox.replace_edit(session, shown, "2 of 5", NOW)

    (claim,) = await _claim(database)
    assert claim.body == "0 of 5"
    await _settle(database, _sent(claim, "ref-7"))
    assert [(it.body, it.edits) for it in await _claim(database)] == [("2 of 5", ("ref-7",))]


async def test_a_correction_reaches_every_copy_and_remembers_the_new_parts(
    database: Database,
) -> None:
    async with database.write() as session:
        await _meet(session, "has-it", "lost", "waits")
        notice = await _notice(session)
    (claim,) = await _claim(database, limit=1)
    await _settle(database, _sent(claim, "1"))
    (lost,) = await _claim(database, limit=1)
    await _settle(database, Outcome(lost, DeliveryState.UNREACHABLE, lost=True))

    async with database.write() as session:
        assert await notices.stop(session, [notice.id], NOW) == 1
        about = replace(ALERT, lane=outbox.CORRECTIONS)
        correction = await notices.add(session, "alert", "{}", about, NOW)
        assert await notices.fan_out_edits(session, correction, [notice.id], NOW) == 1
        assert await notices.fan_out(session, correction, true(), NOW) == 2  # "lost" is asked anew

    claims = await _claim(database)
    assert [(it.address, it.edits) for it in claims if it.edits] == [("has-it", ("1",))]
    await _settle(database, *[_sent(it, "1", "2") for it in claims if it.edits])
    async with database.read() as session:
        first = await session.get(Delivery, claim.id)
    assert first is not None
    assert first.refs == "1\n2"


# --------------------------------------------------------------------------------- forgetting


async def test_finished_rows_lose_their_recipient_and_counts_stay(database: Database) -> None:
    async with database.write() as session:
        await _meet(session, *[f"p{n}" for n in range(3)])
        notice = await _notice(session)
    await _arrive(database)

    async with database.write() as session:
        purged = await outbox.purge(session, replies_before=NOW + 1, links_before=NOW + 1)
        again = await outbox.purge(session, replies_before=NOW + 1, links_before=NOW + 1)
        counts = await notices.counts(session, [notice.id])
        rows = list(await session.scalars(select(Delivery)))

    assert (purged, again, counts) == (3, 0, {"sent": 3})
    assert {(row.subscriber_id, row.chat, row.address, row.refs) for row in rows} == {
        (None, b"", None, "")
    }


async def test_an_index_serves_every_claim_however_many_rows_wait(database: Database) -> None:
    """Else a claim from a million rows takes seconds, and every reply waits for it."""
    async with database.write() as session:
        await _meet(session, *[f"p{n}" for n in range(300)])
        await _notice(session)
        plan = await _plan(session)

    assert "ix_deliveries_stream" in plan
    assert "ix_deliveries_replies" in plan
    assert "ix_deliveries_sending" in plan
    assert "Seq Scan on deliveries" not in plan


async def _plan(session: AsyncSession) -> str:
    """How the database would look for what is due."""
    connection = await session.connection()
    if session.get_bind().dialect.name == "postgresql":
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # too few rows to tell
        explain, values = "EXPLAIN ", {"literal_binds": True}
    else:
        explain, values = "EXPLAIN QUERY PLAN ", {}
    about = {"on": "local", "now": NOW, "limit": 8, "notice": 1}
    lines = []
    for statement in (outbox._REPLIES, outbox._STREAM):
        compiled = statement.params(about).compile(
            dialect=connection.dialect, compile_kwargs=values
        )
        given = [compiled.params[name] for name in getattr(compiled, "positiontup", None) or ()]
        rows = await connection.exec_driver_sql(explain + str(compiled), tuple(given))
        lines += [str(row) for row in rows]
    return "\n".join(lines)
