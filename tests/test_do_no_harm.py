"""What can do harm (health, family, exact place) leaves only where the case makes it public."""

from __future__ import annotations

import json

import pytest
import structlog
from sqlalchemy import select, text

from bot.log import set_up
from bot.render import matrix, telegram
from handlers.campaign import Campaign
from handlers.campaign_file import CampaignFileError, read_campaign
from handlers.message import Message, pack_message
from storage.database import Database
from storage.models import Alert, Notice
from tests.people import World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."
SECRETS = {
    "health": "CANARY-ILLNESS",
    "family": "CANARY-CHILD",
    "detained_at": "CANARY-CELL",
}


def _campaign(*public: str) -> Campaign:
    case = sample().case("bokayev-ayan")
    assert case is not None
    told = {field: {"en": said, "ru": said} for field, said in SECRETS.items()}
    people = [it.model_copy(update={**told, "public": list(public)}) for it in case.people]
    changed = case.model_copy(update={"people": people})
    cases = [changed if it.id == case.id else it for it in sample().cases]
    return sample().model_copy(update={"cases": cases})


async def _a_day(database: Database, campaign: Campaign) -> World:
    """Everything that is said about a case to anybody: a world with full mailboxes."""
    world = World(database)
    await world.knows(campaign)
    owner, second = await world.owner(), await world.organiser("second")
    await second.says("/start")
    people = [world.person("emma"), world.person("ivan", language="ru"), world.person("aigul")]
    for person, country in zip(people, ("GB", "BE", "KZ"), strict=True):
        await person.says(f"/country {country}")
        await person.says("/subscribe all")
    await owner.says(ALERT)
    for view in ("GB en", "BE ru", "KZ en"):
        await owner.says(f"/preview 1 {view}")
    await owner.says("/send 1")
    await owner.says("/hearing add bokayev-ayan 2026-09-22 10:30 Atyrau City Court")
    await world.tick(1)
    for person in (*people, owner):
        for said in ("/case bokayev-ayan", "/letter bokayev-ayan", "/actions", "/hearings"):
            await person.says(said)
        await person.says("/embassy")
    await owner.says("/correct 1 Trial opens on Friday")
    await owner.says("/send 2")
    await owner.says("/target")
    await owner.says("/audit")
    await owner.says("/close bokayev-ayan freed")
    await world.tick(1)
    for person in (*people, owner, second):
        await person.listens()
    return world


def _everything_said(world: World) -> str:
    messages = [it for heard in world.mailbox.values() for it in heard]
    return "\n".join(_rendered(it) for it in messages)


def _rendered(message: Message) -> str:
    """The message as it is kept, and as Telegram and Matrix get it."""
    return f"{pack_message(message)}\n{telegram.render(message)}\n{matrix.render(message)}"


async def _kept(world: World) -> str:
    """What drafts and notices have frozen."""
    async with world.database.read() as session:
        alerts = await session.scalars(select(Alert.payload))
        return "\n".join([*alerts, *await session.scalars(select(Notice.payload))])


async def test_what_is_not_marked_goes_nowhere(
    database: Database, plain_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("debug", "logfmt")

    world = await _a_day(database, _campaign())

    said, kept = _everything_said(world), await _kept(world)
    structlog.get_logger().debug("the day is over")
    logged = "".join(capsys.readouterr())
    assert "the day is over" in logged
    assert "Trial opens on Friday" in said  # the day was a full one
    assert "bokayev-ayan" in kept
    for secret in SECRETS.values():
        assert secret not in said
        assert secret not in kept
        assert secret not in logged
    async with database.read() as session:  # the file's words are there all the same
        stored = "\n".join(await session.scalars(text("SELECT document FROM cases")))
    assert all(secret in stored for secret in SECRETS.values())


async def test_what_is_marked_is_shown_and_nothing_beside_it(database: Database) -> None:
    world = World(database)
    for word, field in (("health", "health"), ("family", "family"), ("place", "detained_at")):
        await world.knows(_campaign(word))

        said = words(await world.person("emma").says("/case bokayev-ayan"))

        assert [it for it in SECRETS.values() if it in said] == [SECRETS[field]]


FILE = """
id = "kz"
country = "KZ"
title = "Kazakhstan"
timezone = "Asia/Almaty"

[[cases]]
id = "one"
title = "One"
summary = "A summary."

[[cases.people]]
name = "Max Bokayev"
health = "ill"
family = "a child"
detained_at = "cell 4"
public = ["health"]
"""


def test_every_import_says_what_is_kept_back_and_what_goes_out() -> None:
    _, found = read_campaign(FILE)

    assert [(it.key, it.args["field"], it.line) for it in found] == [
        ("import-public", "health", 14),
        ("import-kept-back", "family", 15),
        ("import-kept-back", "detained_at", 16),
    ]
    assert found[2].args["word"] == "place"
    assert found[0].where == "case one, person Max Bokayev"


def test_a_mark_without_anything_to_mark_is_said() -> None:
    written = FILE.replace('family = "a child"\n', "")

    _, found = read_campaign(
        written.replace('public = ["health"]', 'public = ["health", "family"]')
    )

    assert [(it.key, it.args["word"]) for it in found if it.key != "import-kept-back"] == [
        ("import-public", "health"),
        ("import-public-empty", "family"),
    ]


def test_an_unknown_mark_is_a_mistake() -> None:
    with pytest.raises(CampaignFileError, match="not a choice") as error:
        read_campaign(FILE.replace('"health"]', '"everything"]'))

    assert error.value.problems[0].args["choices"] == "health, family, place"


def test_a_public_case_is_the_same_but_for_what_is_hidden() -> None:
    case = _campaign("health", "family", "place").case("bokayev-ayan")
    assert case is not None
    assert case.as_public == case
    bare = json.loads(_campaign().cases[0].as_public.model_dump_json())
    assert not any(person[field] for person in bare["people"] for field in SECRETS)
