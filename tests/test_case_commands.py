"""/actions, /case, /letter and /embassy, as a reader on a phone meets them."""

from __future__ import annotations

import pytest

from handlers.campaign import Campaign
from handlers.message import Email, Message, Paragraph
from storage.database import Database
from tests.people import World, sample, words

HEARING = "/hearing add bokayev-ayan 2026-11-30 10:30 Atyrau, City Court No. 2"


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


def _labels(message: Message) -> list[str]:
    return [button.label for row in message.buttons for button in row]


def _changed(case_id: str, **fields: object) -> Campaign:
    """The sample with one of its cases changed."""
    campaign = sample()
    cases = [it.model_copy(update=fields) if it.id == case_id else it for it in campaign.cases]
    return campaign.model_copy(update={"cases": cases})


# ------------------------------------------------------------------------------- /actions


async def test_the_open_cases_are_listed_with_a_button_each(world: World) -> None:
    anna = world.person("anna")

    answer = await anna.says("/actions")

    assert words(answer).startswith("DRILL")
    assert "Max Bokayev and Talgat Ayan" in words(answer)
    assert len(_labels(answer)) == len(sample().cases)
    assert "Bokayev" in words(await anna.presses("Max Bokayev"))


async def test_urgent_cases_and_near_deadlines_come_first(world: World) -> None:
    ids = [case.id for case in sample().cases]
    urgency = {ids[-1]: ("urgent", "2026-10-01"), ids[-2]: ("urgent", "2026-12-01")}
    cases = [
        case.model_copy(
            update=dict(
                zip(
                    ("urgency", "deadline"),
                    urgency.get(case.id, ("information", "")),
                    strict=True,
                )
            )
        )
        for case in sample().cases
    ]
    await world.knows(sample().model_copy(update={"cases": cases}))

    answer = await world.person("anna").says("/actions")

    commands = [row[0].command for row in answer.buttons]
    assert commands[:2] == [f"/case {ids[-1]}", f"/case {ids[-2]}"]
    assert "Act by 1 October 2026." in words(answer)


async def test_a_deadline_that_is_over_is_not_shown(world: World) -> None:
    await world.knows(_changed("bokayev-ayan", deadline="2026-09-20"))
    anna = world.person("anna")

    assert "Act by" not in words(await anna.says("/actions"))
    assert "Act by" not in words(await anna.says("/case bokayev-ayan"))


async def test_the_next_hearing_is_shown_by_the_courts_clock(world: World) -> None:
    owner = await world.owner()
    await owner.says(HEARING)
    anna = world.person("anna")

    for written in ("/actions", "/case bokayev-ayan"):
        answer = words(await anna.says(written))
        assert "30 November 2026, 10:30, local time in Atyrau" in answer


async def test_without_any_case_there_is_an_honest_answer(database: Database) -> None:
    anna = World(database).person("anna")

    for written in ("/actions", "/case", "/embassy"):
        assert "There is no case yet" in words(await anna.says(written))


# ------------------------------------------------------------------------------- /case


async def test_a_case_says_what_to_do_before_what_happened(world: World) -> None:
    await world.knows(_changed("bokayev-ayan", deadline="2026-12-01"))

    answer = words(await world.person("anna").says("/case Bokaev"))

    ask, summary = answer.index("What to do:"), answer.index("Two activists from Atyrau")
    assert ask < summary < answer.index("Charges") < answer.index("Whom to write to")
    assert "Act by 1 December 2026." in answer
    assert "/letter bokayev-ayan" in answer
    assert "mission@kazakhstan-geneva.ch" in answer


async def test_a_case_reads_in_the_readers_language(world: World) -> None:
    answer = words(await world.person("ivan", language="ru").says("/case bokayev-ayan"))

    assert "Макс Бокаев" in answer
    assert "Чего требовать" in answer
    assert "Charges" not in answer


async def test_targets_nobody_can_reach_come_last_with_their_holes(world: World) -> None:
    answer = words(await world.person("anna").says("/case bokayev-ayan"))

    president = next(it for it in sample().targets if it.id == "president")
    assert not any(contact.usable for contact in president.contacts)
    where = answer.index(f"{president.office['en']}\n\n• Fax: misprinted in the source")
    assert where > answer.index("Prosecutor General") > 0
    assert "(from 11 October 2016: old, may no longer work)" in answer


async def test_health_and_family_are_shown_only_where_they_are_public(world: World) -> None:
    case = sample().case("bokayev-ayan")
    assert case is not None
    private = {"health": {"en": "PRIVATE ILLNESS"}, "family": {"en": "PRIVATE CHILD"}}
    people = [case.people[0].model_copy(update={**private, "public": ["family"]})]
    await world.knows(_changed("bokayev-ayan", people=people))

    answer = words(await world.person("anna").says("/case bokayev-ayan"))

    assert "PRIVATE ILLNESS" not in answer
    assert "PRIVATE CHILD" in answer


async def test_a_replaced_charge_is_not_shown_where_another_stands(world: World) -> None:
    case = sample().case("bokayev-ayan")
    assert case is not None
    first, *rest = case.charges
    old = first.model_copy(update={"text": {"en": "WITHDRAWN"}, "replaced_on": "2016-10-01"})
    await world.knows(_changed("bokayev-ayan", charges=[old, *rest]))

    answer = words(await world.person("anna").says("/case bokayev-ayan"))

    assert "WITHDRAWN" not in answer
    assert "Article" in answer


async def test_following_is_one_tap_and_so_is_stopping(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/country GB")
    await anna.says("/case mamai")

    await anna.presses("Follow this case")
    answer = await anna.says("/case mamai")

    assert "Stop this case" in _labels(answer)
    assert "Follow this case" not in _labels(answer)


async def test_case_alone_lists_all(world: World) -> None:
    anna = world.person("anna")

    assert words(await anna.says("/case")) == words(await anna.says("/actions"))


async def test_a_closed_case_asks_nobody_to_write_any_more(world: World) -> None:
    campaign = sample()
    open_cases = [case for case in campaign.cases if case.id != "bokayev-ayan"]
    await world.knows(campaign.model_copy(update={"cases": open_cases}))
    anna = world.person("anna")

    answer = await anna.says("/case bokayev-ayan")

    assert "This case is closed" in words(answer)
    assert answer.buttons == ()
    assert "@" not in words(answer)
    assert "Bokayev" not in words(await anna.says("/actions"))


@pytest.mark.parametrize("name", ["nobody-known", "x", "🇰🇿", "'; drop table cases", "a" * 3000])
async def test_an_unknown_case_is_answered(world: World, name: str) -> None:
    assert "do not know a case" in words(await world.person("anna").says(f"/case {name}"))
    assert "do not know a case" in words(await world.person("anna").says(f"/letter {name}"))


# ------------------------------------------------------------------------------- /embassy


async def test_the_own_embassy_is_shown_with_its_dates(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/country GB")

    answer = await anna.says("/embassy")

    assert "Embassy of Kazakhstan in London" in words(answer)
    assert Email("london@mfa.kz") in [
        span for block in answer.blocks for item in getattr(block, "items", ()) for span in item
    ]
    assert words(answer).startswith("DRILL")


async def test_another_country_may_be_named_in_any_spelling(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/country GB")

    assert "answers for Ireland too" in words(await anna.says("/embassy Ireland"))
    assert "Brussels" in words(await anna.says("/embassy Бельгия"))
    assert "London" in words(await anna.says("/embassy"))  # the own country is as it was


async def test_who_has_set_no_country_is_asked(world: World) -> None:
    anna = world.person("anna")

    assert "In which country do you live?" in words(await anna.says("/embassy"))
    await anna.presses("United Kingdom")
    assert "London" in words(await anna.says("/embassy"))


async def test_where_none_is_known_that_is_said_with_another_address(world: World) -> None:
    answer = words(await world.person("anna").says("/embassy KE"))

    assert "No embassy or consulate of Kazakhstan is known that answers for Kenya" in answer
    assert "mission@kazakhstan-geneva.ch" in answer


async def test_without_another_address_nothing_is_made_up(world: World) -> None:
    targets = [
        it.model_copy(update={"fallback": False, "contacts": [], "mission": None})
        for it in sample().targets
    ]
    await world.knows(sample().model_copy(update={"targets": targets}))

    answer = words(await world.person("anna").says("/embassy KE"))

    assert "the campaign names no other address" in answer
    assert "@" not in answer


async def test_inside_the_country_nobody_is_sent_to_an_embassy(world: World) -> None:
    answer = words(await world.person("anna").says("/embassy KZ"))

    assert "think first whether a letter is safe for you" in answer
    assert "@" not in answer


async def test_an_embassy_without_an_address_is_named_with_the_fallback(world: World) -> None:
    answer = words(await world.person("anna").says("/embassy JP"))

    assert "Embassy of Kazakhstan in Japan" in answer
    assert "Write here instead:" in answer
    assert "mission@kazakhstan-geneva.ch" in answer


async def test_a_misspelt_country_is_asked_about(world: World) -> None:
    anna = world.person("anna")

    assert "Did you mean one of these?" in words(await anna.says("/embassy Brittain"))
    assert "London" in words(await anna.presses("United Kingdom"))


@pytest.mark.parametrize("name", ["Qwertyland", "<b>", "1", "x" * 3000])
async def test_a_country_that_is_none_is_answered(world: World, name: str) -> None:
    answer = words(await world.person("anna").says(f"/embassy {name}"))

    assert "I do not know a country" in answer
    assert len(answer) < 300


async def test_an_address_never_hides_in_a_link(world: World) -> None:
    anna = world.person("anna")
    for written in ("/embassy GB", "/embassy KE", "/case bokayev-ayan"):
        answer = await anna.says(written)
        for block in answer.blocks:
            spans = block.spans if isinstance(block, Paragraph) else ()
            items = [*spans, *[it for item in getattr(block, "items", ()) for it in item]]
            assert not any("mailto" in getattr(span, "url", "") for span in items)
