"""Personal API tokens."""

from sqlalchemy import Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import BigId, CreatedAt, Moment, SecretHash, UserId


class ApiToken(Base):
    """A token that a member gave to an agent, a script or CI."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        Index(
            "ix_api_tokens_user_id",
            "user_id",
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[BigId]
    user_id: Mapped[UserId]
    name: Mapped[str] = mapped_column(String(80))
    hash: Mapped[SecretHash] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(20)))
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[Moment | None]
    expires_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]
