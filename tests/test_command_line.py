"""The `tocsin` command: quick to help, and a sentence with a remedy instead of a traceback."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.cli_errors import explain
from storage.database import Database
from storage.models import Keepsake
from tests.people import SAMPLE

TOCSIN = Path(sys.executable).with_name("tocsin")
HEAVY = ("aiohttp", "alembic", "babel", "fluent", "nio", "pydantic", "sqlalchemy", "telegram")


async def _run(folder: Path, *words: str | Path) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        TOCSIN, *words, stdout=PIPE, stderr=STDOUT, cwd=folder
    )
    said = (await process.communicate())[0].decode()
    assert "Traceback" not in said
    return process.returncode, said


async def test_help_loads_nothing_heavy_and_names_every_command(tmp_path: Path) -> None:
    code = f"import sys, bot.cli; print([it for it in {HEAVY} if it in sys.modules])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE)
    assert (await process.communicate())[0].decode().strip() == "[]"

    status, said = await _run(tmp_path, "--help")

    assert status == 0
    for command in ("run", "demo", "check", "import", "export", "backup", "organiser"):
        assert f"\n  {command} " in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--config", "none.toml"), "Copy config.example.toml there."),
        (("import", "none.toml"), "none.toml"),
        (("import", "broken.toml"), "broken.toml:2:"),
        (("organiser", "add", "anna"), 'Begin with "telegram:"'),
        (("organiser", "add", "telegram:@anna"), "not a user name"),
        (("organiser", "add", "telegram:77", "--role", "king"), "Write organiser or owner."),
        (("backup", "there.db"), "Name a file that does not exist yet."),
        (("backup", "nowhere/copy.db"), "Create it first."),
        (("check", "--config", "owners.toml"), "Name a person's own numeric id."),
    ],
)
async def test_a_mistake_is_a_sentence_and_a_remedy(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "there.db").write_text("")
    (tmp_path / "broken.toml").write_text('id = "x"\nname = \n')
    (tmp_path / "owners.toml").write_text('[organisers]\nowners = ["telegram:1087968824"]')

    status, answer = await _run(tmp_path, *words)

    assert status == 1
    assert said in answer
    assert len(answer.strip().splitlines()) <= 2


FAULTY = """\
id = "x"
country = "KAZ"
timezone = "Asia/Almat"
drill = "yes"
[[targets]]
id = "t"
office = "Office"
contacts = [{ kind = "phone", printed = "++7 call me" }]
[[targets]]
id = "t"
office = "Office"
[[cases]]
id = "c"
title = "C"
targets = ["tt"]
deadline = "2016-13-01"
[[cases.hearings]]
local = "2027-03-28T01:30"
timezone = "Europe/London"
court = "X"
"""


async def test_every_mistake_of_a_campaign_file_is_on_its_line_and_nothing_is_kept(
    tmp_path: Path,
) -> None:
    (tmp_path / "bad.toml").write_text(FAULTY)

    status, said = await _run(tmp_path, "import", "bad.toml")

    assert status == 1
    for line, words in (
        (1, "“title” is missing. Add a line"),
        (2, "“KAZ” is not a country code"),
        (3, "Did you mean Asia/Almaty?"),
        (4, "“drill” must be true or false"),
        (8, "is not a number that can be dialled"),
        (10, "the first is on line 6"),
        (12, "“summary” is missing"),
        (15, "There is no target “tt” in this file. Did you mean “t”?"),
        (16, "“2016-13-01” is not a date"),
        (18, "that hour does not exist"),
    ):
        assert [it for it in said.splitlines() if it.startswith(f"  bad.toml:{line}: ")], words
        assert words in said
    assert '"campaigns": []' in (await _run(tmp_path, "export"))[1]


async def test_a_campaign_goes_in_and_comes_out_and_is_backed_up(tmp_path: Path) -> None:
    assert (await _run(tmp_path, "import", SAMPLE))[0] == 0
    assert (
        "is an owner now"
        in (
            await _run(tmp_path, "organiser", "add", "matrix:@dana:example.org", "--role", "owner")
        )[1]
    )
    status, said = await _run(tmp_path, "backup", "copy.db")
    assert status == 0
    assert "Keep the key file" in said
    assert (tmp_path / "copy.db").read_bytes().startswith(b"SQLite format 3")

    status, exported = await _run(tmp_path, "export")

    assert status == 0
    (campaign,) = json.loads(exported)["campaigns"]
    assert "bokayev-ayan" in [case["id"] for case in campaign["cases"]]
    assert "dana" not in exported
    assert b"dana" not in (tmp_path / "copy.db").read_bytes()


async def test_a_key_is_set_on_the_server_and_put_right(tmp_path: Path) -> None:
    async def trust(*more: str) -> str:
        return (await _run(tmp_path, "organiser", "trust", "matrix:@dana:example.org", *more))[1]

    assert "matrix:@dana:example.org: is no organiser" in await trust()
    await _run(tmp_path, "organiser", "add", "matrix:@dana:example.org")
    assert "is no key. Copy all 43 signs" in await trust("--key", "abcd efgh")
    key = "QR3n i3hR gkVg 2ITf rkHz Zwsg GU4P E6qA uDka xJfV xIk"
    assert "QR3ni3hRgkVg2ITfrkHzZwsgGU4PE6qAuDkaxJfVxIk" in await trust("--key", key)
    assert "says which key they are known by" in await trust()


async def store_more_than_the_disk_holds(database: Database) -> None:
    async with database.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("PRAGMA max_page_count=1")  # the disk ends here
        session.add(Keepsake(owner="test", name="large", value=b"x" * 10_000_000))


async def test_a_full_disk_is_a_sentence(database: Database) -> None:
    if not database.is_sqlite:
        return  # PostgreSQL's disk is another program's
    with pytest.raises(OperationalError) as error:
        await store_more_than_the_disk_holds(database)

    (said,) = explain(error.value) or []
    assert said.startswith("The disk is full. Nothing that was accepted is lost. Free some space")


def test_a_fault_of_ours_is_not_explained_away() -> None:
    assert explain(ZeroDivisionError()) is None
    assert explain(ExceptionGroup("", [ZeroDivisionError()])) is None
    assert explain(ExceptionGroup("", [OSError(28, "No space left on device")])) is not None
