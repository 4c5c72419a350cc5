"""Who may do what: strangers, groups, forwarded and anonymous messages, foreign buttons."""

from __future__ import annotations

import pytest

from handlers.message import Event
from storage import alerts, subscribers
from storage.database import Database
from storage.models import AlertState
from tests.people import World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow\nText."


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _alerts(world: World) -> int:
    async with world.database.read() as session:
        return len(await alerts.in_state(session, list(AlertState)))


async def test_a_stranger_cannot_alert(world: World) -> None:
    answer = await world.person("stranger").says(ALERT)

    assert "is for organisers" in words(answer)
    assert await _alerts(world) == 0


async def test_organisers_commands_are_refused_in_groups(world: World) -> None:
    await world.owner("owner")

    answer = await world.group("square", sender="owner").says(ALERT)

    assert "only in a private chat" in words(answer)
    assert await _alerts(world) == 0


@pytest.mark.parametrize("doubt", ["forwarded", "edited", "anonymous", "channel", "bot"])
async def test_what_cannot_be_believed_is_not_carried_out(world: World, doubt: str) -> None:
    owner = await world.owner()

    answer = await owner.says(ALERT, doubt=doubt)

    assert "not carried out" in words(answer)
    assert await _alerts(world) == 0


async def test_an_old_send_is_not_believed(world: World) -> None:
    owner = await world.owner()
    await owner.says(ALERT)

    answer = await owner.says("/send 1", sent_at=world.now - 3600)

    assert "more than ten minutes ago" in words(answer)


async def test_only_admins_change_a_group(world: World) -> None:
    assert "Only administrators" in words(
        await world.group("g", admin=False).says("/subscribe all")
    )
    assert "could not find out" in words(await world.group("g", admin=None).says("/country GB"))
    assert "anonymously" in words(
        await world.group("g", admin=None).says("/country GB", doubt="anonymous")
    )
    answer = await world.group("g", admin=True).says("/subscribe all")
    assert "all cases" in words(answer)


async def test_talk_in_a_group_is_not_answered(world: World) -> None:
    assert await world.group("g").ignored("hello everybody")


async def test_a_button_of_another_chat_does_nothing(world: World) -> None:
    anna, eve = world.person("anna"), world.person("eve")
    await anna.says("/start")
    stolen = anna.button("United Kingdom")

    answer = await eve.presses(stolen)

    assert "belongs to another chat" in words(answer)


async def test_a_made_up_button_does_nothing(world: World) -> None:
    answer = await world.person("eve").says("", event=Event.PRESSED, button="send 1|ffffff|AAAA")

    assert "belongs to another chat" in words(answer)


async def test_a_choice_that_cannot_be_read_any_more_is_answered(world: World) -> None:
    answer = await world.person("anna").says("", event=Event.PRESSED, button="")

    assert "what this choice stands for" in words(answer)


async def test_a_number_answers_an_open_question_unless_it_is_one_of_its_choices(
    world: World,
) -> None:
    anna = world.person("anna")
    await anna.says("/start")
    country, language = anna.button("United Kingdom").token, anna.button("Language").token

    assert "a country “7”" in words(await anna.says("7", button=language))
    assert "a country “7”" in words(await anna.says("7"))
    assert "hear about" in words(await anna.says("1", button=country))
    assert "language" in words(await anna.says("2", button=language))
    assert "only understand commands" in words(await anna.says("7"))


async def test_a_button_works_only_as_long_as_it_lasts(world: World) -> None:
    owner = await world.owner()
    await owner.says(ALERT)
    world.now += 26 * 3600

    assert "too old" in words(await owner.presses("Send"))


async def test_unknown_commands_are_answered_with_the_nearest(world: World) -> None:
    assert "Did you mean /subscribe?" in words(await world.person("anna").says("/subscrib"))
    assert "no command /xyzzy" in words(await world.person("anna").says("/xyzzy"))
    assert "only understand commands" in words(await world.person("anna").says("hello"))


async def test_the_same_update_twice_counts_once(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/start", event_id="77")

    assert await anna.ignored("/start", event_id="77")


async def test_a_chat_that_removed_us_gets_nothing_until_it_comes_back(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/country GB")
    await anna.says("/subscribe all")

    assert await anna.ignored("", event=Event.REMOVED)
    async with world.database.read() as session:
        assert await subscribers.audience(session, "mamai", "KZ") == []
    await anna.ignored("", event=Event.ADDED)

    async with world.database.read() as session:
        assert len(await subscribers.audience(session, "mamai", "KZ")) == 1


async def test_a_moved_group_keeps_its_subscription(world: World) -> None:
    group = world.group("old")
    await group.says("/country AT")
    await group.says("/subscribe all")

    await group.ignored("", event=Event.MOVED, moved_to="new")

    async with world.database.read() as session:
        moved = await subscribers.find(session, "local", "new")
    assert moved is not None
    assert moved.country == "AT"


async def test_a_fault_of_ours_is_admitted_and_the_next_update_is_heard(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret words of a person")

    anna = world.person("anna")
    with monkeypatch.context() as patch:
        patch.setattr(world.dispatcher, "handle", broken)
        assert "went wrong on our side" in words(await anna.says("/start"))

    assert "In which country" in words(await anna.says("/start"))


@pytest.mark.parametrize(
    "text", ["/country \u202eainraN", "/sub\u202escribe x", "/case \u2066x\u200b", "/\u200bfoo"]
)
async def test_what_turns_a_line_around_does_not_come_back(world: World, text: str) -> None:
    answer = words(await world.person("anna").says(text))

    assert not set(answer) & set("\u202e\u2066\u200b")


async def test_a_command_is_understood_through_what_cannot_be_seen(world: World) -> None:
    answer = await world.person("anna").says("\u200b/coun\u200btry\u00a0IE\u200b")

    assert "Country: Ireland." in words(answer)


async def test_the_bot_says_what_it_sees_in_the_language_of_the_chat(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/language ru")

    said = words(await anna._does(event=Event.COMPARED, text="🐶 🐱"))

    assert "Я вижу: 🐶 🐱" in said
    assert "ключ не дошёл" in words(await anna._does(event=Event.UNREADABLE))
    assert "по телефону" in said
