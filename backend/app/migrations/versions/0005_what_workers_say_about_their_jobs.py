"""Workers report the state of their jobs.

`board.tidied_at` is no longer written, but stays for the previous version.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table with one row for each job."""
    op.create_table(
        "job_reports",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True)),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.String(200)),
        sa.PrimaryKeyConstraint("name", name="pk_job_reports"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("job_reports")
