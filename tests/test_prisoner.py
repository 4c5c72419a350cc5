"""Messages to prisoners: only with their consent, by the rules, never about the case."""

from __future__ import annotations

import aiohttp
import pytest

from handlers.campaign import Campaign, Case, LetterAddress
from handlers.i18n import languages
from handlers.message import Copyable, Message
from storage.database import Database
from tests.pages import published
from tests.people import World, sample, words

_AGREED: dict[str, object] = {
    "original": ["Учреждение ИЧ 166/11", "Южно-Казахстанская область"],
    "agreed": "lawyer",
    "language": "ru",
    "rules": {"en": "At most two pages.", "ru": "Не больше двух страниц."},
    "as_of": "2017-05",
}


@pytest.fixture
async def database(sqlite_database: Database) -> Database:
    """What is said is the same on both."""
    return sqlite_database


def _campaign(about: dict[str, object]) -> Campaign:
    """The sample, where an address is as `about` says."""
    campaign = sample()
    return campaign.model_copy(update={"cases": [_with(it, about) for it in campaign.cases]})


def _with(case: Case, about: dict[str, object]) -> Case:
    if case.id != "azharkulova":
        return case
    [person] = case.people
    assert person.letter_address is not None
    address = LetterAddress.model_validate(person.letter_address.model_dump() | about)
    return case.model_copy(
        update={"people": [person.model_copy(update={"letter_address": address})]}
    )


async def _asked(database: Database, about: dict[str, object], language: str = "en") -> Message:
    world = World(database)
    await world.knows(_campaign(about))
    return await world.person("anna", language=language).says("/prisoner azharkulova")


async def test_without_consent_nobody_sees_an_address(database: Database) -> None:
    world = World(database)
    await world.knows(sample())
    anna = world.person("anna")

    answer = words(await anna.says("/prisoner azharkulova"))
    case = await anna.says("/case azharkulova")

    assert "only when the prisoner or the lawyer has agreed" in answer
    assert "ICH 166/11" not in answer + words(case)
    assert "Write to the prisoner" not in [b.label for row in case.buttons for b in row]


async def test_the_address_comes_in_both_scripts_with_what_is_missing(database: Database) -> None:
    answer = await _asked(database, _AGREED)

    texts = [block.text for block in answer.blocks if isinstance(block, Copyable)]
    assert texts[0] == "Учреждение ИЧ 166/11\nЮжно-Казахстанская область"
    assert "ICH 166/11" in texts[1]
    assert texts[1].endswith("\nKAZAKHSTAN")
    assert "This address is incomplete" in words(answer)
    assert "The lawyer has agreed" in words(answer)
    assert "May 2017" in words(answer)


async def test_a_whole_address_is_not_called_incomplete(database: Database) -> None:
    whole = await _asked(database, _AGREED | {"incomplete": False})
    assert "incomplete" not in words(whole)


async def test_the_rules_are_shown_and_the_message_is_in_the_language_that_gets_through(
    database: Database,
) -> None:
    answer = await _asked(database, _AGREED)

    text = words(answer)
    assert "Write in Russian." in text
    assert "nothing about the case" in text
    assert "At most two pages." in text
    message = [block.text for block in answer.blocks if isinstance(block, Copyable)][2]
    assert message.startswith("Здравствуйте, Кыздыгой Ажаркулова!")
    assert "Dear Kizdigoy Azharkulova," in text


async def test_words_in_a_language_that_is_held_back_are_not_there_to_copy(
    database: Database,
) -> None:
    answer = await _asked(database, {**_AGREED, "language": "kk"})

    text = words(answer)
    assert "Write in Kazakh." in text
    assert "The prison wants Kazakh, so have them translated first" in text
    copied = [block.text for block in answer.blocks if isinstance(block, Copyable)]
    assert not any("Dear Kizdigoy" in it for it in copied)


@pytest.mark.parametrize("language", languages())
async def test_no_message_says_anything_about_the_case(database: Database, language: str) -> None:
    answer = await _asked(database, _AGREED, language)

    case = sample().case("azharkulova")
    assert case is not None
    told = [*case.summary.values(), *case.status.values(), *case.charges[0].text.values()]
    for block in answer.blocks:
        if isinstance(block, Copyable):
            assert not any(fact in block.text for fact in told)
            for word in ("court", "charge", "prison", "суд", "обвин", "тюрьм"):
                assert word not in block.text.lower()


async def test_a_case_leads_there(database: Database) -> None:
    world = World(database)
    await world.knows(_campaign(_AGREED))
    anna = world.person("anna")
    await anna.says("/case azharkulova")

    assert "A message to Kizdigoy Azharkulova" in words(
        await anna.presses("Write to the prisoner")
    )
    assert "Whose case?" in words(await anna.says("/prisoner"))
    assert "no address is known" in words(await anna.says("/prisoner mamai"))


async def test_the_page_shows_it_only_with_consent(database: Database) -> None:
    async with published(database, _campaign(_AGREED)) as shown, aiohttp.ClientSession() as http:
        await shown.alert("/alert azharkulova She is on trial")
        async with http.get(f"{shown.url}?lang=en") as answer:
            assert "A message to Kizdigoy Azharkulova" in await answer.text()
        await shown.world.knows(sample())
        await shown.alert("/alert azharkulova She is still on trial")
        async with http.get(f"{shown.url}?lang=en") as answer:
            assert "A message to" not in await answer.text()
