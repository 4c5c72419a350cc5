"""The sample campaign and the manual, as organisers will read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from handlers.campaign import Part
from handlers.campaign_checks import PrintedContact
from handlers.campaign_file import read_campaign
from handlers.campaign_problems import MODELS

ROOT = Path(__file__).parent.parent
SAMPLE = (ROOT / "examples" / "kazakhstan.toml").read_text("utf-8")
MANUAL = (ROOT / "docs" / "campaign-file.md").read_text("utf-8")


def test_the_sample_is_whole_and_marked_as_an_exercise() -> None:
    campaign, warnings = read_campaign(SAMPLE)

    assert campaign.drill
    assert len(campaign.cases) == 10
    assert {w.key for w in warnings} == {
        "import-kept-back",
        "import-public",
        "import-redacted",
        "import-repair",
        "import-zero-removed",
    }
    assert [w.key for w in warnings].count("import-redacted") == 9
    case = campaign.case("bokayev-ayan")
    assert case is not None
    assert [target.id for target in campaign.targets_of(case)] == case.targets
    assert case.targets[-1] == "own-embassy"
    assert [t.id for t in campaign.targets if t.fallback] == ["pr-geneva"]
    (hearing,) = case.hearings
    assert (hearing.local, hearing.timezone) == ("2016-10-12T10:30", "Asia/Atyrau")


def test_the_sample_says_everything_in_english_and_russian() -> None:
    campaign, _ = read_campaign(SAMPLE)

    for path, words in all_words(campaign.model_dump()):
        if (
            "names" not in path
            and "sources" not in path
            and words != {"en": "the embassy has moved"}
        ):
            assert set(words) == {"en", "ru"}, path
            assert re.search("[А-я]", words["ru"]), path


def all_words(value: object, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text in several languages, with where it stands."""
    if isinstance(value, dict) and value and all(len(key) == 2 for key in value):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from all_words(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from all_words(inner, f"{path}.{number}")


def test_every_case_of_the_sample_with_targets_has_a_letter() -> None:
    for case in read_campaign(SAMPLE)[0].cases:
        assert bool(case.targets) == (case.letter is not None), case.id


def test_family_is_not_told_unless_the_file_says_so() -> None:
    case = read_campaign(SAMPLE)[0].case("mamai")
    assert case is not None
    (person,) = case.people

    assert person.family
    assert person.as_public.family == {}
    assert person.as_public.health == person.health
    assert person.called("ru") == "Жанболат Мамай"
    assert person.called("de") == "Zhanbolat Mamai"


def test_old_contacts_of_the_sample_are_dated() -> None:
    campaign, _ = read_campaign(SAMPLE)

    contacts = [contact for target in campaign.targets for contact in target.contacts]
    assert all(contact.as_of for contact in contacts + campaign.copies_to)


def test_the_smallest_file_of_the_manual_works() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)

    campaign, warnings = read_campaign(block)

    assert [case.id for case in campaign.cases] == ["bokayev-ayan"]
    assert warnings == []


def test_the_manual_names_every_key() -> None:
    models: list[type[Part]] = [*MODELS.values(), PrintedContact]
    for model in models:
        for key in model.model_fields:
            assert re.search(rf"\b{key}\b", MANUAL), f"{model.__name__}.{key}"
