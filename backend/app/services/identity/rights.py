"""An admin's right, and what ends with it: whatever was issued on its strength."""

from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.errors import AdminsOnly
from app.models import Invite, ResetCode, User
from app.models.user import Role

IS_ADMIN: Final = and_(User.role == Role.ADMIN, ~User.disabled)


def is_admin(user: User) -> bool:
    """Tell whether somebody may administer the board."""
    return user.role == Role.ADMIN and not user.disabled


async def hold(db: AsyncSession, admin: User) -> None:
    """Keep an admin's right from ending before this transaction does, so that what it issues is seen by what ends it.

    Raises:
        AdminsOnly: it has ended.
    """
    if await db.scalar(select(User.id).where(User.id == admin.id, IS_ADMIN).with_for_update(read=True)) is None:
        raise AdminsOnly


def issued_by_right(issuer_id: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    """Say that whoever issued something is an admin now, or that the command line did.

    `end_issued` ends things for good; this holds for rights that end by another way, such as SQL.
    """
    issuer = aliased(User)
    stands = select(issuer.id).where(issuer.id == issuer_id, issuer.role == Role.ADMIN, ~issuer.disabled)
    return or_(issuer_id.is_(None), exists(stands))


async def end_issued(db: AsyncSession, user_id: int) -> None:
    """End the invites and reset codes that somebody issued, for good."""
    now = func.clock_timestamp()
    invites = update(Invite).where(Invite.created_by_id == user_id, Invite.revoked_at.is_(None))
    await db.execute(invites.values(revoked_at=now))
    codes = update(ResetCode).where(ResetCode.created_by_id == user_id, ResetCode.used_at.is_(None))
    await db.execute(codes.values(used_at=now))


async def end_reset_codes(db: AsyncSession, user_id: int) -> None:
    """End the codes that would set a new password for somebody."""
    codes = update(ResetCode).where(ResetCode.user_id == user_id, ResetCode.used_at.is_(None))
    await db.execute(codes.values(used_at=func.clock_timestamp()))
