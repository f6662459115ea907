"""The admin's right, and what ends with it: everything that was issued with it."""

from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.errors import AdminsOnly
from app.models import Invite, ResetCode, User
from app.models.user import Role

IS_ADMIN: Final = and_(User.role == Role.ADMIN, ~User.disabled)


def is_admin(user: User) -> bool:
    """Tell whether this member is an active admin."""
    return user.role == Role.ADMIN and not user.disabled


async def hold(db: AsyncSession, admin: User) -> None:
    """Keep an admin from losing the right before this transaction ends, so that what it issues ends with the right.

    Raises:
        AdminsOnly: the right has already ended.
    """
    if await db.scalar(select(User.id).where(User.id == admin.id, IS_ADMIN).with_for_update(read=True)) is None:
        raise AdminsOnly


def issued_by_right(issuer_id: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    """Return the condition that the issuer is still an admin, or was the command line.

    `end_issued` ends things for good. This condition covers rights that end in another way, such as by SQL.
    """
    issuer = aliased(User)
    stands = select(issuer.id).where(issuer.id == issuer_id, issuer.role == Role.ADMIN, ~issuer.disabled)
    return or_(issuer_id.is_(None), exists(stands))


async def end_issued(db: AsyncSession, user_id: int) -> None:
    """End the invites and reset codes that a member issued, for good."""
    now = func.clock_timestamp()
    invites = update(Invite).where(Invite.created_by_id == user_id, Invite.revoked_at.is_(None))
    await db.execute(invites.values(revoked_at=now))
    codes = update(ResetCode).where(ResetCode.created_by_id == user_id, ResetCode.used_at.is_(None))
    await db.execute(codes.values(used_at=now))


async def end_reset_codes(db: AsyncSession, user_id: int) -> None:
    """End the reset codes for a member's password."""
    codes = update(ResetCode).where(ResetCode.user_id == user_id, ResetCode.used_at.is_(None))
    await db.execute(codes.values(used_at=func.clock_timestamp()))
