"""Sessions, and the chain of refresh tokens that keeps each alive."""

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import BigId, CreatedAt, Moment, SecretHash, UserId


class Session(Base):
    """One login on one device, alive until `expires_at` unless it ended earlier."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user_id", "user_id", postgresql_where=text("ended_at IS NULL")),)

    id: Mapped[BigId]
    user_id: Mapped[UserId]
    user_agent: Mapped[str] = mapped_column(String(200), server_default="")
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[CreatedAt]
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]


class RefreshToken(Base):
    """A refresh token, by its hash. It can be used once. Its row stays, so that a second use is noticed."""

    __tablename__ = "refresh_tokens"

    hash: Mapped[SecretHash] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]
