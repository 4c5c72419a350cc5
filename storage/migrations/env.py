"""Runs inside `storage.schema.upgrade`, on a connection that is handed over."""

from __future__ import annotations

from alembic import context

from storage.models import Base


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=False,
    )
    context.run_migrations()


run()
