from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bot.keep import DatabaseKeep
from bot.platforms.base import Unusable
from bot.platforms.matrix import cross_signing
from bot.platforms.matrix.http import Http
from bot.platforms.matrix.signatures import base64, canonical, unpadded
from handlers.message import (
    Event,
)
from storage.database import Database
from tests.fakes.matrix_bot import Bot, message
from tests.fakes.proxy import Fault, FaultyProxy
from tests.fakes.synapse import Homeserver, MatrixPerson

ROLES = ("master", "self_signing", "user_signing")


@pytest.fixture
async def bot(homeserver: Homeserver, tmp_path: Path) -> Bot:
    return Bot(homeserver.url, await homeserver.register("tocsin"), tmp_path / "bot")


async def test_the_account_vouches_for_its_device(
    homeserver: Homeserver, bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        await matrix._sync.ready.wait()
        device = matrix._device.device_id

    async with bot.running() as matrix:  # and does not make new keys the next time
        await matrix._sync.ready.wait()
        assert matrix._vouched
        seen_by_itself = await cross_signing.published(matrix._http(), matrix._device)

    http = Http(homeserver.url, aigerim.client.access_token)
    seen = await http.call("POST", "/keys/query", {"device_keys": {bot.user_id: []}})
    master, own = seen["master_keys"][bot.user_id], seen["self_signing_keys"][bot.user_id]
    published = seen["device_keys"][bot.user_id][device]
    check_signature(own, bot.user_id, only_key(master))
    check_signature(published, bot.user_id, only_key(own))
    assert seen_by_itself.master is not None
    assert f"ed25519:{device}" in seen_by_itself.master["signatures"][bot.user_id]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("/keys/device_signing/upload", "cut before"),
        ("/keys/device_signing/upload", "cut after"),
        ("/keys/signatures/upload", "cut before"),
        ("/keys/signatures/upload", "cut after"),
    ],
)
async def test_what_was_left_half_done_is_completed(
    homeserver: Homeserver, bot: Bot, step: str, fault: Fault
) -> None:
    async with FaultyProxy(homeserver.url) as proxy:
        bot.url = proxy.url
        broken = proxy.fail(step, fault, times=1)
        async with bot.running() as matrix:
            await matrix._sync.ready.wait()
            assert broken.hits
            assert not matrix._vouched
            seeds = bot.keep.values["cross_signing"]
        async with bot.running() as matrix:
            await matrix._sync.ready.wait()
            assert matrix._vouched
            assert (await matrix.identity()).vouched(bot.user_id)
        assert bot.keep.values["cross_signing"] == seeds
        proxy.paths.clear()
        async with bot.running() as matrix:  # and then nothing is uploaded again
            await matrix._sync.ready.wait()
        assert not [path for path in proxy.paths if "signing" in path or "signatures" in path]


async def test_keys_that_are_missing_beside_the_identity_are_added(bot: Bot) -> None:
    """A homeserver that took only the first of the three: the first again would be refused."""
    token = await _token(bot)
    seeds = {role: base64(bytes([number] * 32)) for number, role in enumerate(ROLES)}
    bot.keep.values["cross_signing"] = json.dumps(seeds)
    public = cross_signing.Key(unpadded(seeds["master"])).public
    body = {"user_id": bot.user_id, "usage": ["master"], "keys": {f"ed25519:{public}": public}}
    keys = Http(bot.url, token)
    await keys.call("POST", "/keys/device_signing/upload", {"master_key": body})

    async with bot.running() as matrix:
        await matrix._sync.ready.wait()
        assert matrix._vouched
        own = await matrix.identity()
    assert own.fingerprint.replace(" ", "") == public
    assert set(own.keys) == set(ROLES)


def _asks(*stages: str) -> tuple[int, dict[str, object]]:
    return 401, {"session": "s", "flows": [{"stages": [stage]} for stage in stages], "params": {}}


async def test_the_password_is_given_where_the_homeserver_asks_for_it(
    homeserver: Homeserver, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    token = await _token(bot)
    async with FaultyProxy(homeserver.url) as proxy:
        bot.url = proxy.url
        for asked, password, said in (
            (_asks("org.matrix.cross_signing_reset"), "", "Log in there as the bot, allow it"),
            (_asks("m.login.sso", "m.login.password"), "", "set password_file"),
            (_asks("m.login.sso", "m.login.password"), bot.account.password, ""),
        ):
            caplog.clear()
            refusal = proxy.fail("/keys/device_signing/upload", asked)
            async with bot.running(access_token=token, password=password) as matrix:
                await matrix._sync.ready.wait()
                assert refusal.hits == 1
                assert matrix._vouched == (said == "")
            assert said in caplog.text
            assert bot.account.password not in caplog.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_seeds_of_the_identity_are_sealed_and_never_logged(
    bot: Bot, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bot.keep = DatabaseKeep(database, "matrix")  # type: ignore[assignment]
    with caplog.at_level(logging.DEBUG):
        async with bot.running() as matrix:
            await matrix._sync.ready.wait()
            assert matrix._vouched
    seeds = json.loads(await bot.keep.load("cross_signing") or "")

    assert set(seeds) == set(ROLES)
    on_disk = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for seed in (*seeds.values(), await bot.keep.load("pickle_key")):
        assert seed.encode() not in on_disk
        assert unpadded(seed.replace("-", "+").replace("_", "/")) not in on_disk
        assert seed not in caplog.text


def only_key(signing_key: dict[str, Any]) -> str:
    (public,) = signing_key["keys"].values()
    return str(public)


def check_signature(thing: dict[str, Any], user_id: str, public: str) -> None:
    signature = thing["signatures"][user_id][f"ed25519:{public}"]
    key = Ed25519PublicKey.from_public_bytes(b64decode(public + "="))
    key.verify(b64decode(signature + "=="), canonical(thing))


async def test_a_refused_token_stops_loudly_and_a_password_brings_the_same_device_back(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await bot.gets(Event.ADDED)
        device = matrix._device
        await matrix.send(room, message("before"), key="1")
    async with bot.platform() as matrix:
        listening = asyncio.create_task(matrix.listen(bot.receive, bot.cursor))
        await matrix._sync.ready.wait()
        await Http(bot.url, device.access_token).call("POST", "/logout", {})
        with pytest.raises(Unusable) as stopped:
            await listening
        with pytest.raises(Unusable):
            await matrix.send(room, message("lost"), key="2")
    assert device.access_token not in str(stopped.value)
    assert "password_file" in stopped.value.remedy

    with pytest.raises(Unusable):
        await bot.platform(password="").describe()
    async with bot.running() as matrix:
        assert matrix._device.device_id == device.device_id
        await matrix.send(room, message("after"), key="3")
        assert (await aigerim.hears(room, "after")).encrypted
        await aigerim.writes(room, "do you read me?")
        await bot.gets("do you read me?")


SSO = {"flows": [{"type": "m.login.sso"}, {"type": "m.login.token"}]}
UNRECOGNIZED = {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}
FORBIDDEN = {"errcode": "M_FORBIDDEN", "error": "Password login has been disabled."}


@pytest.mark.parametrize(
    ("said", "flows"),
    [((403, FORBIDDEN), (200, SSO)), ((404, UNRECOGNIZED), (404, UNRECOGNIZED))],
    ids=["a login page only", "no login at all"],
)
async def test_a_homeserver_without_passwords_is_named_with_the_way_in(
    homeserver: Homeserver,
    bot: Bot,
    said: tuple[int, dict[str, object]],
    flows: tuple[int, dict[str, object]],
) -> None:
    async with FaultyProxy(homeserver.url) as proxy:
        bot.url = proxy.url
        proxy.fail("/login", said)
        proxy.fail("/login", flows)
        with pytest.raises(Unusable, match="takes no passwords") as stopped:
            await bot.platform().describe()
        assert "access_token_file" in stopped.value.remedy
        proxy.fail("/login", (502, "<html>Bad Gateway</html>"), times=2)
        with pytest.raises(Unusable, match="Check homeserver"):  # that was nobody's word
            await bot.platform().describe()


async def test_an_access_token_reads_and_writes_encrypted_chats(
    bot: Bot, aigerim: MatrixPerson
) -> None:
    token = await _token(bot)
    async with bot.running(password="", access_token=token) as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await aigerim.writes(room, "sealed")
        await bot.gets("sealed")
        await matrix.send(room, message("read"), key="1")
        assert (await aigerim.hears(room, "read")).encrypted
        assert matrix._device.access_token == token


async def test_the_token_of_a_device_in_use_is_refused_and_another_one_is_taken(
    homeserver: Homeserver, bot: Bot, tmp_path: Path
) -> None:
    async with MatrixPerson(homeserver, bot.account, tmp_path / "element") as element:
        used = element.client.access_token
        with pytest.raises(Unusable, match="another program") as stopped:
            async with bot.platform(password="", access_token=used):
                pass
        assert "access_token_file" in stopped.value.remedy
        token = await _token(bot)
        async with bot.running(password="", access_token=token) as matrix:
            await bot.follows()
            assert matrix._device.device_id != element.client.device_id


async def _token(bot: Bot) -> str:
    """A new device's, as the homeserver's administrator would give it."""
    login = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": bot.user_id},
        "password": bot.account.password,
    }
    return str((await Http(bot.url).call("POST", "/login", login))["access_token"])


async def test_an_access_token_alone_is_enough(homeserver: Homeserver, bot: Bot) -> None:
    login = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": bot.user_id},
        "password": bot.account.password,
    }
    answer = await Http(homeserver.url).call("POST", "/login", login)
    token = answer["access_token"]
    described = await bot.platform(password="", access_token=token).describe()
    assert described == f"{bot.user_id} on {bot.url}, device {answer['device_id']}"
    async with bot.running(password="", access_token=token):
        await bot.follows()


async def test_what_cannot_work_says_what_to_do(
    homeserver: Homeserver, bot: Bot, aigerim: MatrixPerson
) -> None:
    with pytest.raises(Unusable, match="Check user_id and password_file"):
        await bot.platform(password="wrong").describe()
    with pytest.raises(Unusable, match="Set password_file"):
        await bot.platform(password="", access_token="wrong").describe()
    with pytest.raises(Unusable, match="another account"):
        await bot.platform(access_token=aigerim.client.access_token).describe()
    bot.url = "http://127.0.0.1:9"
    with pytest.raises(Unusable, match="Check homeserver"):
        await bot.platform().describe()
    with pytest.raises(Unusable, match="Check homeserver"):
        async with bot.platform():
            pass


async def test_a_lost_store_is_noticed(bot: Bot) -> None:
    async with bot.running() as matrix:
        await matrix._sync.ready.wait()
        device = matrix._device
    for file in bot.store.iterdir():
        file.unlink()
    with pytest.raises(Unusable, match="encryption keys"):
        async with bot.platform(password="", access_token=device.access_token):
            pass
    for file in bot.store.iterdir():
        file.unlink()
    async with bot.running() as matrix:  # with the password: a new device
        await matrix._sync.ready.wait()
        assert matrix._device.device_id != device.device_id


async def test_secrets_stay_secret(
    bot: Bot, aigerim: MatrixPerson, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with bot.running() as matrix:
        await bot.follows()
        room = await aigerim.talks_to(bot.user_id)
        await aigerim.writes(room, "canary-9341")
        await bot.gets("canary-9341")
        await matrix.send(room, message("canary-9342"), key="1")
        shown = f"{matrix!r} {matrix.__dict__!r}"
        token = matrix._device.access_token
    for secret in (token, bot.account.password, bot.keep.values["pickle_key"]):
        assert secret not in shown + caplog.text
    for private in ("canary", room, aigerim.user_id):
        assert private not in caplog.text
    assert bot.store.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in bot.store.iterdir())
