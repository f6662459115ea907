"""Sessions: logging in, staying logged in, logging out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy import Row, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.errors import AccountDisabled, DatabaseUnavailable, InvalidRefreshToken, NotFound, WrongCredentials
from app.models import Board, RefreshToken, Session, User
from app.schemas.auth import Login, SessionRead
from app.schemas.base import Page
from app.services import pagination
from app.services.identity import access_tokens, attempts, callers, secrets
from app.services.identity.passwords import verify_password
from app.services.transactions import autocommit, transaction

LONGEST: Final = timedelta(days=90)

# For this long, two tabs that refresh at once, or a client whose answer was lost, get the same successor, unless it has
# already been used.
REUSE_ALLOWED: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login or a refresh gives: an access token, and a refresh token for the cookie with its age in seconds."""

    access: str
    expires_in: int
    refresh: str
    refresh_max_age: int
    board: UUID


@dataclass(frozen=True, slots=True)
class Presented:
    """A client's refresh token. `board` is the end of its cookie's name: boards on one host share cookies."""

    token: str
    board: str = ""


# A refresh token, its member, when its session ends at the latest, and whether the session is alive.
type Found = Row[RefreshToken, int, datetime, bool]

BOARD_LETTERS: Final = 8


def board_name(board: UUID) -> str:
    """Return the part of a board's id that is in its cookie's name."""
    return str(board)[:BOARD_LETTERS]


def _refresh_lifetime() -> timedelta:
    return timedelta(days=settings.JWT_REFRESH_EXPIRE_DAYS)


@dataclass(frozen=True, slots=True)
class _Current:
    """The time by the database's clock, and this board's id, which a restore may change while a process runs."""

    now: datetime
    board: UUID

    def tokens(self, *, user_id: int, session_id: int, refresh: str, expires_at: datetime) -> Tokens:
        return Tokens(
            access=access_tokens.issue(user_id=user_id, session_id=session_id, now=self.now, board=self.board),
            expires_in=int(access_tokens.lifetime().total_seconds()),
            refresh=refresh,
            refresh_max_age=int((expires_at - self.now).total_seconds()),
            board=self.board,
        )


async def _current(db: AsyncSession) -> _Current:
    row = (await db.execute(select(func.clock_timestamp(), Board.id))).one_or_none()
    if row is None:
        raise DatabaseUnavailable  # the database is being restored
    return _Current(*row)


@autocommit
async def _account(db: AsyncSession, username: str) -> User | None:
    return await db.scalar(select(User).where(func.lower(User.username) == username.lower()))


@transaction
async def _start(db: AsyncSession, *, user: User, user_agent: str, attempt_id: int) -> Tokens:
    # The password that was checked must still be the current one: it may have been reset in between.
    unchanged = (
        select(User.id)
        .where(User.id == user.id, User.password_hash == user.password_hash, ~User.disabled)
        .with_for_update(read=True)
    )
    if await db.scalar(unchanged) is None:
        raise WrongCredentials
    current = await _current(db)
    now = current.now
    started = insert(Session).values(user_id=user.id, user_agent=user_agent, expires_at=now + LONGEST)
    session_id = (await db.execute(started.returning(Session.id))).scalar_one()
    refresh = secrets.new()
    expires_at = now + min(_refresh_lifetime(), LONGEST)
    db.add(RefreshToken(hash=secrets.digest(refresh), session_id=session_id, expires_at=expires_at))
    await attempts.forget(db, attempt_id)
    return current.tokens(user_id=user.id, session_id=session_id, refresh=refresh, expires_at=expires_at)


async def log_in(db: AsyncSession, *, data: Login, address: str, user_agent: str) -> Tokens:
    """Start a session.

    Raises:
        RateLimited: too many failures for this username from this address, or from this address at all.
        WrongCredentials: the username or the password is wrong. Both take equally long.
        AccountDisabled: the password is right, but the account is disabled.
        TooBusy: too many passwords are being checked.
    """
    async with attempts.attempt(db, address=address, name=data.username, guess=WrongCredentials) as attempt:
        user = await _account(db, data.username)
        if not await verify_password(None if user is None else user.password_hash, data.password) or user is None:
            raise WrongCredentials
        if user.disabled:
            raise AccountDisabled
        return await _start(db, user=user, user_agent=user_agent, attempt_id=attempt.id)


async def _rows(db: AsyncSession, hashes: Iterable[bytes]) -> dict[bytes, Found]:
    """Return refresh tokens by their hashes, each with the state of its session."""
    is_alive = and_(callers.is_good(Session.ended_at, Session.expires_at), ~User.disabled)
    query = (
        select(RefreshToken, Session.user_id, Session.expires_at.label("session_ends"), is_alive.label("is_alive"))
        .join(Session, Session.id == RefreshToken.session_id)
        .join(User, User.id == Session.user_id)
        .where(RefreshToken.hash.in_(hashes))
        .execution_options(populate_existing=True)
    )
    return {row.RefreshToken.hash: row for row in await db.execute(query)}


async def _renew(db: AsyncSession, current: _Current, row: Found, successor: str) -> Tokens | None:
    """Use a token and return its successor, or None if somebody else was faster.

    If several requests use it at once, one wins the update, and the others wait for it. The token is locked before its
    session, as in the previous version.
    """
    hash_, session_id = row.RefreshToken.hash, row.RefreshToken.session_id
    first_use = update(RefreshToken).where(RefreshToken.hash == hash_, RefreshToken.used_at.is_(None))
    used = first_use.values(used_at=func.clock_timestamp()).returning(RefreshToken.hash)
    if await db.scalar(used.execution_options(synchronize_session=False)) is None:
        return None
    await db.execute(update(Session).where(Session.id == session_id).values(last_used_at=current.now))
    expires_at = min(current.now + _refresh_lifetime(), row.session_ends)
    db.add(RefreshToken(hash=secrets.digest(successor), session_id=session_id, expires_at=expires_at))
    await db.flush()
    return current.tokens(user_id=row.user_id, session_id=session_id, refresh=successor, expires_at=expires_at)


def _is_used(token: RefreshToken) -> bool:
    return token.used_at is not None


def _repeat(current: _Current, row: Found, given: Found | None, successor: str) -> Tokens | None:
    """Return the successor of a used token again, if that is allowed. `given` is that successor."""
    soon = current.now - row.RefreshToken.used_at <= REUSE_ALLOWED
    if given is None or _is_used(given.RefreshToken) or not soon:
        return None
    token: RefreshToken = given.RefreshToken
    return current.tokens(
        user_id=row.user_id, session_id=token.session_id, refresh=successor, expires_at=token.expires_at
    )


def _successor(rows: Mapping[bytes, Found], candidates: Sequence[str]) -> tuple[str, Found | None]:
    """Return the successor that a token has, or will have, and its row. The first candidate is JWT_SECRET's."""
    for candidate in candidates:
        if (given := rows.get(secrets.digest(candidate))) is not None:
            return candidate, given
    return candidates[0], None


async def _exchange(
    db: AsyncSession, current: _Current, row: Found, rows: Mapping[bytes, Found], candidates: Sequence[str]
) -> Tokens | None:
    token: RefreshToken = row.RefreshToken
    if token.used_at is None:
        if token.expires_at <= current.now:
            return None
        if (tokens := await _renew(db, current, row, candidates[0])) is not None:
            return tokens
        rows = await _rows(db, [token.hash, *map(secrets.digest, candidates)])
        row = rows[token.hash]
    successor, given = _successor(rows, candidates)
    return _repeat(current, row, given, successor)


def _is_replayed(current: _Current, token: RefreshToken, given: Found | None) -> bool:
    # If the token was used just now but has no such successor, JWT_SECRET has changed since.
    return token.used_at is not None and (given is not None or current.now - token.used_at > REUSE_ALLOWED)


@transaction
async def _rotate(db: AsyncSession, presented: Sequence[Presented]) -> Tokens | None:
    """Return the tokens for the first valid one. If none is valid, end the sessions of those that were used before."""
    candidates = {each.token: secrets.derived("refresh", each.token) for each in presented}
    current = await _current(db)
    rows = await _rows(db, map(secrets.digest, [*candidates, *chain.from_iterable(candidates.values())]))
    replayed: set[int] = set()
    for each in sorted(presented, key=lambda each: each.board != board_name(current.board)):
        row, (_, given) = rows.get(secrets.digest(each.token)), _successor(rows, candidates[each.token])
        if row is None or not row.is_alive:
            continue
        if (tokens := await _exchange(db, current, row, rows, candidates[each.token])) is not None:
            return tokens
        if _is_replayed(current, row.RefreshToken, given):
            replayed.add(row.RefreshToken.session_id)
    if replayed:
        await db.execute(update(Session).where(Session.id.in_(replayed)).values(ended_at=current.now))
    return None


async def refresh(db: AsyncSession, presented: Sequence[Presented]) -> Tokens:
    """Exchange refresh tokens for new tokens. The first valid one counts, this board's own before others.

    Within 5 minutes, the same token gets the same successor, unless the successor has been used.

    Raises:
        InvalidRefreshToken: all are unknown or expired, or their sessions have ended. Or one was used before. That ends
            its session, because either its owner or someone else has a copy.
    """
    tokens = await _rotate(db, presented) if presented else None
    if tokens is None:
        raise InvalidRefreshToken
    return tokens


@transaction
async def end_by_refresh_tokens(db: AsyncSession, presented: Sequence[Presented]) -> tuple[bool, UUID]:
    """End the sessions of refresh tokens. Return whether there was one to end, and this board's name."""
    current = await _current(db)
    hashes = [secrets.digest(each.token) for each in presented]
    owners = select(RefreshToken.session_id).where(RefreshToken.hash.in_(hashes))
    ended = update(Session).where(Session.id.in_(owners), Session.ended_at.is_(None)).values(ended_at=current.now)
    return bool((await db.scalars(ended.returning(Session.id))).all()), current.board


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
    """Return the member's active sessions, newest first."""
    query = select(Session).where(Session.user_id == user.id, callers.is_good(Session.ended_at, Session.expires_at))
    rows, next_cursor = await pagination.by_id(db, query, Session.id, limit=limit, cursor=cursor)
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
