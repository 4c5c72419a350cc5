"""Subscribing in three taps, and everything that can be changed afterwards."""

from __future__ import annotations

import pytest

from handlers.message import Message
from storage import subscribers
from storage.database import Database
from storage.models import Subscriber
from tests.people import Person, World, sample, words


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _row(world: World, name: str) -> Subscriber:
    async with world.database.read() as session:
        found = await subscribers.find(session, world.platform, name)
    assert found is not None
    return found


def _labels(message: Message) -> list[str]:
    return [button.label for row in message.buttons for button in row]


async def test_three_taps_subscribe_somebody_whose_client_speaks_english(world: World) -> None:
    anna = world.person("anna", language="en-GB")

    first = await anna.says("/start")
    assert "In which country" in words(first)
    second = await anna.presses("United Kingdom")
    assert "What do you want to hear about?" in words(second)
    assert "письма" not in words(first)
    third = await anna.presses("Everything")

    assert "You will get every urgent notice about: all cases." in words(third)
    assert "/unsubscribe" in words(third)
    row = await _row(world, "anna")
    assert (row.country, row.language, row.state) == ("GB", "en", "active")
    assert row.timezone == "Europe/London"


async def test_a_client_without_a_language_is_asked_first(world: World) -> None:
    ivan = world.person("ivan", language="")

    first = await ivan.says("/start")
    assert "letters in the first two days" in words(first)
    assert "письма, отправленные в первые два дня" in words(first)
    assert _labels(first) == ["English", "русский"]
    second = await ivan.presses("русский")

    assert "В какой стране вы живёте?" in words(second)


async def test_a_group_is_told_that_its_members_see_each_other(world: World) -> None:
    greeted = await world.group("square", language="").says("/start")

    assert "Everybody in this group sees who else is in it." in words(greeted)
    assert "Все в этой группе видят" in words(greeted)
    assert "sees who else" not in words(await world.person("anna").says("/start"))


@pytest.mark.parametrize("written", ["gb", "Великобритания", "united kingdom", "UK", "🇬🇧"])
async def test_a_country_is_understood_in_any_of_our_languages(world: World, written: str) -> None:
    answer = await world.person("anna").says(f"/country {written}")

    assert "United Kingdom" in words(answer)
    assert (await _row(world, "anna")).country == "GB"


async def test_a_misspelt_country_is_asked_about_and_not_guessed(world: World) -> None:
    anna = world.person("anna")

    question = await anna.says("/country Brittain")
    assert "Did you mean one of these?" in words(question)
    assert (await _row(world, "anna")).country == ""
    await anna.presses("United Kingdom")

    assert (await _row(world, "anna")).country == "GB"


async def test_a_country_that_is_none_changes_nothing(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/country IE")

    answer = await anna.says("/country Qwertyland")

    assert "I do not know a country" in words(answer)
    assert (await _row(world, "anna")).country == "IE"


async def test_the_country_may_be_written_as_plain_words_when_asked(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/start")

    await anna.says("Ireland")

    assert (await _row(world, "anna")).country == "IE"


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("KZ", "all cases in Kazakhstan"),
        ("Казахстан", "all cases in Kazakhstan"),
        ("bokayev-ayan", "Max Bokayev and Talgat Ayan"),
        ("Bokaev", "Max Bokayev and Talgat Ayan"),
        ("Бокаев", "Max Bokayev and Talgat Ayan"),
        ("all", "all cases"),
    ],
)
async def test_what_to_follow_is_found_by_any_name(world: World, what: str, name: str) -> None:
    anna = await _settled(world)

    assert name in words(await anna.says(f"/subscribe {what}"))


async def test_an_unknown_case_is_answered_with_the_nearest(world: World) -> None:
    anna = await _settled(world)

    answer = await anna.says("/subscribe Kushakbaef")

    assert "kushakbaev-yeleusinov" in words(answer)


async def test_stopping_says_what_is_left(world: World) -> None:
    anna = await _settled(world)
    await anna.says("/subscribe KZ")
    await anna.says("/subscribe mamai")

    answer = await anna.says("/unsubscribe mamai")
    assert "You still follow: all cases in Kazakhstan" in words(answer)
    answer = await anna.says("/unsubscribe")

    assert "no more notices" in words(answer)
    assert (await _row(world, "anna")).state == "stopped"


async def test_stopping_a_case_that_comes_with_a_country_offers_to_stop_everything(
    world: World,
) -> None:
    anna = await _settled(world)
    await anna.says("/subscribe KZ")

    answer = await anna.says("/unsubscribe mamai")

    assert _labels(answer) == ["Stop everything"]


async def test_a_pause_ends_by_itself(world: World) -> None:
    anna = await _settled(world)
    await anna.says("/subscribe all")

    await anna.says("/pause 7d")
    assert (await _row(world, "anna")).state == "paused"
    await world.tick(7 * 86400)

    assert (await _row(world, "anna")).state == "active"


@pytest.mark.parametrize("text", ["soon", "0d", "9999d", "-3d", "7 moons"])
async def test_an_unreadable_pause_changes_nothing(world: World, text: str) -> None:
    anna = await _settled(world)
    await anna.says("/subscribe all")

    answer = await anna.says(f"/pause {text}")

    assert "is not a time I understand" in words(answer)
    assert (await _row(world, "anna")).state == "active"


async def test_quiet_hours_are_kept_and_shown(world: World) -> None:
    anna = await _settled(world)

    await anna.says("/quiet 22:30-7")
    assert "22:30–07:00" in words(await anna.says("/settings"))
    await anna.says("/quiet off")

    assert (await _row(world, "anna")).quiet_from is None


@pytest.mark.parametrize("text", ["25:00-07:00", "night", "22:00", "7-7"])
async def test_unreadable_quiet_hours_change_nothing(world: World, text: str) -> None:
    anna = await _settled(world)

    assert "is not a span of hours" in words(await anna.says(f"/quiet {text}"))


async def test_the_language_changes_everything_at_once(world: World) -> None:
    anna = await _settled(world)
    await anna.says("/subscribe all")

    assert "Теперь всё по-русски" in words(await anna.says("/language русский"))
    assert "Настройки" in words(await anna.says("/settings"))
    assert "Языка «klingon» нет" in words(await anna.says("/language klingon"))


async def test_a_time_zone_is_found_by_its_city(world: World) -> None:
    anna = await _settled(world)

    await anna.says("/timezone Vienna")
    assert (await _row(world, "anna")).timezone == "Europe/Vienna"
    answer = await anna.says("/timezone Atlantis")

    assert "do not know a time zone" in words(answer)


async def _settled(world: World) -> Person:
    anna = world.person("anna")
    await anna.says("/country GB")
    return anna
