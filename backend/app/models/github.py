"""What all processes share about GitHub: how much they may ask, and which deliveries were processed."""

from sqlalchemy import CheckConstraint, Index, Integer, SmallInteger, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import CreatedAt, Moment

LONG_AGO = func.to_timestamp(0)


class GithubBudget(Base):
    """One row: the process that asks GitHub takes it until `busy_until`, so that only one request runs at a time.

    `closed_until` is when GitHub may be asked again after a refusal. `points` is the rest of this hour's budget, which
    ends at `resets_at`. They are null if GitHub doesn't count.
    """

    __tablename__ = "github_budget"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    busy_until: Mapped[Moment] = mapped_column(server_default=LONG_AGO)
    closed_until: Mapped[Moment] = mapped_column(server_default=LONG_AGO)
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    points: Mapped[int | None] = mapped_column(Integer)
    points_limit: Mapped[int | None] = mapped_column(Integer)
    resets_at: Mapped[Moment | None]


class GithubDelivery(Base):
    """A webhook delivery that was processed, by GitHub's id for it."""

    __tablename__ = "github_deliveries"
    __table_args__ = (Index("ix_github_deliveries_created_at", "created_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[CreatedAt]
