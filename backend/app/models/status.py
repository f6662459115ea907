"""Statuses, and the keys that make posting one safe to repeat."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import BigId, CreatedAt, Moment, UserId

# `octo/api#12` is found by `octo`, by `api` and by `12`. PostgreSQL's parser would read it as one file name.
SEARCH_DOCUMENT = "to_tsvector('simple'::regconfig, translate(message, '/#._:', '     '))"


class Category(StrEnum):
    """The category of a status."""

    PLANNING = "planning"
    IN_PROGRESS = "in-progress"
    BLOCKED = "blocked"
    DONE = "done"


class Status(Base):
    """One line that a member posted."""

    __tablename__ = "statuses"
    __table_args__ = (
        CheckConstraint(
            "category IN ('planning', 'in-progress', 'blocked', 'done')",
            name="category",
        ),
        Index("ix_statuses_created_at", text("created_at DESC"), text("id DESC")),
        Index(
            "ix_statuses_author_id_created_at",
            "author_id",
            text("created_at DESC"),
            text("id DESC"),
        ),
        Index(
            "ix_statuses_category_created_at",
            "category",
            text("created_at DESC"),
            text("id DESC"),
        ),
        Index("ix_statuses_search", "search", postgresql_using="gin"),
        Index("ix_statuses_terms", "terms", postgresql_using="gin", postgresql_where=text("terms IS NOT NULL")),
        Index("ix_statuses_without_terms", "id", postgresql_where=text("terms IS NULL")),
    )

    id: Mapped[BigId]
    author_id: Mapped[UserId]
    message: Mapped[str] = mapped_column(String(500))
    category: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[Moment | None]
    # What the version before searches in. It goes one version later.
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(SEARCH_DOCUMENT, persisted=True), deferred=True)
    # Whoever writes a message writes its terms after it (services/statuses/terms.py): a trigger takes those of the old
    # one, so that none stay behind where the version before edits. Null until the worker has found them.
    terms: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True)


class IdempotencyKey(Base):
    """A key that an author posted with, and the post's answer, for 24 hours.

    Deleting the status empties the answer, so that a late retry neither repeats the text nor posts it again.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    author_id: Mapped[UserId] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    status_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("statuses.id", ondelete="SET NULL"), index=True
    )
    answer: Mapped[str | None]
    created_at: Mapped[CreatedAt]
