"""Members of the board."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import BigId, CreatedAt


class Kind(StrEnum):
    """What a member is."""

    PERSON = "person"


class Role(StrEnum):
    """What a member may do."""

    MEMBER = "member"
    ADMIN = "admin"


class User(Base):
    """A member. Accounts are disabled, never deleted, so that statuses keep their author."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_username", func.lower(text("username")), unique=True),
        # The first registration gets the set-up code's account. If two try at once, one violates this index.
        Index("uq_users_founder", "founder", unique=True, postgresql_where=text("founder")),
        CheckConstraint("kind IN ('person')", name="kind"),
        CheckConstraint("role IN ('member', 'admin')", name="role"),
    )

    id: Mapped[BigId]
    username: Mapped[str] = mapped_column(String(50))
    display_name: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20), server_default=Kind.PERSON)
    role: Mapped[str] = mapped_column(String(20), server_default=Role.MEMBER)
    time_zone: Mapped[str] = mapped_column(String(64), server_default="UTC")
    disabled: Mapped[bool] = mapped_column(server_default=text("false"))
    founder: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
