"""Organisers put contacts right in the chat: /target, and /embassy KZ IE email …"""

from __future__ import annotations

import re

import pytest

from handlers.command import Rules
from storage.database import Database
from tests.people import World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."
SOURCE = "source: their website, 3 May"


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def test_an_embassy_is_corrected_for_all_whom_it_answers_for(world: World) -> None:
    owner, second = await world.owner(), await world.organiser("second")
    await second.says("/start")
    aoife = world.person("aoife")
    await aoife.says("/country IE")
    await owner.says(ALERT)

    said = words(await owner.says(f"/embassy KZ IE email New@kazembassy.org.uk. {SOURCE}"))

    assert "Embassy of Kazakhstan in London" in said
    assert "E-mail from now on: New@kazembassy.org.uk (written as New@kazembassy.org.uk.)" in said
    assert "By #1; source: their website, 3 May" in said
    assert "with the former contact: 1-" in said  # the draft
    told = (await second.listens())[-1]
    assert "New@kazembassy.org.uk" in words(told)
    for reader, country in ((aoife, ""), (world.person("emma"), " GB")):
        seen = words(await reader.says(f"/embassy{country}"))
        assert "New@kazembassy.org.uk (checked 21 September 2026)" in seen
        assert "london@mfa.kz" not in seen
        assert "Phone: +44 20 7925 1757" in seen  # the rest stays the directory's
    assert "answers for Ireland too" in words(await aoife.says("/embassy"))

    await owner.says(f"/embassy KZ GB email second@kazembassy.org.uk {SOURCE}")
    assert "second@kazembassy.org.uk" in words(await aoife.says("/embassy"))
    await owner.presses("Undo correction 2")
    assert "New@kazembassy.org.uk" in words(await aoife.says("/embassy"))
    await second.says("/contact undo 1")
    assert "london@mfa.kz" in words(await aoife.says("/embassy"))
    audit = words(await owner.says("/audit"))
    assert "contact corrected · KZ in GB, London email" in audit
    assert "#2 · correction of a contact undone" in audit


async def test_an_embassy_nobody_knew_of_is_known_from_then_on(world: World) -> None:
    owner = await world.owner()
    wanja = world.person("wanja")
    await wanja.says("/country KE")
    assert "No embassy or consulate" in words(await wanja.says("/embassy"))

    await owner.says(f"/embassy KZ KE email nairobi@mfa.kz, desk@mfa.kz {SOURCE}")

    seen = words(await wanja.says("/embassy"))
    assert "Embassy of Kazakhstan in Kenya" in seen
    assert "nairobi@mfa.kz" in seen
    assert "desk@mfa.kz" in seen
    await owner.says(f"/embassy KZ KE email - {SOURCE}")
    assert "No embassy or consulate" in words(await wanja.says("/embassy"))


async def test_a_target_is_corrected_and_its_source_is_asked_for(world: World) -> None:
    owner = await world.owner()
    page = words(await owner.says("/target interior-minister"))
    assert "Kense@mvd.kz" in page

    asked = words(await owner.says("/target interior-minister email press (a) mvd.gov.kz"))
    assert "Where do you have it from?" in asked
    said = words(await owner.says("a call to the ministry"))

    assert "press@mvd.gov.kz (written as press (a) mvd.gov.kz)" in said
    assert "source: a call to the ministry" in said
    page = words(await owner.says("/target interior-minister"))
    assert "press@mvd.gov.kz (checked 21 September 2026) (printed: press (a) mvd.gov.kz)" in page
    case = words(await world.person("anna").says("/case bokayev-ayan"))
    assert "press@mvd.gov.kz" in case
    assert "Kense@mvd.kz" not in case
    await world.knows(sample())  # importing the file again does not undo it
    assert "press@mvd.gov.kz" in words(await world.person("anna").says("/case bokayev-ayan"))


async def test_a_target_that_is_a_mission_is_corrected_in_both_places(world: World) -> None:
    owner = await world.owner()

    await owner.says(f"/target embassy-brussels email new@mfa.kz {SOURCE}")

    assert "new@mfa.kz" in words(await world.person("a").says("/embassy BE"))
    await owner.says(f"/embassy KZ BE email newer@mfa.kz {SOURCE}")
    assert "newer@mfa.kz" in words(await owner.says("/target embassy-brussels"))
    await owner.says(f"/target embassy-brussels email - {SOURCE}")
    assert "mfa.kz" not in words(await world.person("a").says("/embassy BE"))


async def test_a_dead_area_code_waits_for_a_person_to_accept_it(world: World) -> None:
    owner = await world.owner()

    page = await owner.says("/target president")
    assert "+ 7 3172 32 61 82 – misprinted" in words(page)
    assert "007 / 3172 / 32 40 89 – misprinted" in words(page)
    assert "it cannot work. It may be +77172326182 now" in words(page)
    said = words(await owner.presses("Take +77172324089"))

    assert "Fax from now on: +77172324089 (written as 007 / 3172 / 32 40 89)" in said
    assert "made sure of; printed was 007 / 3172 / 32 40 89" in said
    later = words(await owner.says("/target president"))
    assert "+ 7 3172 32 61 82 – misprinted" in later  # the other one still waits
    assert "+7 7172 32 40 89 (checked 21 September 2026)" in later
    assert "nothing to take" in words(await owner.says("/target president take 0123456789"))


async def test_a_repair_of_a_target_with_a_long_name_is_taken_by_its_command(
    database: Database,
) -> None:
    world, campaign = World(database), sample()
    president = next(it for it in campaign.targets if it.id == "president")
    named = president.model_copy(update={"id": "prosecutor-general-office-2012"})
    cases = [it.model_copy(update={"targets": []}) for it in campaign.cases]
    await world.knows(campaign.model_copy(update={"targets": [named], "cases": cases}))
    owner = await world.owner()

    page = await owner.says(f"/target {named.id}")
    assert page.buttons == ()
    command = re.search(r"To take it, write (/target \S+ take \w+)", words(page))
    assert command
    assert "from now on: +77172" in words(await owner.says(command[1]))


async def test_a_number_typed_with_a_dead_code_is_offered_not_taken(world: World) -> None:
    owner = await world.owner()

    asked = await owner.says("/target president fax + 7 3172 32 61 82, +41 (0) 22 788 66 02")
    assert "It may now be +77172326182. Nothing was changed" in words(asked)
    await owner.says("/target president fax + 7 3172 32 61 82")
    await owner.presses("Take +77172326182")
    said = words(await owner.says("rang there"))

    assert "Fax from now on: +77172326182." in said


REFUSED = {
    "/target nobody": "I do not know a target “nobody”",
    "/target presidnt": "Did you mean president?",
    "/target president mail a@b.kz": "“mail” is not a kind of contact",
    "/target president email": "or “-” if there is none any more: /target president email",
    "/target president email [email\u00a0protected]": "hidden from robots",
    "/target president email mfа@mfa.kz": "only look Latin",
    "/target president phone 8 (7172) 74 55 24": "with + and the country’s code",
    "/target president web ftp://mfa.kz": "begins with https://",
    "/target president email a@b.kz, Kense": "“Kense” is not an e-mail address",
    "/target president postal " + "x" * 600: "at most 500",
    "/embassy KZ GB email": "/embassy KZ GB email …",
    "/embassy FR GB email a@b.fr source: x": "no campaign about FR",
    "/embassy KZ XX email a@b.kz source: x": "do not know a country “XX”",
    "/embassy KZ KZ email a@b.kz source: x": "do not know a country “KZ”",
}


async def test_what_cannot_be_used_is_refused_and_nothing_changes(world: World) -> None:
    owner = await world.owner()

    for written, answer in REFUSED.items():
        assert answer in words(await owner.says(written)), written
        assert "none was corrected" in words(await owner.says("/contact")), written


@pytest.mark.parametrize(
    "written",
    ["/target president email a@b.kz source: x", "/embassy kz gb email a@b.kz source: x"],
)
async def test_only_organisers_correct_in_private_and_freshly(world: World, written: str) -> None:
    owner = await world.owner()

    assert "is for organisers" in words(await world.person("anna").says(written))
    assert "private chat" in words(await world.group("g").says(written))
    assert "not carried out" in words(await owner.says(written, doubt="forwarded"))
    assert "more than ten minutes ago" in words(await owner.says(written, sent_at=world.now - 700))
    assert "none was corrected" in words(await owner.says("/contact"))
    assert "source: x" in words(await owner.says(written))


async def test_every_target_is_listed_with_its_holes(database: Database) -> None:
    world = World(database, Rules(approvals=1, cooldown=0))
    owner = await world.owner()
    assert "There is no case yet" in words(await owner.says("/target"))
    await world.knows(sample())

    listed = words(await owner.says("/target"))

    assert "president: President" in listed
    assert "contacts: 0, unusable: 2" in listed
    assert "contacts: 1)" in listed
    assert "own-embassy" in listed
    assert "embassy has moved" not in listed
    page = words(await owner.says("/target embassy-london-2012"))
    assert "33 Thurloe Square, London SW7 2SD – out of use" in page
    assert "[email\u00a0protected] – hidden by the website" in page
    assert "/embassy shows and corrects it" in words(await owner.says("/target own-embassy"))
