"""Adding a language is one file: here German comes, with a few texts, and is spoken at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers import i18n, wall_time
from storage.database import Database
from tests.people import Person, World, sample, words

LOCALES = Path(i18n.__file__).parent / "locales"
GERMAN = {
    "button-skip": "Überspringen",
    "ask-country": "In welchem Land leben Sie?",
    "follow-all-button": "Alles",
    "notice-what-to-do": "Was tun:",
    "notice-ask-letter-by": "Senden Sie den Brief unten bis { $deadline }.",
    "reminder-heading": "Verhandlung { $left }: { $case }",
    "forgotten": "Alles über diesen Chat ist gelöscht.",
    "when-word-tomorrow": "morgen",
    "said-all": "alles",
    "said-yes": "ja",
}


@pytest.fixture(autouse=True)
def _german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of languages, with one file more."""
    for path in LOCALES.glob("*.ftl"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    text = (LOCALES / "en.ftl").read_text("utf-8")
    for key, translated in GERMAN.items():
        line = re.search(rf"^{key} = .*$", text, re.MULTILINE)
        assert line, key
        text = text.replace(line[0], f"{key} = {translated}")
    (tmp_path / "de.ftl").write_text(text, "utf-8")
    monkeypatch.setattr(i18n, "_LOCALES", tmp_path)
    _forget_languages()
    yield
    monkeypatch.undo()
    _forget_languages()


def _forget_languages() -> None:
    """What the process keeps in mind from its start on."""
    for kept in (i18n.languages, i18n._bundle, wall_time._months, wall_time._spoken_days):
        kept.cache_clear()


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _subscribed(world: World) -> Person:
    lena = world.person("lena", language="de-AT")
    assert "In welchem Land" in words(await lena.says("/start"))
    await lena.presses("Österreich")
    await lena.presses("Alles")
    return lena


async def test_three_taps_and_a_notice_are_in_the_new_language(world: World) -> None:
    owner = await world.owner()
    lena = await _subscribed(world)

    await owner.says("/hearing add bokayev-ayan morgen 10:30 Atyrau")
    await world.tick()
    await owner.says("/alert bokayev-ayan Trial opens\n[de] Prozess beginnt")
    await owner.presses("Send")

    reminder, notice = (words(message) for message in lena.heard[-2:])
    assert "Verhandlung in 15 Stunden" in reminder
    assert "Prozess beginnt" in notice
    assert "Kasachstan" in notice
    assert "Was tun: Senden Sie den Brief unten bis" in notice
    assert "22. September 2026" in notice


async def test_answers_are_understood_in_it(world: World) -> None:
    lena = await _subscribed(world)

    assert "You follow nothing" not in words(await lena.says("/unsubscribe alles"))
    assert "You get no notices" in words(await lena.says("/unsubscribe alles"))
    assert "gelöscht" in words(await lena.says("/forget ja"))


async def test_others_can_choose_it_and_keep_theirs_until_then(world: World) -> None:
    anna = world.person("anna")
    assert "In which country" in words(await anna.says("/start"))

    assert "In welchem Land" in words(await anna.says("/language Deutsch"))
