"""The terms of each status, which the board itself finds in its message.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them. The version before writes none, and what it edits has none until the worker finds them anew.

    The indexes are built after the migrations: see `app/migrations/large_indexes.py`.
    """
    op.add_column("statuses", sa.Column("terms", TSVECTOR(), nullable=True))
    op.execute("""
        CREATE FUNCTION forget_terms() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.terms := NULL;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER forget_terms BEFORE UPDATE OF message ON statuses
        FOR EACH ROW WHEN (OLD.message IS DISTINCT FROM NEW.message) EXECUTE FUNCTION forget_terms()
    """)


def downgrade() -> None:
    """Leave it to PostgreSQL's parser again."""
    op.execute("DROP TRIGGER forget_terms ON statuses")
    op.execute("DROP FUNCTION forget_terms")
    op.drop_column("statuses", "terms")
