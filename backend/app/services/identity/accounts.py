"""Accounts: registration, passwords, and the codes that reset them."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.errors import AdminsOnly, InvalidInvite, InvalidResetCode, PasswordRefused, UsernameTaken, WrongPassword
from app.models import ResetCode, User
from app.models.user import Role
from app.schemas.auth import PasswordChange, PasswordReset, Registration
from app.schemas.users import ResetCodeRead, UserRead
from app.services.identity import attempts, invites, members, password_rules, rights, secrets
from app.services.identity.passwords import hash_password, verify_password
from app.services.transactions import transaction

RESET_CODE_LIFETIME: Final = timedelta(hours=1)


async def _refuse_common(password: str, username: str) -> None:
    # Up to 20 ms for the longest passwords, which is too long for the event loop.
    reason = await asyncio.to_thread(password_rules.why_refused, password, username=username)
    if reason is not None:
        raise PasswordRefused(reason)


async def _insert_user(db: AsyncSession, data: Registration, password_hash: str, *, founder: bool) -> User:
    user = User(
        username=data.username,
        display_name=data.display_name,
        password_hash=password_hash,
        role=Role.ADMIN if founder else Role.MEMBER,
        time_zone=data.time_zone,
        founder=founder,
    )
    try:
        async with db.begin_nested():
            db.add(user)
    except IntegrityError as error:
        if founder and "uq_users_founder" in str(error.orig):
            raise InvalidInvite from error
        raise UsernameTaken from error
    await db.refresh(user)
    return user


@transaction
async def _create(
    db: AsyncSession, *, data: Registration, password_hash: str, right: invites.Right, attempt_id: int
) -> UserRead:
    await invites.use(db, right)
    user = await _insert_user(db, data, password_hash, founder=right.admission is invites.Admission.SETUP_CODE)
    if right.admission is not invites.Admission.OPEN_BOARD:
        # On an open board, only this limit slows down those who would fill it with accounts.
        await attempts.forget(db, attempt_id)
    await members.append_changed(db, user)
    return UserRead.model_validate(user)


async def register(db: AsyncSession, *, data: Registration, address: str) -> UserRead:
    """Create an account.

    Raises:
        RateLimited: too many attempts from this address.
        InvalidInvite: the code isn't valid. This is checked before anything is said about names.
        PasswordRefused: the password is easily guessed.
        UsernameTaken: another member has that username.
        TooBusy: too many passwords are being checked.
    """
    async with attempts.attempt(db, address=address, guess=InvalidInvite) as attempt:
        right = await invites.check(db, data.invite)
        if right.admission is invites.Admission.OPEN_BOARD:
            attempt.guess = UsernameTaken  # no code is needed
        await _refuse_common(data.password, data.username)
        password_hash = await hash_password(data.password)
        return await _create(db, data=data, password_hash=password_hash, right=right, attempt_id=attempt.id)


@transaction
async def _set_password(
    db: AsyncSession, *, user: User, password_hash: str, keep_session: int, attempt_id: int
) -> None:
    # The password that was checked must still be the current one.
    changed = update(User).where(User.id == user.id, User.password_hash == user.password_hash)
    if await db.scalar(changed.values(password_hash=password_hash).returning(User.id)) is None:
        raise WrongPassword
    await rights.end_reset_codes(db, user.id)
    await members.end_sessions(db, user.id, but=keep_session)
    await attempts.forget(db, attempt_id)


async def change_password(db: AsyncSession, *, user: User, session_id: int, data: PasswordChange, address: str) -> None:
    """Set a new password, and end the member's other sessions.

    Raises:
        RateLimited: too many failures for this member from this address, including logins, or from this address at all.
        WrongPassword: the current password is wrong.
        PasswordRefused: the new one is easily guessed.
        TooBusy: too many passwords are being checked.
    """
    async with attempts.attempt(db, address=address, name=user.username, guess=WrongPassword) as attempt:
        if not await verify_password(user.password_hash, data.current_password):
            raise WrongPassword
        await _refuse_common(data.new_password, user.username)
        password_hash = await hash_password(data.new_password)
        await _set_password(db, user=user, password_hash=password_hash, keep_session=session_id, attempt_id=attempt.id)


@transaction
async def create_reset_code(db: AsyncSession, *, username: str, creator: User | None) -> ResetCodeRead:
    """Create a code with which the member sets a new password once, within an hour. Earlier codes end.

    Without `creator`, it is made on the command line.

    Raises:
        UserNotFound: no member has this username.
        AdminsOnly: the creator is no longer an admin.
    """
    user, rows = await members.lock(db, username, *([] if creator is None else [User.id == creator.id]))
    if creator is not None and not any(row.id == creator.id and rights.is_admin(row) for row in rows):
        raise AdminsOnly
    await rights.end_reset_codes(db, user.id)
    now: datetime = (await db.execute(select(func.clock_timestamp()))).scalar_one()
    code = secrets.new()
    expires_at = now + RESET_CODE_LIFETIME
    created_by_id = None if creator is None else creator.id
    db.add(ResetCode(hash=secrets.digest(code), user_id=user.id, created_by_id=created_by_id, expires_at=expires_at))
    return ResetCodeRead(code=code, url=f"{settings.PUBLIC_URL}/#reset={code}", expires_at=expires_at)


def _valid_code(code: str) -> tuple[ColumnElement[bool], ...]:
    return (
        ResetCode.hash == secrets.digest(code),
        ResetCode.used_at.is_(None),
        ResetCode.expires_at > func.clock_timestamp(),
        rights.issued_by_right(ResetCode.created_by_id),
    )


@transaction
async def _owner_of_code(db: AsyncSession, code: str) -> str:
    query = select(User.username).join(ResetCode, ResetCode.user_id == User.id).where(*_valid_code(code))
    username = await db.scalar(query)
    if username is None:
        raise InvalidResetCode
    return username


@transaction
async def _use_code(db: AsyncSession, *, code: str, password_hash: str, attempt_id: int) -> None:
    # The member before the code, which is the order in which everyone locks them.
    owner = select(User.id).join(ResetCode, ResetCode.user_id == User.id).where(*_valid_code(code))
    await db.execute(owner.with_for_update(of=User, key_share=True))
    used = update(ResetCode).where(*_valid_code(code)).values(used_at=func.clock_timestamp())
    user_id = await db.scalar(used.returning(ResetCode.user_id))
    if user_id is None:
        raise InvalidResetCode
    await db.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))
    await rights.end_reset_codes(db, user_id)
    await members.end_sessions(db, user_id)
    await attempts.forget(db, attempt_id)


async def reset_password(db: AsyncSession, *, data: PasswordReset, address: str) -> None:
    """Set a new password with a reset code, and end all of the member's sessions.

    Raises:
        RateLimited: too many attempts from this address.
        InvalidResetCode: the code is unknown, used or too old.
        PasswordRefused: the new password is easily guessed. The code can be used again.
        TooBusy: too many passwords are being checked.
    """
    async with attempts.attempt(db, address=address, guess=InvalidResetCode) as attempt:
        username = await _owner_of_code(db, data.code)
        await _refuse_common(data.new_password, username)
        password_hash = await hash_password(data.new_password)
        await _use_code(db, code=data.code, password_hash=password_hash, attempt_id=attempt.id)
