"""GitHub issues, pull requests and discussions, and which statuses speak of them."""

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
from app.models.columns import BigId, CreatedAt


class ReferenceKind(StrEnum):
    """What a reference turned out to be."""

    ISSUE = "issue"
    PULL_REQUEST = "pull_request"
    DISCUSSION = "discussion"
    UNKNOWN = "unknown"


class ReferenceState(StrEnum):
    """How it stands."""

    OPEN = "open"
    DRAFT = "draft"
    CLOSED = "closed"
    NOT_PLANNED = "not_planned"
    MERGED = "merged"


class Reference(Base):
    """One row for all statuses that speak of it, without regard to case."""

    __tablename__ = "github_references"
    __table_args__ = (
        Index(
            "uq_github_references_place",
            func.lower(text("owner")),
            func.lower(text("repo")),
            "number",
            unique=True,
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

    @property
    def key(self) -> tuple[str, str, int]:
        """What the unique index compares: GitHub's names are without regard to case."""
        return self.owner.lower(), self.repo.lower(), self.number


class StatusReference(Base):
    """A status speaks of a reference; `position` is where among the status's references, from 0."""

    __tablename__ = "status_references"
    __table_args__ = (Index("ix_status_references_reference_id", "reference_id", "status_id"),)

    status_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    reference_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("github_references.id", ondelete="RESTRICT"))
