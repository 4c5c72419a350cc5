"""`tocsin check`: everything is looked at, each trouble comes with its remedy."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import text

from bot.accounts import matrix_account
from bot.app import open_storage
from bot.check import check
from bot.config import Config, load_config
from bot.import_campaign import import_file
from storage import schema
from storage.database import Database
from storage.vault import open_vault
from tests.fakes.synapse import Homeserver
from tests.fakes.telegram import BotApi
from tests.people import SAMPLE


@pytest.fixture
def config(tmp_path: Path, database_url: str, telegram_server: BotApi) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [database]
        url = "{database_url}"
        [telegram]
        token = "{telegram_server.token}"
        api_url = "{telegram_server.url}"
        [organisers]
        owners = ["telegram:77"]
        """
    )
    return file


async def _said(file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    status = await check(load_config(file))
    return status, capsys.readouterr().out


async def _revision(file: Path, change: str = "") -> str | None:
    """The schema the database is at, after this statement."""
    config = load_config(file)
    database = Database(config.database.url, open_vault(config.secrets.key_file))
    try:
        if change:
            async with database.writer.begin() as connection:
                await connection.execute(text(change))
        return await schema.revision(database)
    finally:
        await database.close()


async def test_nothing_to_mend(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await import_file(load_config(config), SAMPLE)

    status, said = await _said(config, capsys)

    assert status == 0
    for line in (
        "✓ configuration: talks on telegram",
        "✓ key:",
        "MB free",
        f"✓ database: schema {schema.newest_revision()}",
        "✓ cases:",
        "✓ embassy directory: 9537 missions",
        "✓ telegram: @",
        "✓ clock: agrees with telegram's",
        "Nothing to mend.",
    ):
        assert line in said


async def test_a_refused_token_is_named_without_being_shown(
    config: Path, telegram_server: BotApi, capsys: pytest.CaptureFixture[str]
) -> None:
    old = telegram_server.token
    telegram_server.revoke_token()

    status, said = await _said(config, capsys)

    assert status == 1
    assert "✗ telegram:" in said
    assert "@BotFather" in said
    assert old not in said
    assert "To mend: 1." in said


async def test_a_database_that_does_not_answer_hides_nothing_else(
    config: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = "postgresql://tocsin:CANARY@127.0.0.1:1/tocsin"
    config.write_text(config.read_text().replace(database_url, dead))

    status, said = await _said(config, capsys)

    assert status == 1
    assert "✗ database: Nothing answers at the address in [database] url." in said
    assert said.count("Nothing answers") == 1
    assert "✓ telegram: @" in said
    assert "CANARY" not in said


async def test_a_newer_database_is_refused_and_left_alone(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await _revision(config, "UPDATE alembic_version SET version_num = '9999'")

    status, said = await _said(config, capsys)

    assert status == 1
    assert "✗ database: The database is from a newer version of Tocsin (schema 9999)." in said
    assert await _revision(config) == "9999"


async def test_a_new_installation_is_not_begun_by_looking(
    tmp_path: Path, telegram_server: BotApi, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        f'[telegram]\ntoken = "{telegram_server.token}"\napi_url = "{telegram_server.url}"\n'
    )

    status, said = await _said(file, capsys)

    assert status == 0
    assert "✓ database: new, made at the first start" in said
    assert "! cases: none yet. Bring some in: tocsin import FILE.toml" in said
    assert "! organisers: nobody may alert yet." in said
    assert await _revision(file) is None


async def test_a_key_that_others_can_read_or_that_is_none(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = load_config(config).secrets.key_file
    open_vault(key)
    key.chmod(0o644)
    assert "chmod 600" in (await _said(config, capsys))[1]

    key.chmod(0o600)
    key.write_bytes(b"not a key")
    status, said = await _said(config, capsys)

    assert status == 1
    assert "✗ key:" in said
    assert "✓ telegram: @" in said


@pytest.fixture
async def wrong_clock() -> AsyncIterator[str]:
    """A server whose clock is a day behind ours."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=404, headers={"Date": "Wed, 12 Oct 2016 05:30:00 GMT"})

    app = web.Application()
    app.router.add_get("/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://{}:{}".format(*runner.addresses[0][:2])
    await runner.cleanup()


async def test_a_wrong_clock_is_found(
    config: Path, telegram_server: BotApi, wrong_clock: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text().replace(telegram_server.url, wrong_clock))

    status, said = await _said(config, capsys)

    assert status == 1
    assert "✗ clock: differs from telegram's by" in said
    assert "NTP" in said


async def _runs_once(config: Config) -> None:
    """The account has set itself up."""

    async def receive(_requests: object, _cursor: object) -> None:
        """Nobody writes."""

    async with (
        open_storage(config) as storage,
        matrix_account(config.matrix[0], storage.database) as matrix,
    ):
        listening = asyncio.create_task(matrix.listen(receive, None))
        async with asyncio.timeout(20):
            await matrix._sync.ready.wait()
        listening.cancel()
        await asyncio.wait([listening])


async def test_the_homeserver_is_asked_too(
    tmp_path: Path, homeserver: Homeserver, capsys: pytest.CaptureFixture[str]
) -> None:
    account = await homeserver.register("tocsin")
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [matrix]
        homeserver = "{homeserver.url}"
        user_id = "{account.user_id}"
        password = "{account.password}"
        """
    )

    status, said = await _said(file, capsys)
    assert status == 0
    assert f"✓ matrix: {account.user_id} on {homeserver.url}" in said
    assert "✓ clock: agrees with matrix's" in said
    assert "! matrix identity: none yet, made at the first start" in said

    await _runs_once(load_config(file))
    status, said = await _said(file, capsys)
    assert status == 0
    assert re.search(r"✓ matrix identity: (\S{4} ){10}\S{3}$", said, re.MULTILINE)
    (tmp_path / "data" / "tocsin.db").unlink()  # so the next one is a new device
    assert "does not vouch for this device" in (await _said(file, capsys))[1]

    file.write_text(file.read_text().replace(account.password, "CANARY"))
    (tmp_path / "data" / "tocsin.db").unlink()  # the device made above is forgotten
    status, said = await _said(file, capsys)
    assert status == 1
    assert "✗ matrix:" in said
    assert "CANARY" not in said
