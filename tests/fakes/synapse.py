"""A real homeserver (Synapse) for tests, and fixtures for people who write on it.

One Synapse is started per test worker, on SQLite and a free loopback port, the first time a test
asks for the `homeserver` fixture. It can be stopped, killed and started again on the same data.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.error import URLError

import aiohttp
import pytest

from tests.fakes.matrix_person import Account, MatrixPerson

__all__ = ["Account", "Homeserver", "MatrixPerson"]

SERVER_NAME = "tocsin.test"
START_SECONDS = 60.0


class Homeserver:
    """One Synapse process over one directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.secret = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._write_config()

    def start(self) -> None:
        """Start and return when it answers."""
        log = (self.directory / "stdout.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "synapse.app.homeserver", "-c", self._config_path],
                cwd=self.directory,
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it the hard way, as a power cut would."""
        self._end(signal.SIGKILL)

    async def register(self, localpart: str, *, admin: bool = False) -> Account:
        """A new user; the name gets a random ending, so that tests never meet."""
        name = f"{localpart}-{secrets.token_hex(4)}"
        password = secrets.token_hex(8)
        url = f"{self.url}/_synapse/admin/v1/register"
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as answer:
                nonce = (await answer.json())["nonce"]
            body = {"nonce": nonce, "username": name, "password": password, "admin": admin}
            body["mac"] = self._registration_mac(nonce, name, password, admin=admin)
            async with session.post(url, json=body) as answer:
                assert answer.status == 200, await answer.text()
                return Account((await answer.json())["user_id"], password)

    def _registration_mac(self, nonce: str, name: str, password: str, *, admin: bool) -> str:
        words = (nonce, name, password, "admin" if admin else "notadmin")
        return hmac.new(self.secret.encode(), "\0".join(words).encode(), hashlib.sha1).hexdigest()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def _config_path(self) -> str:
        return str(self.directory / "homeserver.yaml")

    def _write_config(self) -> None:
        config = _config(self.directory, self.port, self.secret)
        Path(self._config_path).write_text(json.dumps(config))
        (self.directory / "log.yaml").write_text(json.dumps(_logging(self.directory)))

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=5):  # noqa: S310 -- our own loopback server
                    return
            except (URLError, OSError):
                time.sleep(0.1)
            if self._process is None or self._process.poll() is not None:
                break
        log = (self.directory / "stdout.log").read_text(errors="replace")
        self.kill()
        raise RuntimeError(f"Synapse did not start:\n{log[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_NO_LIMIT = {"per_second": 100_000, "burst_count": 100_000}


def _config(directory: Path, port: int, secret: str) -> dict[str, object]:
    """JSON is YAML, so this dictionary is Synapse's whole configuration file."""
    seed = b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return {
        "server_name": SERVER_NAME,
        "public_baseurl": f"http://127.0.0.1:{port}/",
        "listeners": [
            {
                "port": port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "tls": False,
                "resources": [{"names": ["client"]}],
            }
        ],
        "database": {"name": "sqlite3", "args": {"database": str(directory / "synapse.db")}},
        "log_config": str(directory / "log.yaml"),
        "pid_file": str(directory / "synapse.pid"),
        "media_store_path": str(directory / "media"),
        "signing_key": f"ed25519 a_test {seed}",
        "registration_shared_secret": secret,
        "report_stats": False,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "bcrypt_rounds": 4,  # the smallest allowed: these passwords protect nothing
        "caches": {"sync_response_cache_duration": "0s"},  # a second first sync is a real one
        "presence": {"enabled": False},
        "enable_room_list_search": False,
        **_limits(),
    }


def _limits() -> dict[str, object]:
    return {
        "rc_message": _NO_LIMIT,
        "rc_registration": _NO_LIMIT,
        "rc_login": {"address": _NO_LIMIT, "account": _NO_LIMIT, "failed_attempts": _NO_LIMIT},
        "rc_admin_redaction": _NO_LIMIT,
        "rc_joins": {"local": _NO_LIMIT, "remote": _NO_LIMIT},
        "rc_joins_per_room": _NO_LIMIT,
        "rc_invites": {"per_room": _NO_LIMIT, "per_user": _NO_LIMIT, "per_issuer": _NO_LIMIT},
        "rc_room_creation": _NO_LIMIT,
        "rc_key_requests": _NO_LIMIT,
        "rc_media_create": _NO_LIMIT,
    }


def _logging(directory: Path) -> dict[str, object]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "file": {"class": "logging.FileHandler", "filename": str(directory / "synapse.log")}
        },
        "root": {"level": "WARNING", "handlers": ["file"]},
    }


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """A running Synapse, shared by the tests of this worker."""
    server = Homeserver(tmp_path_factory.mktemp("synapse"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def aigerim(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[MatrixPerson]:
    """A person with a new account."""
    account = await homeserver.register("aigerim")
    async with MatrixPerson(homeserver, account, tmp_path / "aigerim") as person:
        yield person


@pytest.fixture
async def bob(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[MatrixPerson]:
    """Another person with a new account."""
    account = await homeserver.register("bob")
    async with MatrixPerson(homeserver, account, tmp_path / "bob") as person:
        yield person
