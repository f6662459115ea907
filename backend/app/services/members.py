"""Members: who belongs to the board."""

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import LastAdmin, UserNotFound
from app.models import Session, User
from app.models.user import Role
from app.schemas.base import Page
from app.schemas.users import MemberUpdate, ProfileUpdate, UserRead
from app.services import feed, pages
from app.services.feed import NewEvent
from app.services.transactions import autocommit, transaction


def changed(user: User) -> NewEvent:
    """Return the event that tells how a member stands now."""
    return NewEvent("member.changed", user.id, UserRead.model_validate(user).model_dump_json())


async def tell(db: AsyncSession, user: User) -> None:
    """Append to the log how a member stands now."""
    await feed.append_all(db, [changed(user)])


async def hold(db: AsyncSession, which: ColumnElement[bool]) -> None:
    """Keep members as they are until this transaction ends: it tells the log who said something.

    Behind references, before the log; in the order of their ids, as everywhere.
    """
    await db.execute(select(User.id).where(which).order_by(User.id).with_for_update(read=True))


async def by_name(db: AsyncSession, username: str, *, lock: bool = False) -> User:
    """Return the member of this name, without regard to case.

    Raises:
        UserNotFound: there is none.
    """
    query = select(User).where(func.lower(User.username) == username.lower())
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    user = await db.scalar(query)
    if user is None:
        raise UserNotFound
    return user


@autocommit
async def find(db: AsyncSession, username: str) -> UserRead:
    """Return one member.

    Raises:
        UserNotFound: there is none of this name.
    """
    return UserRead.model_validate(await by_name(db, username))


@autocommit
async def list_all(db: AsyncSession, *, limit: int, cursor: str | None) -> Page[UserRead]:
    """Return the members, newest first."""
    rows, next_cursor = await pages.by_id(db, select(User), User.id, limit=limit, cursor=cursor)
    return Page(items=[UserRead.model_validate(user) for (user,) in rows], next_cursor=next_cursor)


@transaction
async def update_profile(db: AsyncSession, *, user: User, changes: ProfileUpdate) -> UserRead:
    """Change what a member may change about itself."""
    fresh = await by_name(db, user.username, lock=True)
    for field, value in changes.model_dump(exclude_unset=True, exclude_none=True).items():
        setattr(fresh, field, value)
    if db.is_modified(fresh):
        await db.flush()
        await tell(db, fresh)
    return UserRead.model_validate(fresh)


async def end_sessions(db: AsyncSession, user_id: int, *, but: int | None = None) -> None:
    """End a member's sessions, all or all but one."""
    ended = update(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))
    if but is not None:
        ended = ended.where(Session.id != but)
    await db.execute(ended.values(ended_at=func.clock_timestamp()))


async def _keep_an_admin(db: AsyncSession, user: User) -> None:
    # Locked in the order of their ids: of two admins who demote each other at once, the second sees the first's. The
    # member is locked among them, so that nobody waits in a circle.
    is_admin = (User.role == Role.ADMIN) & ~User.disabled
    locked = select(User.id, is_admin).where(or_(is_admin, User.id == user.id)).order_by(User.id)
    rows = await db.execute(locked.with_for_update(key_share=True))
    if {id_ for id_, is_one in rows if is_one} <= {user.id}:
        raise LastAdmin


@transaction
async def administer(db: AsyncSession, *, username: str, changes: MemberUpdate) -> UserRead:
    """Change a member's role, or disable or enable the account; disabling ends its sessions.

    Raises:
        UserNotFound: there is none of this name.
        LastAdmin: no admin would be left who can log in.
    """
    user = await by_name(db, username)
    if changes.role is Role.MEMBER or changes.disabled:
        await _keep_an_admin(db, user)
    user = await by_name(db, username, lock=True)
    for field, value in changes.model_dump(exclude_unset=True, exclude_none=True).items():
        setattr(user, field, value)
    if db.is_modified(user):
        await db.flush()
        if user.disabled:
            await end_sessions(db, user.id)
        await tell(db, user)
    return UserRead.model_validate(user)
