"""The log of everything that readers see change."""

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import CreatedAt


class FeedHead(Base):
    """One row: the newest position. Its row lock puts writers in the order of their commits."""

    __tablename__ = "feed_head"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    seq: Mapped[int] = mapped_column(BigInteger)
    mark: Mapped[str] = mapped_column(String(8))


class FeedEvent(Base):
    """One event. Its seq and its random mark are its position. seq 0 is the log's beginning, before any event.

    The payload is JSON as text. It is written once, and sent unchanged to everyone.
    """

    __tablename__ = "feed_events"
    __table_args__ = (
        Index(
            "ix_feed_events_subject_id",
            "subject_id",
            postgresql_where=text("kind LIKE 'status.%' OR kind LIKE 'blocker.%'"),
        ),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    mark: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
