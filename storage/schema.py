"""Bringing a database to the schema of this program, and refusing one from a newer program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from storage.crashpoints import crashpoint
from storage.database import Database
from storage.duties import TURN


class SchemaError(Exception):
    """The database was written by another version of Tocsin."""


async def upgrade(database: Database) -> None:
    """Create the tables or bring them up to date. Raises `SchemaError` on a newer database."""
    async with database.writer.connect() as connection:
        if database.is_sqlite:
            # Batch migrations copy tables: deferring lets the checks wait for the commit.
            await connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        else:
            await connection.execute(TURN)  # several processes may start at once
        await connection.run_sync(_upgrade)
        crashpoint("migrating")
        await connection.commit()
        crashpoint("migrated")


async def revision(database: Database) -> str | None:
    """The schema revision the database is at; None before the first start."""
    async with database.writer.connect() as connection:
        return await connection.run_sync(_revision)


def newest_revision() -> str:
    """The revision this program writes."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if head is None:
        raise SchemaError("This installation has no migrations. Install Tocsin again.")
    return head


def too_new(current: str | None) -> SchemaError | None:
    """What to say of a database at this revision if this program does not know it."""
    script = ScriptDirectory.from_config(alembic_config())
    known = {revision.revision for revision in script.walk_revisions()}
    if current is None or current in known:
        return None
    return SchemaError(
        f"The database is from a newer version of Tocsin (schema {current}). "
        "Install that version or newer; nothing was changed."
    )


def alembic_config(connection: Connection | None = None) -> Config:
    """Where Alembic finds the migrations, and the connection they run on."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    refusal = too_new(_revision(connection))
    if refusal is not None:
        raise refusal
    command.upgrade(alembic_config(connection), "head")
