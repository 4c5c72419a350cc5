"""Migrations and models say the same, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Connection

from storage import schema
from storage.database import Database
from storage.models import Base
from storage.schema import SchemaError
from storage.vault import Vault
from tests.conftest import KEY


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    async with database.writer.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_upgrading_again_changes_nothing(database: Database) -> None:
    await schema.upgrade(database)

    assert await schema.revision(database) == schema.newest_revision()


async def test_a_database_from_a_newer_version_is_left_alone(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaError, match="newer version"):
        await schema.upgrade(database)

    assert await schema.revision(database) == "9999"


async def test_sqlite_keeps_foreign_keys_and_durable_commits(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", Vault(KEY))
    async with database.write() as session:
        found = {
            name: (await session.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous", "secure_delete")
        }
    await database.close()

    assert found == {
        "foreign_keys": 1,
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
    }


async def test_readers_cannot_write(database: Database) -> None:
    if not database.is_sqlite:
        return  # PostgreSQL's readers share the pool: the rule is kept by review there
    async with database.read() as session:
        with pytest.raises(Exception, match="readonly"):
            await session.execute(text("DELETE FROM cases"))
