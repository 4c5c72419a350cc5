"""/close, /reopen and what an ended action leaves behind: no queue, no buttons that act."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.import_campaign import _closed, store_campaign
from bot.installation import Storage
from handlers.closing import OUTCOMES
from handlers.message import Message
from storage import notices, outbox, subscribers
from storage.database import Database
from storage.models import Alert, AlertState, Delivery, DeliveryState, Notice
from storage.notices import About
from tests.people import Person, World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _reader(world: World, name: str, country: str = "GB", **about: object) -> Person:
    person = world.person(name, **about)
    await person.says(f"/country {country}")
    await person.says("/subscribe KZ")
    return person


def _about(messages: list[Message], text: str) -> list[str]:
    return [words(it) for it in messages if text in words(it)]


async def test_a_case_that_leaves_the_file_is_sent_to_nobody_any_more(world: World) -> None:
    owner = await world.owner()
    emma = await _reader(world, "emma")
    campaign = sample()
    await owner.says(ALERT)
    async with world.database.write() as session:  # queued, and nobody has it yet
        payload = (await session.scalar(select(Alert))).payload  # type: ignore[union-attr]
        about = About("bokayev-ayan", "KZ", outbox.ALERTS, alert_id=1)
        notice = await notices.add(session, "alert", payload, about, world.now)
        await notices.fan_out(session, notice, subscribers.wants("bokayev-ayan", "KZ"), world.now)
    left = [case for case in campaign.cases if case.id != "bokayev-ayan"]

    storage = Storage(world.database, world.database.vault)
    await store_campaign(storage, campaign.model_copy(update={"cases": left}), world.now)

    assert not _about(await emma.listens(), "Trial opens")
    async with world.database.read() as session:
        (alert,) = await session.scalars(select(Alert))
        assert alert.state == AlertState.CANCELLED
        states = set(await session.scalars(select(Delivery.state).where(Delivery.notice_id == 1)))
        assert states == {DeliveryState.CANCELLED}


async def test_a_case_ends_for_everybody_who_was_asked_to_write(world: World) -> None:
    owner, second = await world.owner(), await world.organiser("second")
    await second.says("/start")
    emma, aigul = await _reader(world, "emma"), await _reader(world, "aigul", "KZ")
    ivan = await _reader(world, "ivan", "BE", language="ru")
    await owner.says(ALERT)
    await owner.says("/send 1")
    await owner.says("/hearing add bokayev-ayan 2026-09-22 10:30 Atyrau City Court")
    await world.tick(1)
    late = await _reader(world, "late")
    for person in (owner, second, emma, aigul, ivan):
        await person.listens()
    notice = next(it for it in reversed(emma.heard) if "Trial opens" in words(it))
    old = {it.label: it for row in notice.buttons for it in row}
    await owner.says(ALERT)  # still a draft
    await owner.says("/alert bokayev-ayan Planned")
    await owner.says("/schedule 3 tomorrow 08:00")

    asked = words(await owner.says("/close bokayev-ayan"))
    assert "4 followers are told the outcome" in asked
    said = words(await owner.presses("Released"))

    assert "6 copies are being changed" in said  # the alert and the reminder, three each
    assert _about(await second.listens(), "bokayev-ayan is closed")
    heard = await emma.listens()
    assert len(_about(heard, "This stands in place of what you were sent before")) == 2
    assert len(_about(heard, "Thank you to everybody who did")) == 1
    assert not [row for it in heard for row in it.buttons]
    assert _about(await ivan.listens(), "Закрыто: Макс Бокаев")
    assert _about(await late.listens(), "Closed: Max Bokayev")
    for it in await aigul.listens():
        assert "Released" in words(it)
        assert "write" not in words(it)

    for label in ("It worked", "Bounced / wrong"):
        assert "case is closed" in words(await emma.presses(old[label]))
    assert "Released" in words(await emma.presses(old["The case"]))
    assert "case is closed" in words(await emma.says("/letter bokayev-ayan"))
    assert "case is closed" in words(await emma.says("/subscribe bokayev-ayan"))
    await emma.says("/unsubscribe KZ")
    assert "get no notices" in words(await emma.presses(old["Stop this case"]))
    assert "was cancelled" in words(await owner.says("/send 2"))
    assert "was cancelled" in words(await owner.says("/send 3"))
    assert "is closed" in words(await owner.says(ALERT))
    assert "is closed" in words(await owner.says("/correct 1 Another headline"))
    await world.tick(86400)
    assert await ivan.listens() == []  # neither the planned alert nor a reminder


async def test_what_is_queued_or_in_doubt_never_leaves(world: World) -> None:
    owner = await world.owner()
    emma = await _reader(world, "emma")
    await owner.says("/hearing add bokayev-ayan 2026-09-22 10:30 Atyrau City Court")
    await world.tick(1)
    await emma.listens()
    async with world.database.write() as session:
        await session.execute(
            update(Delivery)
            .where(Delivery.notice_id.is_not(None))
            .values(state=DeliveryState.HELD, refs="")
        )
    await world.tick(1)
    (offer,) = await owner.listens()
    assert "may not have reached one reader" in words(offer)
    async with world.database.write() as session:
        await session.execute(update(Notice).values(paused_at=world.now))

    await owner.says("/close bokayev-ayan over")

    assert await world.rows(DeliveryState.HELD) == 0
    heard = await emma.listens()
    assert not _about(heard, "Atyrau City Court")
    assert _about(heard, "This action is over")


async def test_an_import_does_not_open_what_was_closed_in_the_chat(world: World) -> None:
    owner = await world.owner()
    await owner.says("/close bokayev-ayan won")
    assert "closed already" in words(await owner.says("/close bokayev-ayan"))
    assert "closed already" in words(await owner.says("/close bokayev-ayan freed"))
    without = sample().model_copy(update={"cases": sample().cases[:1]})
    await world.knows(without)

    assert "The demand was met" in words(await owner.says("/case bokayev-ayan"))
    lines = await _closed(_Storage(world.database), sample())  # type: ignore[arg-type]
    assert lines[0].startswith("The case bokayev-ayan was closed in the chat and stays closed.")
    assert "The case mamai is not in the file and is closed now. /close mamai tells" in str(
        await _closed(_Storage(world.database), without)  # type: ignore[arg-type]
    )
    assert "is closed. " in words(await owner.says("/close mamai over"))

    assert "open again" in words(await owner.says("/reopen bokayev-ayan"))
    assert "is open. Nothing" in words(await owner.says("/reopen bokayev-ayan"))
    assert "Trial opens" in words(await owner.says(ALERT))
    audit = words(await owner.says("/audit"))
    assert "case closed · bokayev-ayan won" in audit
    assert "case opened again · bokayev-ayan" in audit


class _Storage:
    def __init__(self, database: Database) -> None:
        self.database = database


async def test_closing_is_for_organisers_and_not_while_all_is_locked(world: World) -> None:
    owner = await world.owner()
    anna = world.person("anna")

    assert "is for organisers" in words(await anna.says("/close bokayev-ayan freed"))
    stale = await owner.says("/close bokayev-ayan freed", sent_at=world.now - 700)
    assert "ten minutes ago" in words(stale)
    assert "Which case?" in words(await owner.says("/close"))
    assert "do not know a case" in words(await owner.says("/close nobody freed"))
    await owner.says("/lockdown on")
    assert "Sending is locked" in words(await owner.says("/close bokayev-ayan freed"))
    assert "is closed" not in words(await anna.says("/case bokayev-ayan"))


async def test_a_planned_correction_of_what_was_taken_back_never_leaves(world: World) -> None:
    owner = await world.owner()
    emma = await _reader(world, "emma")
    await owner.says(ALERT)
    await owner.says("/send 1")
    await owner.says("/correct 1 Trial opens on Friday\nThe court has moved it.")
    await owner.says("/schedule 2 tomorrow 08:00")
    await emma.listens()

    await owner.says("/retract 1 It was wrong.")
    await world.tick(86400)

    assert not _about(await emma.listens(), "Trial opens on Friday")
    assert "was cancelled" in words(await owner.says("/send 2"))
    assert "was taken back" in words(await emma.says("/bounced bokayev-ayan"))


async def test_a_planned_alert_of_a_case_that_left_the_file_never_leaves(world: World) -> None:
    owner = await world.owner()
    emma = await _reader(world, "emma")
    await owner.says("/alert mamai Trial opens tomorrow")
    await owner.says("/schedule 1 tomorrow 08:00")
    await world.knows(sample().model_copy(update={"cases": sample().cases[:1]}))

    await world.tick(86400)

    assert not _about(await emma.listens(), "Trial opens")
    assert _about(await owner.listens(), "its case is closed. Nothing was sent.")


def test_every_case_id_fits_beside_an_outcome_into_a_button() -> None:
    assert all(len(f"close {'x' * 32} {it}") <= 44 for it in OUTCOMES)
