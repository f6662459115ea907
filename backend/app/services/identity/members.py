"""Members: who belongs to the board."""

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import AdminsOnly, LastAdmin, UserNotFound
from app.models import Session, User
from app.models.user import Role
from app.schemas.base import Page
from app.schemas.users import MemberUpdate, ProfileUpdate, UserRead
from app.services import pagination
from app.services.feed import log as feed_log
from app.services.feed.log import NewEvent
from app.services.identity import rights
from app.services.transactions import autocommit, transaction


def changed(user: User) -> NewEvent:
    """Return the event with a member's current data."""
    return NewEvent("member.changed", user.id, UserRead.model_validate(user).model_dump_json())


async def append_changed(db: AsyncSession, user: User) -> None:
    """Append a member's current data to the log."""
    await feed_log.append_all(db, [changed(user)])


async def hold(db: AsyncSession, which: ColumnElement[bool]) -> None:
    """Lock members until this transaction ends, because it tells the log who posted something.

    After references and before the log, in the order of their ids, as everywhere.
    """
    await db.execute(select(User.id).where(which).order_by(User.id).with_for_update(read=True))


def _is_named(username: str) -> ColumnElement[bool]:
    return func.lower(User.username) == username.lower()


async def by_name(db: AsyncSession, username: str) -> User:
    """Return the member with this username, in any case.

    Raises:
        UserNotFound: there is none.
    """
    user = await db.scalar(select(User).where(_is_named(username)))
    if user is None:
        raise UserNotFound
    return user


@autocommit
async def find(db: AsyncSession, username: str) -> UserRead:
    """Return one member.

    Raises:
        UserNotFound: no member has this username.
    """
    return UserRead.model_validate(await by_name(db, username))


@autocommit
async def list_all(db: AsyncSession, *, disabled: bool | None = None, limit: int, cursor: str | None) -> Page[UserRead]:
    """Return members, newest first: all, only the disabled ones, or only the others."""
    query = select(User) if disabled is None else select(User).where(User.disabled == disabled)
    rows, next_cursor = await pagination.by_id(db, query, User.id, limit=limit, cursor=cursor)
    return Page(items=[UserRead.model_validate(user) for (user,) in rows], next_cursor=next_cursor)


async def lock(db: AsyncSession, username: str, *others: ColumnElement[bool]) -> tuple[User, list[User]]:
    """Lock a member, and others too, in the order of their ids. Return the member, and all of them.

    Raises:
        UserNotFound: no member has this username.
    """
    query = select(User).where(or_(_is_named(username), *others)).order_by(User.id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    rows = list(await db.scalars(locked))
    user = next((row for row in rows if row.username.lower() == username.lower()), None)
    if user is None:
        raise UserNotFound
    return user, rows


@transaction
async def update_profile(db: AsyncSession, *, user: User, changes: ProfileUpdate) -> UserRead:
    """Change what members can change about themselves."""
    fresh, _ = await lock(db, user.username)
    for field, value in changes.model_dump(exclude_unset=True, exclude_none=True).items():
        setattr(fresh, field, value)
    if db.is_modified(fresh):
        await db.flush()
        await append_changed(db, fresh)
    return UserRead.model_validate(fresh)


async def end_sessions(db: AsyncSession, user_id: int, *, but: int | None = None) -> None:
    """End a member's sessions, all or all but one."""
    ended = update(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))
    if but is not None:
        ended = ended.where(Session.id != but)
    await db.execute(ended.values(ended_at=func.clock_timestamp()))


async def end_access(db: AsyncSession, user_id: int) -> None:
    """End the sessions and codes of a disabled member, and everything that they issued. Their API tokens only pause."""
    await end_sessions(db, user_id)
    await rights.end_reset_codes(db, user_id)
    await rights.end_issued(db, user_id)


@transaction
async def administer(db: AsyncSession, *, admin: User, username: str, changes: MemberUpdate) -> UserRead:
    """Change a member's role, or disable or enable the account. Losing the admin role ends what was issued with it.

    Raises:
        UserNotFound: no member has this username.
        LastAdmin: no admin would be left who can log in.
        AdminsOnly: the caller is no longer an admin.
    """
    # If two admins demote each other at once, the second one sees what the first one did.
    user, rows = await lock(db, username, rights.IS_ADMIN)
    admins = {row.id for row in rows if rights.is_admin(row)}
    if (changes.role is Role.MEMBER or changes.disabled) and admins <= {user.id}:
        raise LastAdmin
    if admin.id not in admins:
        raise AdminsOnly
    for field, value in changes.model_dump(exclude_unset=True, exclude_none=True).items():
        setattr(user, field, value)
    if db.is_modified(user):
        await db.flush()
        if user.disabled:
            await end_access(db, user.id)
        elif not rights.is_admin(user):
            await rights.end_issued(db, user.id)
        await append_changed(db, user)
    return UserRead.model_validate(user)
