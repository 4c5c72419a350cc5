"""The README keeps its word: its commands run, its settings load, its notices are real."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from bot.config import load_config
from bot.render import matrix, telegram
from bot.render.split import split_message
from handlers.message import Message
from handlers.registry import COMMANDS
from storage.database import Database
from tests.fakes.embassy_sources import EmbassySources
from tests.fakes.program import Program
from tests.fakes.telegram import BotApi
from tests.people import World, sample

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
ALERT = (
    "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now.\n"
    "[ru] Завтра в Атырау начинается суд\nО заседании сообщили только сейчас."
)


def _blocks(kind: str) -> list[str]:
    """The README's code blocks of a kind, without their indentation."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def _commands() -> list[str]:
    """Every command line of the README, comments left out."""
    lines = [line.partition("#")[0].strip() for line in "".join(_blocks("sh")).split("\n")]
    return [line for line in lines if line]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new user's folder: the README's secrets and the sample campaign are there."""
    (tmp_path / "telegram.token").write_text("4242:CANARY-TOKEN-abcdefghijklmnopqrstuv\n")
    (tmp_path / "matrix.password").write_text("secret\n")
    for file in tmp_path.iterdir():
        file.chmod(0o600)
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "kazakhstan.toml", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_configuration_it_shows_is_valid(folder: Path) -> None:
    shown = _blocks("toml")
    assert len(shown) == 3
    for text in shown:
        (folder / "config.toml").write_text(text)
        config = load_config(folder / "config.toml")
        assert config.telegram or config.matrix


async def test_its_commands_run(
    folder: Path, telegram_server: BotApi, sources: EmbassySources
) -> None:
    settings = _blocks("toml")[0] + (
        '[web]\nlisten = "127.0.0.1:0"\n'
        f'[directory]\ncontact = "ops@example.org"\nwikidata_url = "{sources.url}sparql"\n'
        f'germany_url = "{sources.url}germany"\n'
    )
    telegram_section = f'[telegram]\napi_url = "{telegram_server.url}"'
    (folder / "config.toml").write_text(settings.replace("[telegram]", telegram_section))
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}

    run = [line for line in _commands() if line.startswith("tocsin ") and line != "tocsin run"]
    assert len(run) >= 5
    for line in run:
        shell = await asyncio.create_subprocess_shell(
            line, env=environment, stdout=PIPE, stderr=STDOUT
        )
        said, _ = await shell.communicate()
        assert shell.returncode == 0, f"{line}: {said.decode()}"
    assert (folder / "campaigns.json").stat().st_size > 1000

    async with Program(folder / "config.toml") as program:
        await program.ready()
        person = telegram_server.person(123456789)
        await person.writes("/id")
        await person.hears("telegram:123456789")


def test_its_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = [line.split()[1] for line in _commands() if line.startswith("make ")]

    assert targets
    for target in targets:
        assert f"\n{target}:" in makefile


def test_it_names_every_command() -> None:
    named = set(re.findall(r"`/([a-z]+)`", README))

    assert {command.name for command in COMMANDS if not command.hidden} <= named


def test_its_pictures_and_links_are_there() -> None:
    local = re.findall(r"\]\((?!https?:)([^)#]+)\)|src=\"([^\"]+)\"", README)
    for found in local:
        assert (ROOT / "".join(found)).exists(), found


@pytest.mark.parametrize(
    ("platform", "country", "language"), [("telegram", "GB", "en"), ("matrix", "BE", "ru")]
)
async def test_its_notices_are_the_real_ones(
    database: Database, platform: str, country: str, language: str
) -> None:
    notice = await _notice(World(database, platform=platform), country, language)
    shown = _first_part(notice) if platform == "telegram" else matrix.render(notice)[0]
    block = next(
        it for it in _blocks("text") if ("Embassy of" if language == "en" else "Посольство") in it
    )

    for piece in block.split("…\n"):
        assert piece.strip() in re.sub("[\u00a0\u202f]", " ", shown)


def _first_part(notice: Message) -> str:
    return telegram.render(split_message(notice, telegram.fits)[0]).text


async def _notice(world: World, country: str, language: str) -> Message:
    """The notice of the README's alert, as this reader gets it."""
    await world.knows(sample())
    reader, owner = world.person("reader"), await world.owner()
    for words in (f"/country {country}", f"/language {language}", "/subscribe all"):
        await reader.says(words)
    await owner.says(ALERT)
    await owner.says(owner.button("Send").command)
    await world.tick()
    return (await reader.listens())[-1]
