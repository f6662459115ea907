"""Invites: how people get an account."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.errors import InvalidInvite, NotFound
from app.models import Invite, User
from app.schemas.base import Page
from app.schemas.invites import InviteCreate, InviteCreated, InviteRead
from app.services import pagination
from app.services.identity import rights, secrets, setup
from app.services.transactions import autocommit, transaction


class Admission(Enum):
    """What allows somebody to create an account."""

    SETUP_CODE = auto()
    INVITE = auto()
    OPEN_BOARD = auto()


@dataclass(frozen=True, slots=True)
class Right:
    """A permission to create an account. `invite_id` is set if it comes from an invite."""

    admission: Admission
    invite_id: int | None = None


def _usable() -> ColumnElement[bool]:
    return and_(
        Invite.revoked_at.is_(None),
        Invite.used < Invite.uses,
        Invite.expires_at > func.clock_timestamp(),
        rights.issued_by_right(Invite.created_by_id),
    )


@transaction
async def check(db: AsyncSession, code: str | None) -> Right:
    """Tell what a code allows, without using it up.

    Raises:
        InvalidInvite: nothing.
    """
    if setup_codes := await setup.codes(db):
        if code is not None and any(secrets.equal(code, each) for each in setup_codes):
            return Right(Admission.SETUP_CODE)
        raise InvalidInvite
    if code is not None:
        invite_id = await db.scalar(select(Invite.id).where(Invite.hash == secrets.digest(code), _usable()))
        if invite_id is not None:
            return Right(Admission.INVITE, invite_id)
    elif settings.REGISTRATION == "open":
        return Right(Admission.OPEN_BOARD)
    raise InvalidInvite


async def use(db: AsyncSession, right: Right) -> None:
    """Use the permission up, in the transaction that creates the account. A rollback restores it.

    Raises:
        InvalidInvite: somebody else was faster.
    """
    if right.admission is Admission.INVITE:
        # After waiting for the row's lock, PostgreSQL checks a condition on the row again, but not a subquery.
        used = update(Invite).where(Invite.id == right.invite_id, _usable())
        if await db.scalar(used.values(used=Invite.used + 1).returning(Invite.id)) is None:
            raise InvalidInvite
    elif right.admission is Admission.SETUP_CODE and await db.scalar(select(exists(select(User.id)))):
        raise InvalidInvite


def _read(invite: Invite, created_by: str | None) -> InviteRead:
    return InviteRead(
        id=invite.id,
        uses=invite.uses,
        used=invite.used,
        created_by=created_by,
        created_at=invite.created_at,
        expires_at=invite.expires_at,
    )


@transaction
async def create(db: AsyncSession, *, data: InviteCreate, creator: User | None) -> InviteCreated:
    """Create an invite. Without `creator`, it is made on the command line.

    Raises:
        AdminsOnly: the creator is no longer an admin.
    """
    if creator is not None:
        await rights.hold(db, creator)
    code = secrets.new()
    now = await db.scalar(select(func.clock_timestamp()))
    assert now is not None
    invite = Invite(
        hash=secrets.digest(code),
        uses=data.uses,
        used=0,
        created_by_id=None if creator is None else creator.id,
        expires_at=now + timedelta(days=data.expires_in_days),
    )
    db.add(invite)
    await db.flush()
    await db.refresh(invite)
    read = _read(invite, None if creator is None else creator.username)
    return InviteCreated(**read.model_dump(), code=code, url=f"{settings.PUBLIC_URL}/#invite={code}")


@autocommit
async def list_usable(db: AsyncSession, *, limit: int, cursor: str | None) -> Page[InviteRead]:
    """Return the invites that still work, newest first."""
    query = select(Invite, User.username).outerjoin(User, User.id == Invite.created_by_id).where(_usable())
    rows, next_cursor = await pagination.by_id(db, query, Invite.id, limit=limit, cursor=cursor)
    return Page(items=[_read(invite, creator) for invite, creator in rows], next_cursor=next_cursor)


@transaction
async def revoke(db: AsyncSession, invite_id: int) -> None:
    """End an invite. Accounts created with it stay.

    Raises:
        NotFound: no invite with this id still works.
    """
    ended = update(Invite).where(Invite.id == invite_id, _usable())
    if await db.scalar(ended.values(revoked_at=func.clock_timestamp()).returning(Invite.id)) is None:
        raise NotFound("There is no such invite, or it is used up.")
