"""Write the migration that brings a database from the last revision to the models.

    .venv/bin/python -m storage.new_revision 0002 "acts"

Read what it wrote, then let the tests compare both databases with the models.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile

from alembic import command
from sqlalchemy.engine import Connection

from storage.database import Database
from storage.schema import alembic_config, upgrade
from storage.vault import Vault


async def write(revision: str, title: str) -> None:
    """Compare the models with a fresh database at the last revision, and write the difference."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db", Vault(bytes(32)))

        def compare(connection: Connection) -> None:
            config = alembic_config(connection)
            command.revision(config, title, autogenerate=True, rev_id=revision)

        await upgrade(database)
        async with database.writer.connect() as connection:
            await connection.run_sync(compare)
        await database.close()


if __name__ == "__main__":
    asyncio.run(write(*sys.argv[1:3]))
