"""Several accounts on one service: chats belong to an account, people to the service."""

from __future__ import annotations

import pytest

from handlers.command import Rules
from handlers.i18n import Translator, prefix_of
from handlers.message import Proof
from handlers.services import account_on, service_of, shown
from storage.database import Database
from tests.people import World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."


@pytest.fixture
async def worlds(database: Database) -> tuple[World, World]:
    rules = Rules(approvals=0, cooldown=0)
    first = World(database, rules, platform="matrix")
    await first.knows(sample())
    return first, World(database, rules, platform="matrix-vienna")


def _by(key: str, number: int) -> Proof:
    return Proof((key,), "chain", number)


async def test_an_organiser_is_one_person_on_all_accounts(worlds: tuple[World, World]) -> None:
    first, second = worlds
    aigerim = await first.organiser("aigerim")
    await aigerim.says("/start", proof=_by("phone", 1))
    there = second.person("aigerim", address="!room:there")

    assert "Preview of alert" in words(await there.says(ALERT, proof=_by("phone", 2)))
    assert "a session that I do not know" in words(await there.says(ALERT, proof=_by("other", 1)))
    # What was said to one account is not said again to the other.
    assert "/alert" not in words(await aigerim.says("/start", proof=_by("phone", 3)))
    assert "read this very message before" in words(await there.says(ALERT, proof=_by("phone", 2)))


async def test_an_organiser_has_one_vote_whatever_account_it_comes_through(
    worlds: tuple[World, World],
) -> None:
    first, second = worlds
    bolat = await first.organiser("bolat")
    await bolat.says("/start")
    aigerim = await first.organiser("aigerim")
    there = second.person("aigerim", address="!room:there")
    await aigerim.says(ALERT)

    send = aigerim.button("Send for approval").command
    assert "has been asked for the second" in words(await aigerim.says(send))
    assert "Your yes" in words(await there.says("/send 1"))


async def test_organisers_are_told_through_the_account_they_wrote_to_last(
    worlds: tuple[World, World],
) -> None:
    first, second = worlds
    owner, aigerim = await first.owner("olga"), await first.organiser("aigerim")
    await owner.says("/start")
    await aigerim.says("/start")
    there = second.person("aigerim", address="!room:there")
    await there.says("/start")
    await aigerim.listens()

    assert "Matrix (vienna)" in words(await owner.says("/organisers"))
    await owner.says("/lockdown on")
    assert await aigerim.listens() == []
    assert await there.listens() != []


async def test_a_further_account_speaks_as_its_service_does(worlds: tuple[World, World]) -> None:
    anna = worlds[1].person("anna")

    assert "!country" in words(await anna.says("/start")) + words(await anna.says("/help"))
    assert "your homeserver knows" in words(await anna.says("/privacy"))
    assert "matrix:anna" in words(await anna.says("/id"))


def test_accounts_are_named_after_their_service() -> None:
    assert account_on("matrix", "vienna") == "matrix-vienna"
    assert (service_of("matrix-vienna"), service_of("telegram")) == ("matrix", "telegram")
    assert prefix_of("matrix-vienna") == "!"
    translator = Translator("ru")
    assert shown(translator, "matrix-vienna") == "Matrix (vienna)"
    assert shown(translator, "matrix") == "Matrix"
    assert shown(translator, "pigeon-two") == "pigeon (two)"
