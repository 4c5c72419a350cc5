"""Alerts have a page at an address that cannot be guessed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index rather than a constraint: SQLite would copy the table, and drop what hangs on it."""
    op.add_column("alerts", sa.Column("page", sa.Text(), nullable=True))
    op.create_index("ix_alerts_page", "alerts", ["page"], unique=True)
