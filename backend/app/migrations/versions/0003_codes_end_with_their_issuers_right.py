"""Invites and reset codes end when their issuer stops being an admin.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Store who issues a reset code, and end the invites of everyone who is no longer an admin."""
    op.add_column("reset_codes", sa.Column("created_by_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_reset_codes_created_by_id_users", "reset_codes", "users", ["created_by_id"], ["id"], ondelete="RESTRICT"
    )
    op.execute("""
        UPDATE invites SET revoked_at = clock_timestamp()
        FROM users WHERE users.id = created_by_id AND revoked_at IS NULL AND (disabled OR role <> 'admin')
    """)


def downgrade() -> None:
    """Drop who issued reset codes."""
    op.drop_column("reset_codes", "created_by_id")
