"""Coverage: who can reach which embassy, as the resolver sees it; and how old each field is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bot.app import clock, open_storage
from bot.config import Config, build_config
from bot.directory.shown import CoverageError, show
from bot.import_campaign import store_campaign
from bot.render.coverage import picture
from handlers.contact_lines import found_blocks
from handlers.countries import country_codes
from handlers.coverage import Level, Reach, counted, coverage
from handlers.embassies import Found, Reason, resolve
from handlers.embassy_channels import Age, age_of
from handlers.i18n import Translator, languages
from handlers.message import Message, plain
from storage.directory import Directory, Mission
from tests.people import sample

TODAY = date(2026, 11, 27)
DIRECTORY = Directory.open()
README_PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "coverage.svg"
SENDING = "KZ BY RU TR CN EG AZ IR SA MM BH NI"
READERS = "GB IE BE AT DE FR IT ES NL SE NO CH PL CZ US CA AU JP KE UA"
FIELD = {"postal": "address", "web": "website"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return build_config({}, tmp_path)


def _parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 -- our own


def _every_found() -> Iterator[tuple[Mission, Found]]:
    """Each mission of the shipped file that the resolver sends somebody to, with what it says."""
    for sending in sorted(country_codes()):
        missions = DIRECTORY.missions(sending)
        by_id = {mission.id: mission for mission in missions}
        for country in {code for it in missions for code in (it.host, *it.jurisdictions)}:
            found = resolve(missions, country, today=TODAY)
            if found.mission_id:
                yield by_id[found.mission_id], found


def test_every_field_of_the_shipped_file_shows_its_own_age() -> None:
    seen = set()
    for mission, found in _every_found():
        for channel in found.channels:
            field = FIELD.get(channel.kind, channel.kind)
            assert channel.as_of is not None
            assert channel.as_of.isoformat() == mission.age[field], mission.id
            assert channel.age is age_of(channel.as_of, channel.checked, TODAY)
            if max(channel.as_of, channel.checked or channel.as_of) < date(2021, 11, 27):
                assert channel.age is Age.STALE
            seen.add((channel.kind, channel.age))
    assert {kind for kind, _ in seen} == {"email", "phone", "fax", "postal", "web"}
    assert {age for _, age in seen} == set(Age)


@pytest.mark.parametrize("language", languages())
def test_what_is_old_says_so_wherever_it_is_shown(language: str) -> None:
    translator = Translator(language)
    old = {
        Age.AGED: translator.t("contact-last-confirmed", day="…").partition("…")[0],
        Age.STALE: translator.t("contact-stale", day="…").partition("…")[0],
    }
    checked = 0
    for _, found in _every_found():
        if found.sending in ("KZ", "NO", "US", "AE") and found.channels:
            lines = plain(Message(found_blocks(found, translator, found.host))).split("\n")[1:]
            for age, words in old.items():
                count = sum(it.age is age for it in found.channels)
                assert sum(words in line for line in lines) == count, found.mission_id
                checked += count
    assert checked > 50


def test_levels_say_the_best_way_that_is_not_too_old() -> None:
    pairs = coverage(DIRECTORY.missions, ["KZ"], ["GB", "IE", "KZ", "NO", "BE", "KE"], today=TODAY)

    levels = {it.country: (it.level, it.from_elsewhere) for it in pairs}
    assert levels == {
        "GB": (Level.EMAIL, False),
        "IE": (Level.EMAIL, True),
        "NO": (Level.POST, False),
        "BE": (Level.NOTHING, False),
        "KE": (Level.UNKNOWN, False),
    }
    reasons, counts = counted(pairs)
    assert (reasons[Reason.RESIDENT], counts[Level.EMAIL]) == (3, 2)
    later = coverage(DIRECTORY.missions, ["KZ"], ["GB"], today=date(2030, 1, 1))
    assert later[0].level is Level.POST


async def test_one_state_is_shown_country_by_country(config: Config) -> None:
    lines = await show(config, ["kz"], [], today=TODAY)

    assert "      43 an embassy in the country" in lines
    assert "      40 an embassy elsewhere that answers for it" in lines
    (ireland,) = (line for line in lines if line.startswith("IE "))
    assert re.search(r"Ireland +from London +email 04/2024, phone 04/2024", ireland)
    assert lines[-1].startswith("Nothing known for: ")
    assert not (config.secrets.key_file.parent).exists()  # looking makes nothing


async def test_a_campaigns_own_contacts_count(config: Config) -> None:
    async with open_storage(config) as storage:
        await store_campaign(storage, sample(), clock())

    lines = await show(config, ["KZ"], ["BE"], today=TODAY)

    assert "       1 the campaign's own contact" in lines
    assert "email 10/2016" in lines[-1]


async def test_states_and_readers_make_a_matrix_and_a_picture(
    config: Config, tmp_path: Path
) -> None:
    file = tmp_path / "coverage.svg"
    lines = await show(config, ["KZ,BY"], ["GB IE", "BE"], today=TODAY, file=file)

    assert lines[-3:] == ["   GB IE BE", "KZ @  @  ·", "BY @  @  ·"]
    svg = _parsed(file.read_text("utf-8"))
    titles = [it.text for it in svg.iter("{http://www.w3.org/2000/svg}title")]
    assert "Kazakhstan for Ireland: e-mail, from London" in titles
    assert "script" not in file.read_text("utf-8")


async def test_everything_is_one_line_a_state(config: Config) -> None:
    lines = await show(config, [], [], today=TODAY)

    assert any(re.fullmatch(r"KZ Kazakhstan +\d+ +\d+ +\d+ +\d+ +\d+", line) for line in lines)
    assert lines[0].startswith(f"{len(country_codes()) * (len(country_codes()) - 1)} pairs")


async def test_what_is_no_country_is_named(config: Config) -> None:
    with pytest.raises(CoverageError, match="KY2: no country code"):
        await show(config, ["KY2"], [], today=TODAY)


def test_a_picture_escapes_what_it_is_given() -> None:
    found = Found(reason=Reason.ACCREDITED, host="GB", city='<b>"&')
    svg = picture([Reach("KZ", "IE", found)], "A & B")

    assert "<b>" not in svg
    assert _parsed(svg).attrib["aria-label"] == "A & B"


def test_the_readmes_picture_is_what_the_directory_gives() -> None:
    shown = README_PICTURE.read_text("utf-8")
    title = _parsed(shown).attrib["aria-label"]
    today = date.fromisoformat(title[-10:])
    pairs = coverage(DIRECTORY.missions, SENDING.split(), READERS.split(), today=today)

    assert shown == picture(pairs, title)
