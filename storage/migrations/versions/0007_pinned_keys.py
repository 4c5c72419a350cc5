"""Organisers' keys: with which one their commands must be proved, and what was heard of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("organisers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pinned", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("heard", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("doubted_at", sa.BigInteger(), nullable=True))
