"""GitHub issues, pull requests and discussions, and which statuses mention them."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import BigId, CreatedAt, Moment
from app.places import Place


class ReferenceKind(StrEnum):
    """What a reference is."""

    ISSUE = "issue"
    PULL_REQUEST = "pull_request"
    DISCUSSION = "discussion"
    UNKNOWN = "unknown"


class ReferenceState(StrEnum):
    """The state of a reference."""

    OPEN = "open"
    DRAFT = "draft"
    CLOSED = "closed"
    NOT_PLANNED = "not_planned"
    MERGED = "merged"
    # States of a reference that can't be read: moved to a place that may not be shown, missing or hidden from the
    # board's token, deleted.
    MOVED = "moved"
    NO_ACCESS = "no_access"
    GONE = "gone"


# There is nothing left to wait for.
OVER = frozenset({ReferenceState.CLOSED, ReferenceState.NOT_PLANNED, ReferenceState.MERGED})


class Reference(Base):
    """One row for all statuses that mention it, in any case."""

    __tablename__ = "github_references"
    __table_args__ = (
        Index(
            "uq_github_references_place",
            func.lower(text("owner")),
            func.lower(text("repo")),
            "number",
            unique=True,
        ),
        Index("ix_github_references_due_at", "due_at"),
        Index(
            "ix_github_references_moved_to",
            func.lower(text("moved_to")),
            postgresql_where=text("moved_to IS NOT NULL"),
        ),
    )

    id: Mapped[BigId]
    owner: Mapped[str] = mapped_column(String(50))
    repo: Mapped[str] = mapped_column(String(100))
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20), server_default=ReferenceKind.UNKNOWN)
    title: Mapped[str | None] = mapped_column(String(300))
    state: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[CreatedAt]
    # Its current place (`owner/repo#12`), if that is another one and may be shown.
    moved_to: Mapped[str | None] = mapped_column(String(160))
    # Where to ask for it next: `moved_to`, or a place that nobody may see.
    ask_at: Mapped[str | None] = mapped_column(String(160))
    private: Mapped[bool | None]
    # When it last changed, by GitHub's clock. Older answers than this are dropped.
    changed_at: Mapped[Moment | None]
    fetched_at: Mapped[Moment | None]
    # When it should be fetched next. A worker moves this forward before it asks, so that no other worker asks too.
    due_at: Mapped[Moment] = mapped_column(server_default=func.clock_timestamp())
    # GitHub knows the repository but not the number. Only its REST API can tell where it went.
    missing: Mapped[bool] = mapped_column(server_default=text("false"))
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")

    @property
    def place(self) -> Place:
        """The place that messages mention."""
        return Place(self.owner, self.repo, self.number)


class StatusReference(Base):
    """A status mentions a reference. `position` is the reference's place in the status, from 0."""

    __tablename__ = "status_references"
    __table_args__ = (Index("ix_status_references_reference_id", "reference_id", "status_id"),)

    status_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    reference_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("github_references.id", ondelete="RESTRICT"))


class ClearedBlocker(Base):
    """A blocker whose references were once all closed. The primary key makes sure that this is announced once."""

    __tablename__ = "cleared_blockers"

    status_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True)
    cleared_at: Mapped[CreatedAt]
