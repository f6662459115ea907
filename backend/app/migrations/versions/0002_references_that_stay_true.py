"""References that stay up to date: what GitHub said about each, when to ask again, and which blockers are cleared.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _moment(name: str, *, default: str | None = None, nullable: bool = False) -> sa.Column[object]:
    server_default = None if default is None else sa.text(default)
    return sa.Column(name, sa.DateTime(timezone=True), server_default=server_default, nullable=nullable)


def upgrade() -> None:
    """Add columns to references, the one row of the budget, and tables for deliveries and cleared blockers."""
    for column in (
        sa.Column("moved_to", sa.String(length=160), nullable=True),
        sa.Column("ask_at", sa.String(length=160), nullable=True),
        sa.Column("private", sa.Boolean(), nullable=True),
        _moment("changed_at", nullable=True),
        _moment("fetched_at", nullable=True),
        _moment("due_at", default="clock_timestamp()"),
        sa.Column("missing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
    ):
        op.add_column("github_references", column)
    op.create_index("ix_github_references_due_at", "github_references", ["due_at"], unique=False)
    op.create_index(
        "ix_github_references_moved_to",
        "github_references",
        [sa.literal_column("lower(moved_to)")],
        unique=False,
        postgresql_where=sa.text("moved_to IS NOT NULL"),
    )
    op.create_table(
        "github_budget",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _moment("busy_until", default="to_timestamp(0)"),
        _moment("closed_until", default="to_timestamp(0)"),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("points_limit", sa.Integer(), nullable=True),
        _moment("resets_at", nullable=True),
        sa.CheckConstraint("one", name=op.f("ck_github_budget_one_row")),
        sa.PrimaryKeyConstraint("one", name="pk_github_budget"),
    )
    op.create_table(
        "github_deliveries",
        sa.Column("id", sa.String(length=64), nullable=False),
        _moment("created_at", default="clock_timestamp()"),
        sa.PrimaryKeyConstraint("id", name="pk_github_deliveries"),
    )
    op.create_index("ix_github_deliveries_created_at", "github_deliveries", ["created_at"], unique=False)
    op.create_table(
        "cleared_blockers",
        sa.Column("status_id", sa.BigInteger(), nullable=False),
        _moment("cleared_at", default="clock_timestamp()"),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name="fk_cleared_blockers_status_id_statuses", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("status_id", name="pk_cleared_blockers"),
    )
    # `blocker.cleared` contains a status, whose text must go when the status is deleted.
    op.drop_index("ix_feed_events_subject_id", table_name="feed_events")
    op.create_index(
        "ix_feed_events_subject_id",
        "feed_events",
        ["subject_id"],
        unique=False,
        postgresql_where=sa.text("kind LIKE 'status.%' OR kind LIKE 'blocker.%'"),
    )
    op.execute("INSERT INTO github_budget DEFAULT VALUES")


def downgrade() -> None:
    """Drop what GitHub said, except titles and states."""
    op.drop_index("ix_feed_events_subject_id", table_name="feed_events")
    op.create_index(
        "ix_feed_events_subject_id",
        "feed_events",
        ["subject_id"],
        unique=False,
        postgresql_where=sa.text("kind LIKE 'status.%'"),
    )
    for table in ("cleared_blockers", "github_deliveries", "github_budget"):
        op.drop_table(table)
    op.drop_index("ix_github_references_moved_to", table_name="github_references")
    op.drop_index("ix_github_references_due_at", table_name="github_references")
    for name in ("failures", "missing", "due_at", "fetched_at", "changed_at", "private", "ask_at", "moved_to"):
        op.drop_column("github_references", name)
