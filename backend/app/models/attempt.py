"""Attempts at logging in and at one-time codes."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import BigId, CreatedAt


class Attempt(Base):
    """One attempt that failed or is still running. A success removes its row."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_address_created_at", "address", "created_at"),
        Index("ix_attempts_created_at", "created_at"),
    )

    id: Mapped[BigId]
    address: Mapped[str] = mapped_column(String(64))
    name: Mapped[str | None] = mapped_column(String(50))
    created_at: Mapped[CreatedAt]
