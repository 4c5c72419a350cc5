"""Wall times: what people write, hours that do not exist or come twice, zones that changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.command import UserError
from handlers.i18n import Translator
from handlers.wall_time import instant, likely_instant, parse_when, read_when, told_apart

NOW = 1_790_000_000  # 21 September 2026, 14:13:20 UTC

ZONES = (
    "Asia/Almaty",
    "Asia/Atyrau",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "UTC",
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-30 10:30", "2026-11-30T10:30"),
        ("2026-11-30T10:30", "2026-11-30T10:30"),
        ("2026-11-30, 9.05", "2026-11-30T09:05"),
        ("30.11.2026 10:30", "2026-11-30T10:30"),
        ("30.11. 10:30", "2026-11-30T10:30"),
        ("30.11 10.30", "2026-11-30T10:30"),
        ("30 November 10:30", "2026-11-30T10:30"),
        ("30 Nov 2027, 10:30", "2027-11-30T10:30"),
        ("November 30 at 2:30 pm", "2026-11-30T14:30"),
        ("1st December 2026 12:15 am", "2026-12-01T00:15"),
        ("Sept 30 10:30", "2026-09-30T10:30"),
        ("12 октября 10:30", "2026-10-12T10:30"),
        ("12 окт. 2027 года в 10:30", "2027-10-12T10:30"),
        ("12 Октябрь, 10:30", "2026-10-12T10:30"),
        ("today 23:00", "2026-09-21T23:00"),
        ("tomorrow 10:30", "2026-09-22T10:30"),
        ("Завтра в 10:30", "2026-09-22T10:30"),
        ("сегодня 23:00", "2026-09-21T23:00"),
        ("20 September 10:30", "2027-09-20T10:30"),  # this year's is over
        ("21 September 10:30", "2026-09-21T10:30"),  # today, although it is over
        ("29 February 10:30", "2028-02-29T10:30"),
    ],
)
def test_dates_are_understood_as_people_write_them(written: str, meant: str) -> None:
    assert parse_when(written, "UTC", NOW) == meant


def test_tomorrow_is_counted_where_the_court_is() -> None:
    late = int(datetime(2026, 9, 21, 20, 0, tzinfo=UTC).timestamp())

    assert parse_when("tomorrow 10:30", "Asia/Almaty", late) == "2026-09-23T10:30"
    assert parse_when("tomorrow 10:30", "America/New_York", late) == "2026-09-22T10:30"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", "when-unreadable"),
        ("soon", "when-unreadable"),
        ("10:30", "when-unreadable"),
        ("2026-11-30 10:30 or later", "when-unreadable"),
        ("2026-11-30", "when-no-time"),
        ("tomorrow", "when-no-time"),
        ("30 November 2026", "when-no-time"),
        ("2026-11-30 25:00", "when-no-such-time"),
        ("2026-11-30 10:77", "when-no-such-time"),
        ("2026-11-30 13:00 pm", "when-no-such-time"),
        ("31.11.2026 10:30", "when-no-such-day"),
        ("2026-02-29 10:30", "when-no-such-day"),
        ("2026-13-01 10:30", "when-no-such-day"),
    ],
)
def test_what_is_no_date_and_time_is_refused(written: str, key: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_when(written, "UTC", NOW)

    assert refused.value.key == key
    assert Translator("ru").t(key, **refused.value.args_of_text)


def test_what_follows_the_time_is_left_over() -> None:
    found = read_when("12 октября 10:30, Атырау, суд № 2")

    assert found is not None
    assert found[0].text == "12 октября 10:30"
    assert found[1] == "Атырау, суд № 2"


def test_a_skipped_hour_is_refused_with_the_nearest_that_exist() -> None:
    with pytest.raises(UserError) as refused:
        instant("2026-03-29T01:30", "Europe/London")

    assert refused.value.key == "hour-skipped"
    assert refused.value.args_of_text["before"] == "2026-03-29 00:59"
    assert refused.value.args_of_text["after"] == "2026-03-29 02:00"


def test_a_skipped_day_is_refused_too() -> None:
    with pytest.raises(UserError) as refused:
        instant("2011-12-30T10:30", "Pacific/Apia")

    assert refused.value.args_of_text["before"] == "2011-12-29 23:59"
    assert refused.value.args_of_text["after"] == "2011-12-31 00:00"


def test_a_half_hour_gap_is_measured_exactly() -> None:
    with pytest.raises(UserError) as refused:
        instant("2026-10-04T02:15", "Australia/Lord_Howe")

    assert refused.value.args_of_text["before"] == "2026-10-04 01:59"
    assert refused.value.args_of_text["after"] == "2026-10-04 02:30"


def test_an_hour_that_comes_twice_is_asked_about() -> None:
    with pytest.raises(UserError) as refused:
        instant("2026-10-25T01:30", "Europe/London")

    assert refused.value.key == "hour-twice"
    assert told_apart("2026-10-25T01:30", "Europe/London", second=False) == "2026-10-25T00:30"
    assert told_apart("2026-10-25T01:30", "Europe/London", second=True) == "2026-10-25T01:30"


def test_almaty_lost_an_hour_in_2024_and_had_one_twice() -> None:
    before = instant("2024-02-28T10:00", "Asia/Almaty")
    after = instant("2024-04-10T10:00", "Asia/Almaty")
    with pytest.raises(UserError) as refused:
        instant("2024-02-29T23:30", "Asia/Almaty")

    assert before == datetime(2024, 2, 28, 4, tzinfo=UTC).timestamp()
    assert after == datetime(2024, 4, 10, 5, tzinfo=UTC).timestamp()
    assert refused.value.key == "hour-twice"


def test_the_hearing_of_the_sample_was_at_half_past_five_utc() -> None:
    at = instant("2016-10-12T10:30", "Asia/Atyrau")

    assert at == datetime(2016, 10, 12, 5, 30, tzinfo=UTC).timestamp()


@given(
    at=st.datetimes(min_value=datetime(2011, 1, 1), max_value=datetime(2037, 1, 1)),  # noqa: DTZ001 - a wall time has no zone
    zone=st.sampled_from(ZONES),
)
def test_an_instant_shows_its_wall_time_or_there_is_none(at: datetime, zone: str) -> None:
    wall = at.replace(second=0, microsecond=0)
    local = wall.isoformat(timespec="minutes")
    first, second = likely_instant(local, zone), _second(wall, zone)

    if first == second:
        assert (
            datetime.fromtimestamp(instant(local, zone), ZoneInfo(zone)).isoformat()[:16] == local
        )
        return
    with pytest.raises(UserError) as refused:
        instant(local, zone)
    assert refused.value.key == ("hour-twice" if first < second else "hour-skipped")


def _second(wall: datetime, zone: str) -> float:
    return wall.replace(tzinfo=ZoneInfo(zone), fold=1).timestamp()


@given(day=st.integers(0, 3650), minute=st.integers(0, 1439), zone=st.sampled_from(ZONES))
def test_what_we_write_ourselves_can_be_read_back(day: int, minute: int, zone: str) -> None:
    when = datetime(2026, 1, 1) + timedelta(days=day, minutes=minute)  # noqa: DTZ001 - a wall time has no zone
    local = when.isoformat(timespec="minutes")

    assert parse_when(local.replace("T", " "), zone, NOW) == local
    assert parse_when(f"{when:%d.%m.%Y %H:%M}", zone, NOW) == local
    assert parse_when(f"{when.day} {when:%B %Y, %H:%M}", zone, NOW) == local
