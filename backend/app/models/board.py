"""The board itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Uuid, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class Board(Base):
    """One row: which board this database belongs to."""

    __tablename__ = "board"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    id: Mapped[UUID] = mapped_column(Uuid, server_default=func.gen_random_uuid())
    setup_link_logged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # Only the previous version reads it. `job_reports` replaces it.
    tidied_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
