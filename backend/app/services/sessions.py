"""Sessions: logging in, staying logged in, logging out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.errors import AccountDisabled, InvalidRefreshToken, NotFound, WrongCredentials
from app.models import RefreshToken, Session, User
from app.schemas.auth import Login, SessionRead
from app.schemas.base import Page
from app.services import access_tokens, attempts, pages, secrets
from app.services.passwords import verify_password
from app.services.transactions import autocommit, transaction

LONGEST: Final = timedelta(days=90)

# Two tabs that refresh at once, or a client whose answer was lost, get the same successor for this long.
REUSE_ALLOWED: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login or a refresh gives: an access token, and a refresh token for the cookie with its age in seconds."""

    access: str
    expires_in: int
    refresh: str
    refresh_max_age: int


def _refresh_lifetime() -> timedelta:
    return timedelta(days=settings.JWT_REFRESH_EXPIRE_DAYS)


def _tokens(*, user_id: int, session_id: int, refresh: str, expires_at: datetime, now: datetime) -> Tokens:
    return Tokens(
        access=access_tokens.issue(user_id=user_id, session_id=session_id, now=now),
        expires_in=int(access_tokens.lifetime().total_seconds()),
        refresh=refresh,
        refresh_max_age=int((expires_at - now).total_seconds()),
    )


@autocommit
async def _account(db: AsyncSession, username: str) -> User | None:
    return await db.scalar(select(User).where(func.lower(User.username) == username.lower()))


@transaction
async def _start(db: AsyncSession, *, user: User, user_agent: str, attempt_id: int) -> Tokens:
    # The password that was checked must still be the password: a reset may have come in between.
    unchanged = (
        select(func.clock_timestamp())
        .where(User.id == user.id, User.password_hash == user.password_hash, ~User.disabled)
        .with_for_update(read=True)
    )
    now = await db.scalar(unchanged)
    if now is None:
        raise WrongCredentials
    started = insert(Session).values(user_id=user.id, user_agent=user_agent, expires_at=now + LONGEST)
    session_id = (await db.execute(started.returning(Session.id))).scalar_one()
    refresh = secrets.new()
    expires_at = now + min(_refresh_lifetime(), LONGEST)
    db.add(RefreshToken(hash=secrets.digest(refresh), session_id=session_id, expires_at=expires_at))
    await attempts.forget(db, attempt_id)
    return _tokens(user_id=user.id, session_id=session_id, refresh=refresh, expires_at=expires_at, now=now)


async def log_in(db: AsyncSession, *, data: Login, address: str, user_agent: str) -> Tokens:
    """Start a session.

    Raises:
        RateLimited: too many failures for this name from this address, or from this address at all.
        WrongCredentials: the name or the password is wrong; both cost the same time.
        AccountDisabled: the password is right, the account disabled.
        TooBusy: too many passwords are being checked.
    """
    async with attempts.attempt(db, address=address, name=data.username, guess=WrongCredentials) as attempt:
        user = await _account(db, data.username)
        if not await verify_password(None if user is None else user.password_hash, data.password) or user is None:
            raise WrongCredentials
        if user.disabled:
            raise AccountDisabled
        return await _start(db, user=user, user_agent=user_agent, attempt_id=attempt.id)


class _Outcome(Enum):
    RENEWED = auto()
    REUSED = auto()
    UNKNOWN = auto()


async def _insert_successor(db: AsyncSession, *, session_id: int, successor: str, now: datetime) -> RefreshToken:
    used = update(Session).where(Session.id == session_id).values(last_used_at=now)
    session_ends = (await db.execute(used.returning(Session.expires_at))).scalar_one()
    expires_at = min(now + _refresh_lifetime(), session_ends)
    token = RefreshToken(hash=secrets.digest(successor), session_id=session_id, expires_at=expires_at)
    db.add(token)
    await db.flush()
    return token


@transaction
async def _rotate(db: AsyncSession, *, presented: str, successor: str) -> Tokens | _Outcome:
    now: datetime = (await db.execute(select(func.clock_timestamp()))).scalar_one()
    alive = (
        select(Session.id)
        .join(User, User.id == Session.user_id)
        .where(Session.ended_at.is_(None), Session.expires_at > now, ~User.disabled)
    )
    token_hash = secrets.digest(presented)
    # Of several at once, one wins this update; the others wait for it and then find the token used.
    first_use = (
        update(RefreshToken)
        .where(
            RefreshToken.hash == token_hash,
            RefreshToken.used_at.is_(None),
            RefreshToken.expires_at > now,
            RefreshToken.session_id.in_(alive),
        )
        .values(used_at=func.clock_timestamp())
        .returning(RefreshToken.session_id)
    )
    session_id = await db.scalar(first_use)
    if session_id is not None:
        token = await _insert_successor(db, session_id=session_id, successor=successor, now=now)
    else:
        used = select(RefreshToken.session_id, RefreshToken.used_at, RefreshToken.session_id.in_(alive))
        row = (await db.execute(used.where(RefreshToken.hash == token_hash))).one_or_none()
        if row is None:
            return _Outcome.UNKNOWN
        session_id, used_at, is_alive = row
        if used_at is None or not is_alive:
            return _Outcome.UNKNOWN
        if now - used_at > REUSE_ALLOWED:
            await db.execute(update(Session).where(Session.id == session_id).values(ended_at=now))
            return _Outcome.REUSED
        given = await db.get(RefreshToken, secrets.digest(successor))
        if given is None:
            # JWT_SECRET has changed in between: the successor that was given is not the one made here.
            return _Outcome.UNKNOWN
        token = given
    user_id = (await db.execute(select(Session.user_id).where(Session.id == session_id))).scalar_one()
    return _tokens(user_id=user_id, session_id=session_id, refresh=successor, expires_at=token.expires_at, now=now)


async def refresh(db: AsyncSession, presented: str | None) -> Tokens:
    """Exchange a refresh token for new tokens; the same one again within 10 s gets the same successor.

    Raises:
        InvalidRefreshToken: it is unknown or expired, its session has ended, or it was used before, which ends its
            session: either its owner or someone else has a copy.
    """
    if not presented:
        raise InvalidRefreshToken
    outcome = await _rotate(db, presented=presented, successor=secrets.derive("refresh", presented))
    if isinstance(outcome, _Outcome):
        raise InvalidRefreshToken
    return outcome


@transaction
async def end_by_refresh_token(db: AsyncSession, presented: str) -> bool:
    """End the session that a refresh token belongs to, and tell whether there was one to end."""
    owner = select(RefreshToken.session_id).where(RefreshToken.hash == secrets.digest(presented))
    ended = update(Session).where(Session.id.in_(owner), Session.ended_at.is_(None))
    return await db.scalar(ended.values(ended_at=func.clock_timestamp()).returning(Session.id)) is not None


@transaction
async def end(db: AsyncSession, *, user: User, session_id: int) -> None:
    """End one of the member's sessions.

    Raises:
        NotFound: the member has no such session.
    """
    mine = update(Session).where(Session.id == session_id, Session.user_id == user.id, Session.ended_at.is_(None))
    if await db.scalar(mine.values(ended_at=func.clock_timestamp()).returning(Session.id)) is None:
        raise NotFound("You have no such session.")


@autocommit
async def list_mine(db: AsyncSession, *, user: User, current: int, limit: int, cursor: str | None) -> Page[SessionRead]:
    """Return the member's sessions that are alive, newest first."""
    query = select(Session).where(
        Session.user_id == user.id, Session.ended_at.is_(None), Session.expires_at > func.clock_timestamp()
    )
    rows, next_cursor = await pages.by_id(db, query, Session.id, limit=limit, cursor=cursor)
    items = [
        SessionRead(
            id=session.id,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            user_agent=session.user_agent,
            current=session.id == current,
        )
        for (session,) in rows
    ]
    return Page(items=items, next_cursor=next_cursor)
