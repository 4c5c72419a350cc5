"""How much a chat is told: letters and addresses, or information only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subscribers", sa.Column("content", sa.Text(), nullable=False, server_default="")
    )
