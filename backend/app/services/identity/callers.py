"""Who the caller is. Every request has a token, and each token is checked in the database."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import batched
from typing import Any, Final

import asyncpg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    LargeBinary,
    Select,
    String,
    and_,
    any_,
    bindparam,
    cast,
    func,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import AccountDisabled, BoardError, InvalidToken
from app.models import ApiToken, Board, FeedHead, Session, User
from app.schemas.tokens import TokenScope
from app.services.batching import BatchLoader
from app.services.feed.log import Position
from app.services.identity import access_tokens, api_tokens, secrets
from app.services.statements import Statement
from app.services.transactions import direct

# `last_used_at` is for people, who don't need seconds. A write for each request would be expensive.
LAST_USE_PRECISION: Final = timedelta(minutes=1)

ALL_SCOPES: Final = frozenset(TokenScope)

USER_COLUMNS: Final = tuple(column.name for column in User.__table__.columns)

# How many open sockets' credentials are looked up at a time, so that the event loop can do other work in between.
CHECKED_AT_ONCE: Final = 500

# A session has an id, and an API token the hash of its secret.
type Key = int | bytes


def is_good(
    ended_at: InstrumentedAttribute[datetime | None], expires_at: InstrumentedAttribute[Any]
) -> ColumnElement[bool]:
    """Return the condition that a session or an API token is valid, by the database's clock."""
    return and_(ended_at.is_(None), or_(expires_at.is_(None), expires_at > func.clock_timestamp()))


def _among(column: InstrumentedAttribute[Any], name: str, type_: ARRAY[Any]) -> ColumnElement[bool]:
    # For a plain array PostgreSQL would make a new plan each time, because of its length, which takes longer than
    # running the query.
    return column == any_(cast(select(bindparam(name, type_=type_)).scalar_subquery(), type_))


def _find() -> Select[Any]:
    """Return the query for the members with these credentials, and for the board's current state.

    It includes the log's head, so one round trip also tells whether a stored answer is still current.
    """
    sessions = select(
        Session.id.label("session_id"),
        type_coerce(null(), LargeBinary).label("token_hash"),
        type_coerce(null(), BigInteger).label("token_id"),
        Session.user_id,
        type_coerce(null(), ARRAY(String)).label("scopes"),
        Session.expires_at,
        type_coerce(null(), DateTime(timezone=True)).label("last_used_at"),
        is_good(Session.ended_at, Session.expires_at).label("is_good"),
    ).where(_among(Session.id, "session_ids", ARRAY(BigInteger)))
    api_tokens = select(
        null(),
        ApiToken.hash,
        ApiToken.id,
        ApiToken.user_id,
        ApiToken.scopes,
        ApiToken.expires_at,
        ApiToken.last_used_at,
        is_good(ApiToken.revoked_at, ApiToken.expires_at),
    ).where(_among(ApiToken.hash, "token_hashes", ARRAY(LargeBinary)))
    credentials = union_all(sessions, api_tokens).subquery()
    return (
        select(
            *(column for column in credentials.c if column.name != "user_id"),
            *User.__table__.columns,
            func.clock_timestamp().label("now"),
            *(FeedHead.seq, FeedHead.mark),
            Board.id.label("board"),
        )
        .join_from(credentials, User, User.id == credentials.c.user_id)
        .outerjoin(FeedHead, true())
        .outerjoin(Board, true())
    )


FIND: Final = Statement.of(_find())
NOTE_USE: Final = "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Credential:
    """A member, and their session or API token. This is all that an open socket stores about its caller."""

    user_id: int
    key: Key


@dataclass(frozen=True)
class Caller:
    """A member, with the session or the API token that they used."""

    row: asyncpg.Record = field(repr=False)
    scopes: frozenset[TokenScope]
    # Seconds until the credential expires, when it was checked. None for a token that doesn't expire.
    remaining: float | None
    # When the check began, by the event loop's clock.
    since: float

    @cached_property
    def user(self) -> User:
        """The member. The object belongs to no database session."""
        return User(**{name: self.row[name] for name in USER_COLUMNS})

    @property
    def session_id(self) -> int | None:
        """The session, unless it is an API token."""
        session_id: int | None = self.row["session_id"]
        return session_id

    @property
    def position(self) -> Position | None:
        """The log's position at that moment. None while the database is being restored."""
        return None if self.row["seq"] is None else Position(self.row["seq"], self.row["mark"])

    @property
    def moment(self) -> datetime:
        """The time at that moment, by the database's clock."""
        moment: datetime = self.row["now"]
        return moment

    @property
    def credential(self) -> Credential:
        """What to look up again, to tell whether the caller may still listen."""
        return Credential(self.row["id"], _key(self.row))


def _key(row: asyncpg.Record) -> Key:
    key: Key = row["token_hash"] if row["session_id"] is None else row["session_id"]
    return key


@direct
async def _rows(connection: asyncpg.Connection, keys: Collection[Key]) -> list[asyncpg.Record]:
    ids = [key for key in keys if isinstance(key, int)]
    hashes = [key for key in keys if isinstance(key, bytes)]
    return await FIND.fetch(connection, {"session_ids": ids, "token_hashes": hashes})


@direct
async def _note_use(connection: asyncpg.Connection, token_id: int, moment: datetime) -> None:
    await connection.execute(NOTE_USE, token_id, moment)


_loader: Final = BatchLoader[Key, asyncpg.Record](_rows, key=_key)


def _check(row: asyncpg.Record | None) -> asyncpg.Record:
    """Return a credential's row, if it is valid.

    Raises:
        AccountDisabled, InvalidToken: it isn't.
    """
    if row is None:
        raise InvalidToken
    if row["disabled"]:
        raise AccountDisabled
    if not row["is_good"]:
        raise InvalidToken
    return row


async def _by_access_token(token: str, since: float) -> Caller:
    claims = access_tokens.read(token)
    row = await _loader.load(claims.session_id)
    if row is None or row["id"] != claims.user_id or claims.board not in {None, str(row["board"])}:
        raise InvalidToken
    now: datetime = _check(row)["now"]
    if claims.is_expired(now):
        raise InvalidToken
    remaining = claims.expires_at + access_tokens.LEEWAY.total_seconds() - now.timestamp()
    return Caller(row, ALL_SCOPES, remaining, since)


async def _by_api_token(token: str, since: float) -> Caller:
    row = _check(await _loader.load(secrets.digest(token)))
    now, expires_at, last_used_at = row["now"], row["expires_at"], row["last_used_at"]
    if last_used_at is None or now - last_used_at > LAST_USE_PRECISION:
        await _note_use(row["token_id"], now)
    # A newer version may have added scopes that this one doesn't know.
    scopes = ALL_SCOPES.intersection(row["scopes"])
    return Caller(row, scopes, None if expires_at is None else (expires_at - now).total_seconds(), since)


async def authenticate(token: str) -> Caller:
    """Return the caller with this access token or API token.

    Raises:
        InvalidToken: it isn't ours, is expired or revoked, or its session has ended.
        AccountDisabled: its owner's account is disabled.
    """
    since = asyncio.get_running_loop().time()
    by = _by_api_token if token.startswith(api_tokens.PREFIX) else _by_access_token
    return await by(token, since)


async def ended(credentials: Collection[Credential]) -> dict[Credential, BoardError]:
    """Return which of many credentials are no longer valid, and why."""
    found: dict[Credential, BoardError] = {}
    for some in batched(credentials, CHECKED_AT_ONCE, strict=False):
        rows = {_key(row): row for row in await _rows({credential.key for credential in some})}
        for credential in some:
            try:
                _check(rows.get(credential.key))
            except BoardError as error:
                found[credential] = error
    return found
