"""Element's own encryption library verifies the bot; needs node, and npm's registry once."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from handlers.message import Event
from tests.fakes.matrix_bot import Bot
from tests.fakes.synapse import Homeserver

SCRIPT = Path(__file__).with_name("element_verifies.mjs")
LIBRARY = "matrix-js-sdk@37.5.0"


@pytest.fixture(scope="module")
def element(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script beside the library it needs."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("element")
    subprocess.run(["npm", "install", "--silent", LIBRARY], cwd=folder, check=True)
    return Path(shutil.copy(SCRIPT, folder))


@pytest.mark.parametrize("answer", ["agree", "mismatch"])
@pytest.mark.parametrize("where", ["room", "devices"])
async def test_the_account_is_verified_if_the_emoji_are_the_same(
    element: Path, homeserver: Homeserver, tmp_path: Path, where: str, answer: str
) -> None:
    bot = Bot(homeserver.url, await homeserver.register("tocsin"), tmp_path / "bot")
    person = await homeserver.register("aigerim")
    who = (homeserver.url, person.user_id, person.password, bot.user_id)
    async with bot.running() as matrix, asyncio.timeout(90):
        await bot.follows()
        process = await asyncio.create_subprocess_exec(
            "node", element, *who, where, answer, cwd=element.parent, stdout=PIPE, stderr=PIPE
        )
        out, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()[-2000:]
        if where == "room":
            told = (await bot.gets(Event.COMPARED)).text
        while matrix._sync.verifications._open:  # noqa: ASYNC110 -- no event says so
            await asyncio.sleep(0.05)
    (line,) = [it for it in out.decode().splitlines() if it.startswith("@@")]
    found = json.loads(line.removeprefix("@@"))
    assert len(found["emoji"]) == 7
    if where == "room":
        assert told == " ".join(found["emoji"])
    assert found["account"] is found["device"] is (answer == "agree")
