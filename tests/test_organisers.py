"""Owners: invitations, roles, taking them away, the brake, and the list of what was done."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import select, update

from handlers import organisers as commands
from handlers.command import Rules
from handlers.message import ChatKind, Event, Message
from storage import alerts, audit, lockdown, notices, organisers, outbox, subscribers
from storage.database import Database
from storage.models import (
    AlertState,
    AuditEntry,
    DeliveryState,
    Invitation,
    Organiser,
)
from storage.notices import About
from tests.people import Person, World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."
CHANNEL = "-1001234567890"
REFUSED = "This code does not work"


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _code(owner: Person) -> str:
    """A fresh invitation's code, as the owner reads it."""
    found = re.search(r"/join (\S+)", words(await owner.says("/invite")))
    assert found
    return found[1]


async def _row(world: World, name: str) -> Organiser | None:
    async with world.database.read() as session:
        return await organisers.find(session, world.platform, name)


async def _second(world: World) -> Person:
    """An organiser who has written to the bot and can be told things."""
    second = await world.organiser("second")
    await second.says("/start")
    return second


async def _news(person: Person) -> str:
    """What somebody was told without asking."""
    await person.listens()
    return "\n".join(words(message) for message in person.heard)


# ------------------------------------------------------------------------------- inviting


async def test_a_code_makes_its_bearer_an_organiser_once(world: World) -> None:
    owner = await world.owner()
    code = await _code(owner)

    answer = words(await world.person("anna").says(f"/join {code}"))

    assert "You are an organiser now" in answer
    assert "Preview of alert" in words(await world.person("anna").says(ALERT))
    assert REFUSED in words(await world.person("eve").says(f"/join {code}"))
    assert "is for organisers" in words(await world.person("eve").says(ALERT))


async def test_a_code_is_short_enough_to_type_and_for_a_link(world: World) -> None:
    code = await _code(await world.owner())

    assert re.fullmatch(r"[A-Za-z0-9_-]{40}", code)
    assert len(f"join-{code}") <= 64


async def test_unknown_used_and_old_codes_are_answered_alike(world: World) -> None:
    owner = await world.owner()
    used, old = await _code(owner), await _code(owner)
    await world.person("anna").says(f"/join {used}")
    world.now += 86401

    answers = {
        words(await world.person(f"eve{number}").says(f"/join {code}"))
        for number, code in enumerate([used, old, "x" * 40, "-", "ы" * 3000])
    }

    assert len(answers) == 1
    assert answers.pop().startswith(REFUSED)


async def test_the_code_itself_is_not_stored(world: World) -> None:
    code = await _code(await world.owner())

    async with world.database.read() as session:
        (row,) = await session.scalars(select(Invitation))
    assert row.role == "organiser"
    assert code.encode() not in row.code_index
    assert len(row.code_index) < len(code)


async def test_a_code_may_follow_as_plain_words(world: World) -> None:
    code = await _code(await world.owner())
    anna = world.person("anna")

    assert "Write the code" in words(await anna.says("/join"))
    assert "You are an organiser now" in words(await anna.says(code))


async def test_five_wrong_codes_an_hour_are_enough(world: World) -> None:
    code = await _code(await world.owner())
    eve = world.person("eve")
    for _ in range(5):
        assert REFUSED in words(await eve.says("/join wrong"))

    assert "Too many tries" in words(await eve.says(f"/join {code}"))
    assert "You are an organiser now" in words(await world.person("anna").says(f"/join {code}"))
    world.now += 3601
    assert REFUSED in words(await eve.says(f"/join {code}"))


@pytest.mark.parametrize("doubt", ["forwarded", "edited", "bot", "unverified"])
async def test_a_doubtful_join_is_refused_and_uses_nothing_up(world: World, doubt: str) -> None:
    code = await _code(await world.owner())
    anna = world.person("anna")

    assert "not carried out" in words(await anna.says(f"/join {code}", doubt=doubt))
    assert "You are an organiser now" in words(await anna.says(f"/join {code}"))


async def test_a_code_shown_in_a_group_makes_nobody_an_organiser(world: World) -> None:
    code = await _code(await world.owner())

    answer = await world.group("square", sender="eve").says(f"/join {code}")

    assert "only in a private chat" in words(answer)
    assert await _row(world, "eve") is None


async def test_an_owner_who_tries_a_code_stays_owner(world: World) -> None:
    owner = await world.owner()
    code = await _code(owner)

    assert "already" in words(await owner.says(f"/join {code}"))

    assert "Organisers" in words(await owner.says("/organisers"))
    assert "You are an organiser now" in words(await world.person("anna").says(f"/join {code}"))


async def test_codes_of_somebody_who_is_no_owner_any_more_are_worthless(world: World) -> None:
    async with world.database.write() as session:
        await organisers.keep_owners(session, [(world.platform, "former")], world.now)
    code = await _code(world.person("former"))
    async with world.database.write() as session:
        await organisers.keep_owners(session, [(world.platform, "new")], world.now)

    assert REFUSED in words(await world.person("eve").says(f"/join {code}"))


@pytest.mark.parametrize("role", ["owner", "Owner", "admin", "organiser owner"])
async def test_nobody_is_made_an_owner_in_chat(world: World, role: str) -> None:
    owner = await world.owner()

    answer = words(await owner.says(f"/invite {role}"))

    assert "No code was made" in answer
    async with world.database.read() as session:
        assert list(await session.scalars(select(Invitation))) == []


async def test_the_others_are_told_of_invitations_and_of_who_joins(world: World) -> None:
    owner, second = await world.owner(), await _second(world)
    code = await _code(owner)
    await world.person("anna").says(f"/join {code}")

    news = await _news(second)

    assert "#1 has made an invitation" in news
    assert "A new organiser has joined: #3" in news
    assert code not in news
    assert "A new organiser has joined: #3" in await _news(owner)


@pytest.mark.parametrize(
    "written",
    ["/invite", "/organisers", "/revoke 1", "/lockdown on", "/audit", "/channel add @channel"],
)
async def test_owners_commands_are_refused_to_organisers(world: World, written: str) -> None:
    await world.owner()
    second = await world.organiser("second")

    assert "is for owners" in words(await second.says(written))
    assert "is for organisers" in words(await world.person("anna").says(written))


# ------------------------------------------------------------------------------- revoking


async def test_organisers_are_listed_without_names(world: World) -> None:
    owner = await world.owner("owner-of-secrets")
    await world.organiser("second-secret")

    answer = await owner.says("/organisers")

    assert "#1: owner, built-in chat, since 21 September 2026 (you)" in words(answer)
    assert "#2: organiser, built-in chat" in words(answer)
    assert "secret" not in words(answer)
    assert [button.label for row in answer.buttons for button in row] == ["Revoke #2"]


async def test_a_revoked_organiser_can_do_nothing_any_more(world: World) -> None:
    owner, second = await world.owner(), await _second(world)
    third = await world.organiser("third")
    await third.says("/start")
    await owner.says("/organisers")

    answer = words(await owner.presses("Revoke #2"))

    assert "#2 is no organiser any more" in answer
    assert "#3: organiser" in answer
    assert "#2: organiser" not in answer
    assert "is for organisers" in words(await second.says(ALERT))
    assert "#1 has taken the role away" in await _news(third)


async def test_configured_owners_cannot_be_revoked_in_chat(world: World) -> None:
    owners = [(world.platform, name) for name in ("owner", "other")]
    async with world.database.write() as session:
        await organisers.keep_owners(session, owners, world.now)
    owner = world.person("owner")

    for number in (1, 2):
        assert "configuration" in words(await owner.says(f"/revoke {number}"))
    listed = await owner.says("/organisers")
    assert "#2: owner" in words(listed)
    assert listed.buttons == ()


async def test_an_owner_added_on_the_server_can_be_revoked_but_not_by_themselves(
    world: World,
) -> None:
    owner = await world.owner()
    await world.owner("other")

    assert "That is you" in words(await owner.says("/revoke 1"))
    assert "#2 is no organiser" in words(await owner.says("/revoke #2"))
    assert "is for organisers" in words(await world.person("other").says("/organisers"))


@pytest.mark.parametrize("who", ["0", "99", "-1", "anna", "٣", "9" * 30, "2 3"])
async def test_revoking_nobody_is_answered(world: World, who: str) -> None:
    owner = await world.owner()
    await world.organiser("second")

    assert "There is no organiser" in words(await owner.says(f"/revoke {who}"))
    assert "Whose role?" in words(await owner.says("/revoke"))
    assert "#2: organiser" in words(await owner.says("/organisers"))


async def test_the_yes_of_somebody_revoked_does_not_count(database: Database) -> None:
    world = World(database, Rules(approvals=2, cooldown=0))
    await world.knows(sample())
    owner, second = await world.owner(), await _second(world)
    third = await world.organiser("third")
    await third.says("/start")
    await second.says(ALERT)
    await second.presses("Send for approval")

    answer = words(await owner.says("/revoke 2"))
    assert "Alerts they prepared can still go out: 1-" in answer
    await third.listens()
    answer = words(await third.presses("Approve"))

    assert "has been asked for the second" in answer
    assert await _states(world) == [AlertState.DRAFT]


async def test_who_is_invited_again_begins_anew(world: World) -> None:
    owner = await world.owner()
    await world.organiser("second")
    await owner.says("/revoke 2")
    world.now += 30 * 86400

    await world.person("second").says(f"/join {await _code(owner)}")

    assert "#2: organiser, built-in chat, since 21 October 2026" in words(
        await owner.says("/organisers")
    )


async def test_a_number_never_becomes_anothers(world: World) -> None:
    owner, second = await world.owner(), await _second(world)
    await second.says("/forget yes")

    await world.person("anna").says(f"/join {await _code(owner)}")

    assert "#3: organiser" in words(await owner.says("/organisers"))


# ------------------------------------------------------------------------------- the brake


async def _states(world: World) -> list[str]:
    async with world.database.read() as session:
        return [it.state for it in await alerts.in_state(session, list(AlertState))]


async def _reader(world: World) -> Person:
    reader = world.person("anna")
    await reader.says("/country GB")
    await reader.says("/subscribe all")
    return reader


async def test_the_brake_asks_once_and_stops_everything(database: Database) -> None:
    world = World(database, Rules(approvals=1, cooldown=90))
    await world.knows(sample())
    owner, second, reader = await world.owner(), await _second(world), await _reader(world)
    await second.says(ALERT)
    await second.presses("Send")
    await second.says(ALERT)

    assert "Stop everything" in [it.label for it in (await owner.says("/lockdown")).buttons[0]]
    assert await _states(world) == [AlertState.SCHEDULED, AlertState.DRAFT]
    answer = words(await owner.presses("Stop everything"))

    assert "Alerts cancelled: 2" in answer
    assert "Organisers revoked: 1" in answer
    assert await _states(world) == [AlertState.CANCELLED, AlertState.CANCELLED]
    assert "#1 has stopped everything" in await _news(second)
    assert "is for organisers" in words(await second.says(ALERT))
    heard = len(reader.heard)
    await world.tick(3600)
    await reader.listens()
    assert len(reader.heard) == heard


async def test_what_is_going_out_is_taken_back(world: World) -> None:
    owner = await world.owner()
    await _queue(world, 20)

    answer = words(await owner.says("/lockdown on"))

    assert "Messages taken back: 20" in answer
    assert await world.rows(DeliveryState.CANCELLED) == 20
    assert await world.rows(DeliveryState.PENDING) == 0


async def test_what_falls_due_while_the_brake_is_on_is_taken_back_too(world: World) -> None:
    owner = await world.owner()
    await owner.says("/lockdown on")
    await _queue(world, 3)

    async with world.database.write() as session:
        await commands.keep_still(session, world.now)

    assert await world.rows(DeliveryState.CANCELLED) == 3


async def test_without_the_brake_nothing_is_taken_back(world: World) -> None:
    await _queue(world, 3)

    async with world.database.write() as session:
        await commands.keep_still(session, world.now)

    assert await world.rows(DeliveryState.PENDING) == 3


async def _queue(world: World, count: int) -> None:
    """A notice on its way to so many subscribers."""
    async with world.database.write() as session:
        for number in range(count):
            row = await subscribers.meet(
                session, world.platform, f"reader{number}", kind="private", now=world.now
            )
            await subscribers.follow(session, row, "all", "")
        about = About("mamai", "KZ", lane=outbox.REMINDERS)
        notice = await notices.add(session, "reminder", "{}", about, world.now)
        who = subscribers.wants("mamai", "KZ")
        await notices.fan_out(session, notice, who, world.now)


async def test_nothing_can_be_sent_or_invited_until_the_brake_is_released(world: World) -> None:
    owner = await world.owner()
    code = await _code(owner)
    await owner.says("/lockdown on")

    assert "Sending is locked" in words(await owner.says(ALERT))
    assert "No code was made" in words(await owner.says("/invite"))
    assert REFUSED in words(await world.person("eve").says(f"/join {code}"))
    assert "stopped already" in words(await owner.says("/lockdown on"))
    assert "can be prepared" in words(await owner.says("/lockdown off"))

    assert "Preview" in words(await owner.says(ALERT))
    assert "Nothing is stopped" in words(await owner.says("/lockdown off"))


async def test_the_flag_is_read_by_whoever_asks(world: World) -> None:
    owner = await world.owner()
    await owner.says("/lockdown")
    async with world.database.read() as session:
        assert not await commands.locked(session)

    await owner.says("/lockdown on")

    async with world.database.read() as session:
        assert await commands.locked(session)
        assert await lockdown.is_on(session)


async def test_other_owners_keep_their_role_and_are_told(world: World) -> None:
    owner, other = await world.owner(), await world.owner("other")
    await other.says("/start")

    await owner.says("/lockdown on")

    assert "#1 has stopped everything" in await _news(other)
    assert "can be prepared" in words(await other.says("/lockdown off"))
    assert "#2 has lifted the stop" in await _news(owner)


# -------------------------------------------------------------------------- what was done


async def test_what_organisers_do_is_written_down(world: World) -> None:
    owner = await world.owner()
    await world.person("anna").says(f"/join {await _code(owner)}")
    await world.person("anna").says(ALERT)
    await owner.says("/revoke 2")
    await owner.says("/lockdown on")

    answer = words(await owner.says("/audit"))

    lines = [line.partition(" · ")[2] for line in answer.split("\n") if line.startswith("• ")]
    assert lines[0] == "#1 · lockdown · on"
    assert lines[1] == "#1 · role taken away · #2"
    assert lines[2].startswith("#2 · alert prepared · 1-")
    assert lines[3:] == ["#2 · joined · #2", "#1 · invitation made · organiser"]
    assert "The list is whole" in answer
    assert "anna" not in answer


async def test_an_empty_list_says_so(world: World) -> None:
    assert "Nothing yet" in words(await (await world.owner()).says("/audit"))


async def test_only_the_last_entries_are_shown_but_all_are_checked(world: World) -> None:
    owner = await world.owner()
    for number in range(25):
        async with world.database.write() as session:
            await audit.record(
                session, action="joined", subject=f"#{number}", organiser_id=1, now=world.now
            )
    assert words(await owner.says("/audit")).count("• ") == 20

    async with world.database.write() as session:
        await session.execute(update(AuditEntry).where(AuditEntry.id == 2).values(subject="#9"))

    assert "Entry 2 does not follow" in words(await owner.says("/audit"))


@pytest.mark.parametrize(
    "forged", [{"organiser_id": 2}, {"at": 1}, {"action": "revoked"}, {"hash": "0" * 32}]
)
async def test_any_change_of_an_entry_shows(world: World, forged: dict[str, object]) -> None:
    owner = await world.owner()
    await _code(owner)
    await _code(owner)

    async with world.database.write() as session:
        await session.execute(update(AuditEntry).where(AuditEntry.id == 1).values(**forged))

    assert "Entry 1 does not follow" in words(await owner.says("/audit"))


async def test_entries_written_at_once_stay_in_one_chain(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as session:
            await audit.record(
                session, action="joined", subject=str(number), organiser_id=number, now=1
            )

    await asyncio.gather(*[write(number) for number in range(8)])

    async with database.read() as session:
        assert len(await audit.latest(session, 20)) == 8
        assert await audit.broken_at(session) is None


async def test_everything_reads_in_russian(world: World) -> None:
    await world.owner()
    owner = world.person("owner", language="ru")

    said = [
        words(await owner.says(text))
        for text in ("/invite", "/organisers", "/lockdown", "/audit", "/revoke 7", "/channel")
    ]

    assert "Этот код делает" in said[0]
    assert "#1: владелец, встроенный чат, с 21 сентября 2026" in said[1]
    assert "Чтобы продолжить" in said[2]
    assert "создано приглашение" in said[3]
    assert "Организатора «7» нет" in said[4]
    assert "Каналов пока нет" in said[5]


# -------------------------------------------------------------------------------- channels


async def _claims(world: World, platform: str) -> list[outbox.Claim]:
    async with world.database.write() as session:
        return await outbox.claim(session, platform, world.now, replies=10, notices=10)


def _labels(message: Message) -> list[str]:
    return [button.label for row in message.buttons for button in row]


async def test_a_channel_gets_what_its_owner_chose(world: World) -> None:
    owner = await world.owner()

    answer = words(await owner.says("/channel add -1001234567890 ru KZ GB"))
    assert "русский · all cases in Kazakhstan · United Kingdom" in answer
    assert "administrator of the channel" in answer
    assert "Everybody in the channel sees the notices" in answer
    await owner.says("/channel add !abc:example.org mamai")
    await owner.says(ALERT)
    await owner.presses("Send")

    (claim,) = await _claims(world, "telegram")
    assert claim.address == "-1001234567890"
    assert (claim.reader.language, claim.reader.country) == ("ru", "GB")
    assert claim.reader.kind == "channel"
    assert await _claims(world, "matrix") == []


async def test_nobody_in_a_channel_makes_the_bot_post_there(database: Database) -> None:
    world = World(database, platform="telegram")
    await world.knows(sample())
    owner, channel = await world.owner(), world.person(CHANNEL, kind=ChatKind.CHANNEL)
    assert await channel.ignored("", event=Event.ADDED)
    await owner.says(f"/channel add {CHANNEL} KZ GB")
    await owner.says(ALERT)
    await owner.presses("Send")
    await world.tick()

    (notice,) = await channel.listens()
    assert "Embassy of Kazakhstan in London" in words(notice)
    assert [button.command for row in notice.buttons for button in row] == ["", ""]
    assert "/unsubscribe" not in words(notice)
    assert await channel.ignored("", event=Event.PRESSED, button="help|0|0")

    await owner.says("/hearing add bokayev-ayan 2026-09-22 10:30 Asia/Atyrau City Court")
    await world.tick()
    reminder = (await channel.listens())[-1]
    assert "stands in the last notice" in words(reminder)
    assert not reminder.buttons


async def test_channels_are_listed_and_removed(world: World) -> None:
    owner = await world.owner()
    await owner.says("/channel add @tocsin_alerts")

    answer = await owner.says("/channel list")
    assert "@tocsin_alerts · English · all cases" in words(answer)
    assert len(_labels(answer)) == 1
    assert "gets nothing more" in words(await owner.presses("Remove #"))

    assert "There is no channel yet" in words(await owner.says("/channel"))
    assert "There is no channel “@tocsin_alerts”" in words(
        await owner.says("/channel remove @tocsin_alerts")
    )


async def test_adding_a_channel_again_replaces_its_wishes(world: World) -> None:
    owner = await world.owner()
    await owner.says("/channel add @tocsin_alerts all")

    await owner.says("/channel add @tocsin_alerts ru mamai")

    listed = words(await owner.says("/channel list"))
    assert listed.count("@tocsin_alerts") == 1
    assert "all cases" not in listed


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("/channel add", "adds a channel or room"),
        ("/channel remove", "adds a channel or room"),
        ("/channel rename @tocsin", "adds a channel or room"),
        ("/channel add tocsin", "is not the address of a channel"),
        ("/channel add 12345", "is not the address of a channel"),
        ("/channel add https://t.me/tocsin", "is not the address of a channel"),
        ("/channel add @tocsin_alerts nonsense", "I do not know a case"),
    ],
)
async def test_a_faulty_channel_is_explained_and_not_added(
    world: World, written: str, answer: str
) -> None:
    owner = await world.owner()

    assert answer in words(await owner.says(written))
    assert "There is no channel yet" in words(await owner.says("/channel list"))


async def test_a_group_that_decides_for_itself_is_not_made_a_channel(database: Database) -> None:
    world = World(database, platform="telegram")
    await world.knows(sample())
    owner, group = await world.owner(), world.group("-1009876543210")
    await group.says("/subscribe KZ")

    answer = await owner.says("/channel add -1009876543210 all")

    assert "Its administrators decide" in words(answer)
    assert "all cases in Kazakhstan" in words(await group.says("/settings"))
