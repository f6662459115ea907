"""One-time codes: invites and password resets."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import BigId, CreatedAt, Moment, SecretHash, UserId


class Invite(Base):
    """Lets `uses` people create an account until `expires_at`. An invite from the command line has no creator."""

    __tablename__ = "invites"
    __table_args__ = (CheckConstraint("used BETWEEN 0 AND uses", name="used"),)

    id: Mapped[BigId]
    hash: Mapped[SecretHash] = mapped_column(unique=True)
    uses: Mapped[int]
    used: Mapped[int] = mapped_column(server_default="0")
    created_by_id: Mapped[UserId | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]


class ResetCode(Base):
    """Lets a member set a new password once, until `expires_at`. A code from the command line has no creator.

    `used_at` is when the code was used, or ended in another way.
    """

    __tablename__ = "reset_codes"

    id: Mapped[BigId]
    hash: Mapped[SecretHash] = mapped_column(unique=True)
    user_id: Mapped[UserId] = mapped_column(index=True)
    created_by_id: Mapped[UserId | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]
