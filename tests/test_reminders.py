"""Reminders: exactly once, never late without use, told again when a hearing moves."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from handlers import casebook, docket, reminders
from handlers.campaign import Campaign
from handlers.campaign import Hearing as Facts
from handlers.campaign_fields import wall_time_fault
from handlers.campaign_file import read_campaign
from handlers.message import unpack_message
from handlers.wall_time import instant
from storage import cases, organisers, subscribers
from storage import hearings as store
from storage.database import Database
from storage.models import Delivery, DeliveryState, Hearing, Notice, Reminder, ReminderState
from storage.vault import vault_of

SAMPLE = Path(__file__).parent.parent / "examples" / "kazakhstan.toml"
CASE = "bokayev-ayan"
HOUR, DAY = 3600, 86400
ZONES = (
    "Asia/Almaty",
    "Asia/Atyrau",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Chatham",
    "UTC",
)
OPENS = int(datetime(2026, 10, 12, 5, 30, tzinfo=UTC).timestamp())
"""A hearing at half past ten in Atyrau."""


@dataclass
class Court:
    """A case with two followers, on a real database, and a clock given each time."""

    database: Database
    campaign: Campaign

    async def announces(
        self, now: int, local: str = "2026-10-12T10:30", zone: str = "Asia/Atyrau"
    ) -> int:
        facts = Facts(
            id=f"at-{local}-{zone}",
            court={"en": "Atyrau City Court No. 2"},
            city={"en": "Atyrau", "ru": "Атырау"},
            local=local,
            timezone=zone,
        )
        async with self.database.write() as session:
            dossier = await casebook.find(session, CASE, "en")
            return (await docket.announce(session, dossier, facts, now)).id

    async def moves(self, hearing_id: int, local: str, now: int) -> int:
        async with self.database.write() as session:
            hearing = await _hearing(session, hearing_id)
            facts = reminders.facts_of(hearing).model_copy(update={"local": local})
            dossier = await casebook.find(session, CASE, "en")
            return await docket.move(session, dossier, hearing, facts, now)

    async def calls_off(self, hearing_id: int, now: int) -> int:
        async with self.database.write() as session:
            dossier = await casebook.find(session, CASE, "en")
            hearing = await _hearing(session, hearing_id)
            return await docket.call_off(session, dossier, hearing, now)

    async def imports(self, campaign: Campaign, now: int) -> int:
        async with self.database.write() as session:
            await casebook.save(session, campaign, now)
            return await docket.put_hearings(session, campaign, now)

    async def tick(self, now: int) -> int:
        async with self.database.write() as session:
            return await reminders.fire_due(session, now)

    async def told(self) -> list[str]:
        """The kinds of everything people were told, in order."""
        return [str(payload["kind"]) for payload in await self.payloads()]

    async def payloads(self) -> list[dict[str, object]]:
        async with self.database.read() as session:
            rows = await session.scalars(select(Notice.payload).order_by(Notice.id))
            return [json.loads(row) for row in rows]

    async def deliveries(self, state: DeliveryState | None = None) -> int:
        statement = select(func.count()).where(Delivery.notice_id.is_not(None))
        if state:
            statement = statement.where(Delivery.state == state)
        async with self.database.read() as session:
            return await session.scalar(statement) or 0

    async def states(self) -> Counter[tuple[str, str]]:
        """How many reminders of each kind are in each state."""
        async with self.database.read() as session:
            rows = await session.execute(select(Reminder.kind, Reminder.state))
            return Counter((kind, state) for kind, state in rows)

    async def heard_by_organisers(self) -> list[str]:
        async with self.database.read() as session:
            bodies = await session.scalars(
                select(Delivery.body).where(Delivery.notice_id.is_(None)).order_by(Delivery.id)
            )
            vault = vault_of(session)
            opened = [vault.open(body, "deliveries.body") for body in bodies if body]
        return [str(unpack_message(it).blocks) for it in opened]


async def _hearing(session: object, hearing_id: int) -> Hearing:
    hearing = await store.get(session, hearing_id)  # type: ignore[arg-type] # any session
    assert hearing is not None
    return hearing


def _sample(*hearings: Facts) -> Campaign:
    """The sample campaign with these hearings of the case instead of its own."""
    campaign, _ = read_campaign(SAMPLE.read_text("utf-8"))
    changed = [
        case.model_copy(update={"hearings": list(hearings)}) if case.id == CASE else case
        for case in campaign.cases
    ]
    return campaign.model_copy(update={"cases": changed})


def _facts(local: str, court: str = "Atyrau City Court No. 2", name: str = f"{CASE}-1") -> Facts:
    return Facts(id=name, court={"en": court}, local=local, timezone="Asia/Atyrau")


@pytest.fixture
async def court(database: Database) -> Court:
    campaign = _sample()
    async with database.write() as session:
        await casebook.save(session, campaign, OPENS - 60 * DAY)
        for name, kind, value in (
            ("anna", "case", CASE),
            ("boris", "country", "KZ"),
            ("other", "case", "someone-else"),
        ):
            person = await subscribers.meet(session, "local", name, kind="private", now=0)
            await subscribers.follow(session, person, kind, value)
        owner = await organisers.add(session, "local", "olga", organisers.OWNER, 0)
        organisers.remember_chat(session, owner, "local", "olga")
    return Court(database, campaign)


# ----------------------------------------------------------------------------------- when due


async def test_a_hearing_is_reminded_of_three_times(court: Court) -> None:
    await court.announces(OPENS - 30 * DAY)

    for now in (OPENS - 7 * DAY - 1, OPENS - DAY - 1, OPENS - 2 * HOUR - 1):
        before = await court.told()
        await court.tick(now)
        assert await court.told() == before
        assert await court.tick(now + 1) == 1
    await court.tick(OPENS + 1)

    assert await court.told() == ["7d", "1d", "2h"]
    assert await court.deliveries() == 3 * 2
    assert await court.heard_by_organisers() == []


async def test_a_hearing_announced_the_evening_before_reminds_at_once_and_once(
    court: Court,
) -> None:
    evening = OPENS - 14 * HOUR
    await court.announces(evening)

    for now in range(evening, OPENS + HOUR, 600):
        await court.tick(now)

    assert await court.told() == ["now", "2h"]
    assert await court.deliveries() == 2 * 2


async def test_a_hearing_in_an_hour_reminds_once(court: Court) -> None:
    await court.announces(OPENS - HOUR)

    for now in range(OPENS - HOUR, OPENS + HOUR, 60):
        await court.tick(now)

    assert await court.told() == ["now"]


async def test_a_hearing_three_days_ahead_reminds_at_once_as_the_week_is_over(
    court: Court,
) -> None:
    await court.announces(OPENS - 3 * DAY)

    for now in range(OPENS - 3 * DAY, OPENS + HOUR, HOUR // 2):
        await court.tick(now)

    assert await court.told() == ["now", "1d", "2h"]


async def test_after_a_week_without_us_only_the_newest_goes_out(court: Court) -> None:
    await court.announces(OPENS - 8 * DAY)

    assert await court.tick(OPENS - HOUR) == 1

    assert await court.told() == ["2h"]
    assert await court.states() == {
        ("7d", ReminderState.MISSED): 1,
        ("1d", ReminderState.MISSED): 1,
        ("2h", ReminderState.FIRED): 1,
    }


async def test_of_a_hearing_that_is_over_the_organisers_are_told_once(court: Court) -> None:
    hearing_id = await court.announces(OPENS - 8 * DAY)

    assert await court.tick(OPENS) == 0
    await court.tick(OPENS + 1)

    assert await court.told() == []
    heard = await court.heard_by_organisers()
    assert len(heard) == 1
    assert "3 reminders" in heard[0]
    assert f"/hearing outcome {hearing_id}" in heard[0]


async def test_many_ticks_at_once_remind_once(court: Court) -> None:
    for number in range(5):
        await court.announces(OPENS - 3 * DAY, f"2026-10-12T1{number}:30")

    fired = await asyncio.gather(*(court.tick(OPENS - 20 * HOUR) for _ in range(8)))

    assert sum(fired) == 5
    assert Counter(await court.told()) == {"1d": 5}
    assert await court.deliveries() == 5 * 2


async def test_a_clock_set_back_reminds_of_nothing_twice(court: Court) -> None:
    await court.announces(OPENS - 8 * DAY)

    for now in (OPENS - 7 * DAY, OPENS - 9 * DAY, OPENS - 7 * DAY, OPENS - DAY, OPENS - 2 * DAY):
        await court.tick(now)
    await court.tick(OPENS - DAY)

    assert await court.told() == ["7d", "1d"]


async def test_a_closed_case_reminds_nobody(court: Court) -> None:
    await court.announces(OPENS - 3 * DAY)
    async with court.database.write() as session:
        case = await cases.get_case(session, CASE)
        assert case is not None
        case.closed_at = OPENS - 2 * DAY

    await court.tick(OPENS - DAY)

    assert await court.told() == []


# ------------------------------------------------------------------------------------ changes


async def test_everybody_is_told_of_a_moved_hearing_and_reminded_anew(court: Court) -> None:
    hearing_id = await court.announces(OPENS - 3 * DAY)
    await court.tick(OPENS - 3 * DAY)

    assert await court.moves(hearing_id, "2026-10-26T10:30", OPENS - 2 * DAY) == 2
    for now in range(OPENS - 2 * DAY, OPENS + 15 * DAY, HOUR):
        await court.tick(now)

    payloads = await court.payloads()
    assert [it["kind"] for it in payloads] == ["now", "changed", "7d", "1d", "2h"]
    assert payloads[1]["before"] == "2026-10-12T10:30"
    assert {it["version"] for it in payloads[1:]} == {2}
    assert {it["starts_at"] for it in payloads[1:]} == {OPENS + 14 * DAY}


async def test_a_queued_reminder_of_the_old_time_is_taken_back(court: Court) -> None:
    first = await court.announces(OPENS - 3 * DAY)
    await court.announces(OPENS - 3 * DAY, "2026-10-12T15:00")
    await court.tick(OPENS - 3 * DAY)

    await court.moves(first, "2026-10-26T10:30", OPENS - 3 * DAY + 5)

    assert await court.deliveries(DeliveryState.CANCELLED) == 2  # of the first, not the second
    assert await court.deliveries(DeliveryState.PENDING) == 2 + 2


async def test_everybody_is_told_once_of_a_hearing_that_is_called_off(court: Court) -> None:
    hearing_id = await court.announces(OPENS - 3 * DAY)
    await court.tick(OPENS - 3 * DAY)

    assert await court.calls_off(hearing_id, OPENS - 2 * DAY) == 2
    for now in range(OPENS - 2 * DAY, OPENS + DAY, HOUR):
        await court.tick(now)

    assert await court.told() == ["now", "cancelled"]
    assert await court.heard_by_organisers() == []


async def test_a_hearing_that_took_place_reminds_of_nothing_any_more(court: Court) -> None:
    hearing_id = await court.announces(OPENS - 3 * DAY)
    async with court.database.write() as session:
        hearing = await _hearing(session, hearing_id)
        await docket.close(session, hearing, "Adjourned.", "en", OPENS - 2 * DAY)

    await court.tick(OPENS - HOUR)

    assert await court.told() == []


# ------------------------------------------------------------------------------ zones that change


async def test_when_the_zone_data_change_the_wall_time_stays(court: Court) -> None:
    hearing_id = await court.announces(OPENS - 30 * DAY, zone="Asia/Almaty")
    await court.tick(OPENS - 7 * DAY)
    async with court.database.write() as session:  # as tzdata before 2024 would have it
        hearing = await _hearing(session, hearing_id)
        hearing.starts_at -= HOUR
        for it in await store.reminders(session, hearing):
            it.due_at -= HOUR

    async with court.database.write() as session:
        assert await reminders.rederive(session, OPENS - 6 * DAY) == 1
    async with court.database.write() as session:
        assert await reminders.rederive(session, OPENS - 6 * DAY) == 0

    async with court.database.read() as session:
        hearing = await _hearing(session, hearing_id)
        due = {it.kind: it.due_at for it in await store.reminders(session, hearing)}
    assert hearing.starts_at == OPENS
    assert due["1d"] == OPENS - DAY
    assert due["2h"] == OPENS - 2 * HOUR
    assert due["7d"] == OPENS - 7 * DAY - HOUR  # has fired: stays as it was


async def test_a_wall_time_that_new_zone_data_skip_stops_nothing(court: Court) -> None:
    hearing_id = await court.announces(OPENS - 30 * DAY)
    async with court.database.write() as session:
        hearing = await _hearing(session, hearing_id)
        hearing.local, hearing.timezone = "2027-03-28T02:30", "Europe/Berlin"
        document = json.loads(hearing.document)
        hearing.document = json.dumps(
            {**document, "local": hearing.local, "timezone": hearing.timezone}
        )

    async with court.database.write() as session:
        assert await reminders.rederive(session, OPENS - 6 * DAY) == 1
    spring = int(datetime(2027, 3, 28, 1, 30, tzinfo=UTC).timestamp())

    assert await court.tick(spring - HOUR) == 1


# ------------------------------------------------------------------------------- from a file


async def test_the_hearings_of_the_sample_are_stored_and_remind_nobody(court: Court) -> None:
    campaign, _ = read_campaign(SAMPLE.read_text("utf-8"))

    assert await court.imports(campaign, OPENS) == sum(len(it.hearings) for it in campaign.cases)
    assert await court.imports(campaign, OPENS) == 0
    await court.tick(OPENS)

    async with court.database.read() as session:
        rows = await store.of_case(session, CASE)
    assert [(it.local, it.timezone) for it in rows] == [("2016-10-12T10:30", "Asia/Atyrau")]
    assert rows[0].starts_at == instant("2016-10-12T10:30", "Asia/Atyrau")
    assert await court.states() == {}
    assert await court.heard_by_organisers() == []


async def test_an_imported_hearing_reminds_and_its_change_is_told_to_the_reminded(
    court: Court,
) -> None:
    now = OPENS - 3 * DAY
    assert await court.imports(_sample(_facts("2026-10-12T10:30")), now) == 1
    await court.tick(now)
    assert await court.imports(_sample(_facts("2026-10-12T10:30")), now) == 0
    assert await court.imports(_sample(_facts("2026-10-13T10:30")), now) == 1
    assert await court.imports(_sample(_facts("2026-10-13T10:30", "Court No. 1")), now) == 1

    payloads = await court.payloads()
    assert [it["kind"] for it in payloads] == ["now", "changed", "changed"]
    assert [it["before"] for it in payloads] == ["", "2026-10-12T10:30", ""]
    assert payloads[2]["court"] == {"en": "Court No. 1"}


async def test_a_change_before_anybody_was_told_starts_anew(court: Court) -> None:
    await court.imports(_sample(_facts("2026-10-12T10:30")), OPENS - 30 * DAY)
    await court.imports(_sample(_facts("2026-10-13T10:30")), OPENS - 3 * DAY)
    await court.tick(OPENS - 3 * DAY)

    payloads = await court.payloads()
    assert [it["kind"] for it in payloads] == ["now"]
    assert payloads[0]["local"] == "2026-10-13T10:30"


async def test_importing_again_keeps_what_was_changed_in_chat(court: Court) -> None:
    now = OPENS - 30 * DAY
    await court.imports(_sample(_facts("2026-10-12T10:30")), now)
    async with court.database.read() as session:
        row = (await store.of_case(session, CASE))[0]
    await court.moves(row.id, "2026-10-20T09:00", now)

    assert await court.imports(_sample(_facts("2026-10-12T10:30")), now) == 0
    async with court.database.read() as session:
        assert [it.local for it in await store.of_case(session, CASE)] == ["2026-10-20T09:00"]
    assert await court.imports(_sample(_facts("2026-10-20T09:00")), now) == 0  # the file follows
    assert await court.told() == ["changed"]


async def test_a_hearing_announced_in_chat_and_then_in_the_file_is_one(court: Court) -> None:
    await court.announces(OPENS - 30 * DAY)

    facts = _facts("2026-10-12T10:30", "City Court No. 2 of Atyrau")
    assert await court.imports(_sample(facts), OPENS - 30 * DAY) == 0

    async with court.database.read() as session:
        rows = await store.of_case(session, CASE)
    assert len(rows) == 1
    assert reminders.facts_of(rows[0]).court == {"en": "City Court No. 2 of Atyrau"}


async def test_taking_one_hearing_out_of_the_file_changes_no_other(court: Court) -> None:
    now = OPENS - 30 * DAY
    old = _facts("2016-10-12T10:30")
    await court.imports(_sample(old, _facts("2026-10-12T10:30", name=f"{CASE}-2")), now)

    assert await court.imports(_sample(_facts("2026-10-12T10:30", name=f"{CASE}-1")), now) == 0

    async with court.database.read() as session:
        assert len(await store.of_case(session, CASE)) == 2
    assert await court.told() == []


# ---------------------------------------------------------------------------- random histories


@pytest.mark.parametrize("seed", range(4))
async def test_each_reminder_is_one_set_of_deliveries_whatever_happens(
    court: Court, seed: int
) -> None:
    """Random zones, dates, outages and clock jumps: nothing twice, nothing useless, none lost."""
    dice = random.Random(seed)  # noqa: S311 - reproducible histories
    start = int(datetime(2026, dice.randint(1, 12), 20, tzinfo=UTC).timestamp())
    starts: dict[int, int] = {}
    ticks: list[int] = []
    now = start
    for _ in range(120):
        if len(starts) < 60:
            local, zone = _random_wall_time(dice, now)
            starts[await court.announces(now, local, zone)] = instant(local, zone)
        before = len(await court.payloads())
        await asyncio.gather(court.tick(now), court.tick(now))
        ticks.append(now)
        fresh = (await court.payloads())[before:]
        assert max(Counter(it["hearing"] for it in fresh).values(), default=0) <= 1
        assert all(starts[int(str(it["hearing"]))] > now for it in fresh)
        now += _random_step(dice)
    await court.tick(max(starts.values()))

    await _check_history(court, starts, ticks)


async def _check_history(court: Court, starts: dict[int, int], ticks: list[int]) -> None:
    payloads = await court.payloads()
    sets = Counter((it["hearing"], it["kind"], it["version"]) for it in payloads)
    async with court.database.read() as session:
        rows = list(await session.scalars(select(Reminder)))
        per_notice = await session.scalars(
            select(func.count())
            .select_from(Delivery)
            .group_by(Delivery.notice_id)
            .where(Delivery.notice_id.is_not(None))
        )
        assert set(per_notice) == {2}
    fired = {(it.hearing_id, it.kind, it.version) for it in rows if it.state == "fired"}
    assert sets == dict.fromkeys(fired, 1)
    assert {it.state for it in rows} <= {ReminderState.FIRED, ReminderState.MISSED}
    for it in rows:
        since = ticks[it.hearing_id - 1 :]  # one hearing a tick, announced before it
        if any(it.due_at <= tick for tick in _until(starts[it.hearing_id], since)):
            later = [p for p in payloads if p["hearing"] == it.hearing_id]
            assert any(int(str(p["told_at"])) >= it.due_at for p in later), "a reminder was lost"


def _until(end: int, ticks: list[int]) -> Iterator[int]:
    """The ticks before the clock first reached `end`."""
    return itertools.takewhile(lambda tick: tick < end, ticks)


def _random_wall_time(dice: random.Random, now: int) -> tuple[str, str]:
    while True:
        zone = dice.choice(ZONES)
        at = now + int(dice.choice((HOUR, DAY, 5 * DAY, 20 * DAY)) * (0.05 + dice.random()))
        local = datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
        if not wall_time_fault(local, zone) and instant(local, zone) > now:
            return local, zone


def _random_step(dice: random.Random) -> int:
    """Mostly a while, sometimes an outage of days, sometimes a clock set back."""
    kind = dice.random()
    if kind < 0.05:
        return -dice.randint(1, 2 * HOUR)
    if kind < 0.12:
        return dice.randint(DAY, 8 * DAY)
    return dice.randint(1, 5 * HOUR)


async def test_a_subscriber_without_a_follow_gets_nothing(court: Court) -> None:
    await court.announces(OPENS - HOUR)
    await court.tick(OPENS - HOUR)

    async with court.database.read() as session:
        chats = set(await session.scalars(select(Delivery.chat)))
        theirs = {subscribers.chat_index(session, "local", name) for name in ("anna", "boris")}
    assert chats == theirs
