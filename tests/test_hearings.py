"""/hearings and /hearing as people use them, and the notices as they read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from icalendar import Calendar
from sqlalchemy import select

from handlers.i18n import Translator
from handlers.message import Message, Moment, Paragraph
from storage import hearings as store
from storage.database import Database
from storage.models import AuditEntry
from tests.people import NOW, Person, World, sample, words  # NOW: 21 September 2026, 14:13 UTC

HOUR, DAY = 3600, 86400
OPENS = int(datetime(2026, 10, 12, 5, 30, tzinfo=UTC).timestamp())
"""Half past ten in Atyrau on 12 October."""
ADD = "/hearing add bokayev-ayan 2026-10-12 10:30 Atyrau, City Court No. 2"


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


def at(local: str, language: str = "en") -> str:
    """How a wall time reads."""
    return Translator(language).wall_time(datetime.fromisoformat(local))


async def _reader(world: World, name: str, country: str, what: str, **about: object) -> Person:
    person = world.person(name, **about)
    await person.says(f"/country {country}")
    await person.says(f"/subscribe {what}")
    return person


def _event(message: Message) -> dict[str, str]:
    """The properties of the one calendar entry that comes with a message."""
    (file,) = message.attachments
    assert file.mime == "text/calendar"
    assert len(Calendar.from_ical(file.text).walk("VEVENT")) == 1
    lines = file.text.replace("\r\n ", "").split("\r\n")
    return {name: value for name, _, value in (line.partition(":") for line in lines)}


async def _known(world: World) -> list[tuple[int, str, str, str]]:
    async with world.database.read() as session:
        rows = await store.of_case(session, "bokayev-ayan")
        return [(it.id, it.local, it.timezone, it.state) for it in rows]


# --------------------------------------------------------------------------------- announcing


async def test_the_organiser_sees_exactly_when_how_many_are_reminded(world: World) -> None:
    owner = await world.owner()
    await _reader(world, "anna", "GB", "bokayev-ayan")
    await _reader(world, "boris", "DE", "KZ")

    said = words(await owner.says(ADD))

    assert "DRILL" in said
    assert "Hearing 1 is set" in said
    assert f"{at('2026-10-12T10:30')}, local time in Atyrau" in said
    assert "City Court No. 2" in said
    assert "2 subscribers are reminded (times in Atyrau)" in said
    assert f"7 days before: {at('2026-10-05T10:30')}" in said
    assert f"1 day before: {at('2026-10-11T10:30')}" in said
    assert f"2 hours before: {at('2026-10-12T08:30')}" in said
    assert "at once" not in said
    assert await _known(world) == [(1, "2026-10-12T10:30", "Asia/Atyrau", "announced")]


async def test_a_hearing_tomorrow_is_told_at_once(world: World) -> None:
    world.now = OPENS - 14 * HOUR
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB", "bokayev-ayan")

    said = words(await owner.says("/hearing add Max Bokayev tomorrow 10:30 Atyrau"))
    assert "One subscriber is reminded" in said
    assert "at once" in said
    assert "2 hours before" in said
    assert "1 day before" not in said

    await world.tick()
    (notice,) = await reader.listens()
    assert "Court hearing in 14 hours" in words(notice)


@pytest.mark.parametrize(
    ("written", "local", "zone", "court"),
    [
        ("2026-10-12 10:30", "2026-10-12T10:30", "Asia/Almaty", "court not known yet"),
        ("12.10.2026 10:30 Atyrau", "2026-10-12T10:30", "Asia/Atyrau", "court not known yet"),
        ("12 October 10:30 Asia/Aqtau City Court", "2026-10-12T10:30", "Asia/Aqtau", "City Court"),
        ("12 октября 10:30 Атырау, суд № 2", "2026-10-12T10:30", "Asia/Atyrau", "суд № 2"),
        (
            "12 October 10:30 Atyrau City Court",
            "2026-10-12T10:30",
            "Asia/Atyrau",
            "Atyrau City Court",
        ),
        ("12 October 10:30 London Road Court", "2026-10-12T10:30", "Asia/Almaty", "London Road"),
        ("25.10.2026 01:30 Europe/London second", "2026-10-25T01:30", "UTC", "court not known"),
        ("25.10.2026 01:30 Europe/London Old Bailey first", "2026-10-25T00:30", "UTC", "Old Ba"),
    ],
)
async def test_the_place_decides_whose_clock_is_meant(
    world: World, written: str, local: str, zone: str, court: str
) -> None:
    owner = await world.owner()

    said = words(await owner.says(f"/hearing add bokayev-ayan {written}"))

    assert court in said
    assert await _known(world) == [(1, local, zone, "announced")]


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("", "/hearing add CASE"),
        ("add", "/hearing add CASE"),
        ("postpone 12", "/hearing add CASE"),
        ("add bokayev-ayan", "no date and time"),
        ("add bokayev-ayan next week", "no date and time"),
        ("add nobody 2026-10-12 10:30", "I do not know a case “nobody”"),
        ("add bokayev-ayan 2026-10-12", "The time is missing. Write it right after “2026-10-12”"),
        (
            "add bokayev-ayan 2026-10-12 Atyrau",
            "The time is missing. Write it right after “2026-10-12”",
        ),
        ("add bokayev-ayan 2026-10-12 26:30", "No clock shows 26:30"),
        ("add bokayev-ayan 31.09.2026 10:30", "There is no such day: 31.09.2026 10:30"),
        ("add bokayev-ayan 2016-10-12 10:30", "is over already"),
        ("add bokayev-ayan 2062-10-12 10:30", "Check the year"),
        (
            "add bokayev-ayan 2027-03-28 01:30 Europe/London",
            "2027-03-28 00:59 and 2027-03-28 02:00",
        ),
        ("add bokayev-ayan 2026-10-25 01:30 Europe/London", "comes twice in Europe/London"),
        ("add bokayev-ayan 2026-10-12 10:30 Asia/Atlantis", "the time zone “Asia/Atlantis”"),
        (f"add bokayev-ayan 2026-10-12 10:30 {'x' * 201}", "201 characters; at most 200"),
        ("move 99 2026-10-12 10:30", "There is no hearing 99"),
        ("move bokayev-ayan 2026-10-12 10:30", "No hearing of bokayev-ayan fits"),
        ("cancel 99999999999999999999", "I do not know a case"),
        ("cancel 99", "There is no hearing 99"),
        ("outcome 99 over", "There is no hearing 99"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_kept(
    world: World, written: str, answer: str
) -> None:
    owner = await world.owner()

    said = words(await owner.says(f"/hearing {written}"))

    assert answer in said
    assert await _known(world) == []


async def test_the_same_command_twice_makes_one_hearing(world: World) -> None:
    owner = await world.owner()
    await owner.says(ADD)

    assert "at that time already" in words(await owner.says(ADD))
    assert len(await _known(world)) == 1


async def test_only_organisers_announce_and_only_in_private(world: World) -> None:
    await world.owner()
    stranger, group = world.person("eve"), world.group("solidarity", sender="owner")

    assert "is for organisers" in words(await stranger.says(ADD))
    assert "only in a private chat" in words(await group.says(ADD))
    assert "more than ten minutes ago" in words(
        await world.person("owner").says(ADD, sent_at=NOW - 3600)
    )
    assert await _known(world) == []


# ------------------------------------------------------------------------- moving, calling off


async def test_moving_tells_those_who_follow_what_it_was(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB", "bokayev-ayan")
    await owner.says(ADD)
    world.now = OPENS - DAY
    await world.tick()
    (first,) = await reader.listens()

    said = words(await owner.says("/hearing move bokayev-ayan 2026-10-26 09:00"))
    told = reader.heard[-1]

    assert "Hearing 1 is changed. One subscriber is being told." in said
    assert f"7 days before: {at('2026-10-19T09:00')}" in said
    assert "Hearing moved: Max Bokayev" in words(told)
    assert f"Was: {at('2026-10-12T10:30')}, local time in Atyrau" in words(told)
    assert f"{at('2026-10-26T09:00')}, local time in Atyrau" in words(told)
    before, after = _event(first), _event(told)
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == ("1", "2")
    assert after["DTSTART"] == "20261026T040000Z"


async def test_another_court_at_the_same_time_is_a_change_too(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB", "bokayev-ayan")
    await owner.says(ADD)

    assert "already like that" in words(await owner.says("/hearing move 1 2026-10-12 10:30"))
    await owner.says("/hearing move 1 2026-10-12 10:30 Regional Court")

    told = words(reader.heard[-1])
    assert "Hearing changed: Max Bokayev" in told
    assert "Regional Court" in told
    assert "Was:" not in told


async def test_of_several_hearings_one_is_asked_for_with_buttons(world: World) -> None:
    owner = await world.owner()
    await owner.says(ADD)
    await owner.says("/hearing add bokayev-ayan 2026-10-14 10:30 Atyrau")

    asked = words(await owner.says("/hearing move bokayev-ayan 2026-10-20 09:00"))
    assert "more than one hearing" in asked
    assert f"1: {at('2026-10-12T10:30')}" in asked
    await owner.presses("14 Oct")

    assert [it[1] for it in await _known(world)] == ["2026-10-12T10:30", "2026-10-20T09:00"]


async def test_a_number_alone_is_asked_for_the_date(world: World) -> None:
    owner = await world.owner()
    await owner.says(ADD)

    assert "To when?" in words(await owner.says("/hearing move 1"))
    assert "Hearing 1 is changed" in words(await owner.says("26 October 09:00"))
    assert [it[1] for it in await _known(world)] == ["2026-10-26T09:00"]


async def test_calling_off_tells_and_strikes_it_from_calendars(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB", "bokayev-ayan")
    await owner.says(ADD)

    said = words(await owner.says("/hearing cancel 1"))
    told = reader.heard[-1]

    assert "is called off. One subscriber is being told." in said
    assert "Hearing called off: Max Bokayev" in words(told)
    assert "No new date is known" in words(told)
    event = _event(told)
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", "2")
    assert "called off already" in words(await owner.says("/hearing cancel 1"))
    assert "was called off" in words(await owner.says("/hearing outcome 1 Adjourned."))


async def test_a_hearing_called_off_can_be_set_again(world: World) -> None:
    owner = await world.owner()
    await owner.says(ADD)
    await owner.says("/hearing cancel 1")

    assert "is changed" in words(await owner.says("/hearing move 1 2026-10-12 10:30"))
    assert await _known(world) == [(1, "2026-10-12T10:30", "Asia/Atyrau", "announced")]


async def test_the_outcome_is_written_down_and_shown_but_not_sent(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB", "bokayev-ayan")
    await owner.says(ADD)
    assert "has not begun" in words(await owner.says("/hearing outcome 1 Adjourned."))
    world.now = OPENS + 3 * HOUR
    await reader.listens()
    heard = len(reader.heard)

    assert "What came of hearing 1?" in words(await owner.says("/hearing outcome bokayev-ayan"))
    said = words(await owner.says("Adjourned; both stay in custody."))
    assert "is written down" in said
    assert len(reader.heard) == heard
    assert "has taken place" in words(await owner.says("/hearing move 1 2026-11-12 10:30"))
    assert "cannot be called off" in words(await owner.says("/hearing cancel 1"))

    shown = words(await reader.says("/hearings bokayev-ayan"))
    assert "no hearing date is known" in shown
    assert f"Last hearing, {at('2026-10-12T10:30')}, local time in Atyrau: Adjourned" in shown


async def test_the_audit_says_who_did_what_to_which_hearing(world: World) -> None:
    owner = await world.owner()
    await owner.says(ADD)
    await owner.says("/hearing move 1 2026-10-26 09:00")
    await owner.says("/hearing cancel 1")

    async with world.database.read() as session:
        entries = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    hearing = [(it.action, it.subject) for it in entries if it.action.startswith("hearing")]
    assert hearing == [
        ("hearing add", "bokayev-ayan hearing 1 version 1"),
        ("hearing move", "bokayev-ayan hearing 1 version 2"),
        ("hearing cancel", "bokayev-ayan hearing 1 version 3"),
    ]
    assert all(it.organiser_id for it in entries if it.action.startswith("hearing"))


# ----------------------------------------------------------------------------------- the list


async def test_everybody_sees_what_lies_ahead_in_their_own_time(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB", "bokayev-ayan")
    await owner.says("/hearing add bokayev-ayan 2026-11-12 10:30 Atyrau, City Court No. 2")

    listed = await reader.says("/hearings")

    said = words(listed)
    assert "DRILL" in said
    assert f"{at('2026-11-12T10:30')}, local time in Atyrau" in said
    assert f"Your time (London): {at('2026-11-12T05:30')}" in said
    assert "Hearing 1" not in said
    assert "Hearing 1" in words(await owner.says("/hearings"))
    spans = [it for block in listed.blocks if isinstance(block, Paragraph) for it in block.spans]
    (moment,) = [it for it in spans if isinstance(it, Moment)]
    assert moment.at == int(datetime(2026, 11, 12, 5, 30, tzinfo=UTC).timestamp())


async def test_without_a_date_it_says_whether_one_will_be_told(world: World) -> None:
    stranger = world.person("eve")
    reader = await _reader(world, "anna", "GB", "bokayev-ayan")

    assert "you will be reminded" in words(await reader.says("/hearings"))
    assert "you will be reminded" in words(await reader.says("/hearings Bokaev"))
    assert "/subscribe" in words(await stranger.says("/hearings"))
    assert "/subscribe bokayev-ayan" in words(await stranger.says("/hearings bokayev-ayan"))


async def test_a_city_that_names_no_zone_is_kept_as_written(world: World) -> None:
    owner = await world.owner()

    said = words(await owner.says("/hearing add bokayev-ayan 2026-11-12 10:30 Astana, Court"))
    assert "10:30, local time in Astana" in said
    moved = words(await owner.says("/hearing move 1 2026-11-12 10:30 Asia/Atyrau"))
    assert "10:30, local time in Atyrau" in moved


async def test_the_list_stays_short(world: World) -> None:
    owner = await world.owner()
    for day in range(10, 22):
        await owner.says(f"/hearing add bokayev-ayan 2026-10-{day} 10:30")

    said = words(await owner.says("/hearings"))

    assert said.count("local time in Almaty") == 10
    assert "2 more hearings lie further ahead" in said


# --------------------------------------------------------------------------------- the notice


async def test_the_notice_says_when_where_what_to_do_and_how_to_stop(world: World) -> None:
    owner = await world.owner()
    london = await _reader(world, "anna", "GB", "bokayev-ayan")
    await owner.says(ADD)
    world.now = OPENS - DAY
    await world.tick()

    (notice,) = await london.listens()

    lines = words(notice).split("\n")
    assert lines[0].startswith("DRILL")
    assert "Court hearing in 24 hours: Max Bokayev and Talgat Ayan" in lines
    assert f"{at('2026-10-12T10:30')}, local time in Atyrau" in lines
    assert f"Your time (London): {at('2026-10-12T06:30')}" in lines
    assert "City Court No. 2" in lines
    assert "/case bokayev-ayan" in words(notice)
    assert lines[-1] == "Stop messages about this case: /unsubscribe bokayev-ayan"


async def test_the_notice_in_russian(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "boris", "DE", "KZ", language="ru")
    await owner.says(ADD)
    world.now = OPENS - DAY
    await world.tick()

    (notice,) = await reader.listens()

    lines = words(notice).split("\n")
    assert lines[0].startswith("УЧЕНИЯ")
    assert "Заседание суда через 24 часа: Макс Бокаев и Талгат Аян" in lines
    assert f"{at('2026-10-12T10:30', 'ru')} по местному времени (Атырау)" in lines
    assert f"Ваше время (Берлин): {at('2026-10-12T07:30', 'ru')}" in lines
    assert _event(notice)["SUMMARY"] == "УЧЕНИЯ. Заседание: Макс Бокаев и Талгат Аян"


async def test_who_lives_by_the_courts_clock_reads_one_time_who_told_none_reads_utc(
    world: World,
) -> None:
    owner = await world.owner()
    near = await _reader(world, "near", "UZ", "bokayev-ayan")  # Tashkent's clock shows the same
    nowhere = world.person("nowhere")
    await nowhere.says("/country skip")
    await nowhere.says("/subscribe all")
    await owner.says(ADD)
    world.now = OPENS - 2 * HOUR
    await world.tick()
    await near.listens()

    assert "Your time" not in words(near.heard[-1])
    assert "In 2 hours" not in words(near.heard[-1])
    assert "hearing in 2 hours" in words(near.heard[-1])
    await nowhere.says("/hearings")
    assert f"In UTC: {at('2026-10-12T05:30')}" in words(nowhere.heard[-1])


async def test_the_calendar_entry_is_complete(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB", "bokayev-ayan")
    await owner.says(ADD)
    world.now = OPENS - DAY
    await world.tick()
    (notice,) = await reader.listens()

    event = _event(notice)

    assert event["METHOD"] == "PUBLISH"
    assert event["UID"] == "bokayev-ayan.chat-20261012T1030@tocsin"
    assert event["SEQUENCE"] == "1"
    assert event["STATUS"] == "CONFIRMED"
    assert event["DTSTART"] == "20261012T053000Z"
    assert event["DTSTAMP"] == "20261011T053000Z"
    assert event["LAST-MODIFIED"] == event["DTSTAMP"]
    assert event["LOCATION"] == "City Court No. 2\\, Atyrau"
    assert "10:30\\, local time in Atyrau" in event["DESCRIPTION"]
    assert event["SUMMARY"].startswith("DRILL: Hearing: ")
    assert all(len(line.encode()) <= 75 for line in notice.attachments[0].text.split("\r\n"))
