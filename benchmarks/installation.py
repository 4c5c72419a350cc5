"""A Tocsin with as many subscribers as wanted, made quickly and without a chat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ledger import FIRST_SUBSCRIBER
from benchmarks.service import ROOT, TOKEN
from bot.app import open_storage
from bot.config import load_config
from bot.import_campaign import import_file
from storage.vault import Vault, open_vault

OWNER = 77
HEADLINE = "Trial opens tomorrow in Atyrau"
TEXT = "The hearing was announced only now. Letters that arrive before it starts count most."
CASE = "bokayev-ayan"
SAMPLE = ROOT / "examples" / "kazakhstan.toml"

# Who reads, in turn: language, country, zone, quiet hours. Own embassies, one that answers for a
# neighbour, countries without one and people who never said mix, as they do in life.
READERS = (
    ("en", "GB", "Europe/London", None, None),
    ("en", "US", "America/New_York", None, None),
    ("ru", "DE", "Europe/Berlin", None, None),
    ("en", "IE", "Europe/Dublin", 1320, 420),
    ("ru", "BE", "Europe/Brussels", None, None),
    ("en", "GB", "", None, None),
    ("en", "KE", "Africa/Nairobi", None, None),
    ("ru", "KZ", "Asia/Almaty", 1380, 480),
    ("en", "AT", "Europe/Vienna", None, None),
    ("en", "", "", None, None),
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One folder with a configuration, a key and a database."""

    folder: Path

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "config.toml"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "data" / "tocsin.db"

    @property
    def vault(self) -> Vault:
        """What addresses are sealed with."""
        return open_vault(self.folder / "data" / "tocsin.key")


async def install(folder: Path, api_url: str, people: int) -> Installation:
    """A folder with the sample campaign and so many subscribers who follow everything."""
    made = Installation(folder)
    made.config.write_text(
        f'[telegram]\ntoken = "{TOKEN}"\napi_url = "{api_url}"\n'
        "[alerts]\ncooldown_seconds = 0\n"
        f'[organisers]\nowners = ["telegram:{OWNER}"]\n'
        '[web]\nlisten = "127.0.0.1:0"\n'
    )
    config = load_config(made.config)
    async with open_storage(config):
        pass  # makes the key and the tables
    await import_file(config, SAMPLE)
    with closing(sqlite3.connect(made.database)) as database, database:
        _subscribe(database, made.vault, people)
    return made


def _subscribe(database: sqlite3.Connection, vault: Vault, people: int) -> None:
    """Subscribers straight into the tables: the chat would take a minute for a thousand."""
    database.executemany(
        "INSERT INTO subscribers (id, platform, address, address_index, kind, state, language,"
        " country, timezone, quiet_from, quiet_to, urgent_only, since_week)"
        " VALUES (?, 'telegram', ?, ?, 'private', 'active', ?, ?, ?, ?, ?, 0, 1789948800)",
        _rows(vault, people),
    )
    database.execute(
        "INSERT INTO follows (subscriber_id, kind, value)"
        " SELECT id, 'all', '' FROM subscribers WHERE state = 'active'"
    )


def _rows(vault: Vault, people: int) -> Iterator[tuple[object, ...]]:
    for number in range(people):
        address = str(FIRST_SUBSCRIBER + number)
        sealed = vault.seal(address, "subscribers.address")
        index = vault.index("telegram", address)
        yield number + 1, sealed, index, *READERS[number % len(READERS)]
