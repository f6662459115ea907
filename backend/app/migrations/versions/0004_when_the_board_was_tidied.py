"""The board stores when old data was last deleted.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Start with the current time."""
    op.add_column(
        "board", sa.Column("tidied_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("board", "tidied_at")
