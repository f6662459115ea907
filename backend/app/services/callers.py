"""Who is asking: every request shows a token, and each is checked against the database."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Final

import asyncpg
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import AccountDisabled, InvalidToken
from app.models import ApiToken, Session, User
from app.models.columns import among
from app.schemas.tokens import Scope
from app.services import access_tokens, api_tokens, secrets
from app.services.feed import Position
from app.services.lookups import Lookup
from app.services.transactions import autocommit, direct

# `last_used_at` is for people, who don't look at seconds; a write for each request would be dear.
LAST_USE_PRECISION: Final = timedelta(minutes=1)

# How long, and how many callers a process remembers: shorter than it takes for a token's use to be noted again.
RECALLED: Final = timedelta(seconds=30)
MOST_RECALLED: Final = 1024

ALL_SCOPES: Final = frozenset(Scope)

USER_COLUMNS: Final = tuple(column.name for column in User.__table__.columns)

# One statement for all who ask in one turn of the event loop, by the bare driver, and the head of the log with it: who
# reads what a process has at hand is then told in this one round trip whether that still holds. An array that stands
# there itself PostgreSQL would plan for anew each time, by its length, which takes longer than to run it.
_WHO: Final = ", ".join(f"u.{name}" for name in USER_COLUMNS) + ", clock_timestamp() AS now, h.seq, h.mark"
BY_SESSION: Final = f"""
    SELECT s.id AS key, {_WHO}, s.ended_at IS NULL AND s.expires_at > clock_timestamp() AS alive, b.id AS board
    FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN feed_head h ON true LEFT JOIN board b ON true
    WHERE s.id = ANY((SELECT $1::bigint[])::bigint[])
"""  # noqa: S608 -- constants
BY_API_TOKEN: Final = f"""
    SELECT t.hash AS key, {_WHO}, t.id AS token_id, t.scopes, t.expires_at, t.last_used_at
    FROM api_tokens t JOIN users u ON u.id = t.user_id LEFT JOIN feed_head h ON true
    WHERE t.hash = ANY((SELECT $1::bytea[])::bytea[]) AND t.revoked_at IS NULL
"""  # noqa: S608 -- constants
# Whether a caller still stands as they were found, for statements that check that themselves: by four parameters, the
# member's id and display name, and the ids of their session and their API token, of which one is null.
GOOD: Final = """(
    EXISTS (SELECT FROM sessions WHERE id = {session} AND ended_at IS NULL AND expires_at > clock_timestamp())
    OR EXISTS (SELECT FROM api_tokens WHERE id = {api_token} AND revoked_at IS NULL
               AND coalesce(expires_at > clock_timestamp(), true))
)"""
STANDS: Final = (
    f"EXISTS (SELECT FROM users WHERE id = {{user}} AND NOT disabled AND display_name = {{name}}) AND {GOOD}"
)
NOTE_USE: Final = "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose it is, and which session or API token: all that an open socket keeps of its caller."""

    user_id: int
    session_id: int | None
    api_token_id: int | None


@dataclass(frozen=True)
class Caller:
    """A member who asks, and by what credential: a session, or an API token."""

    row: asyncpg.Record = field(repr=False)
    session_id: int | None
    api_token_id: int | None
    scopes: frozenset[Scope]
    # Seconds until the credential's own time is over, when it was checked; None for a token that lasts.
    remaining: float | None
    # When the check began, by the event loop's clock.
    since: float

    @cached_property
    def user(self) -> User:
        """The member; it belongs to no session of the database."""
        return User(**{name: self.row[name] for name in USER_COLUMNS})

    @property
    def position(self) -> Position | None:
        """Where the log stood at that moment; None while the database is being restored."""
        return None if self.row["seq"] is None else Position(self.row["seq"], self.row["mark"])

    @property
    def moment(self) -> datetime:
        """What time it was then, by the database's clock."""
        moment: datetime = self.row["now"]
        return moment

    @property
    def credential(self) -> Credential:
        """What is to be looked up again to tell whether the caller may still listen."""
        return Credential(self.row["id"], self.session_id, self.api_token_id)


@direct
async def _rows(connection: asyncpg.Connection, sql: str, keys: list[int] | list[bytes]) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(sql, keys)
    return rows


@direct
async def _note_use(connection: asyncpg.Connection, token_id: int, moment: datetime) -> None:
    await connection.execute(NOTE_USE, token_id, moment)


_by_session: Final = Lookup[int, asyncpg.Record](partial(_rows, BY_SESSION), key="key")
_by_api_token: Final = Lookup[bytes, asyncpg.Record](partial(_rows, BY_API_TOKEN), key="key")


async def _by_access_token(token: str, since: float) -> Caller:
    claims = access_tokens.read(token)
    row = await _by_session.find(claims.session_id)
    if row is None or row["id"] != claims.user_id or claims.board not in {None, str(row["board"])}:
        raise InvalidToken
    moment: datetime = row["now"]
    if row["disabled"]:
        raise AccountDisabled
    if not row["alive"] or claims.is_expired(moment):
        raise InvalidToken
    remaining = claims.expires_at + access_tokens.LEEWAY.total_seconds() - moment.timestamp()
    return Caller(row, claims.session_id, None, ALL_SCOPES, remaining, since)


async def _by_own_token(token: str, since: float) -> Caller:
    row = await _by_api_token.find(secrets.digest(token))
    if row is None:
        raise InvalidToken
    moment, expires_at = row["now"], row["expires_at"]
    if row["disabled"]:
        raise AccountDisabled
    if expires_at is not None and expires_at <= moment:
        raise InvalidToken
    last_used_at = row["last_used_at"]
    if last_used_at is None or moment - last_used_at > LAST_USE_PRECISION:
        await _note_use(row["token_id"], moment)
    remaining = None if expires_at is None else (expires_at - moment).total_seconds()
    scopes = frozenset(map(Scope, row["scopes"]))
    return Caller(row, None, row["token_id"], scopes, remaining, since)


# By their tokens, those who were found last.
_found: dict[str, Caller] = {}


def recall(token: str) -> Caller | None:
    """Return who showed this token when it was looked up last, shortly ago, or None.

    They may no longer stand so: whoever does something for them has the very statement check it, by `STANDS`.
    """
    caller = _found.get(token)
    if caller is None:
        return None
    age = asyncio.get_running_loop().time() - caller.since
    if 0 <= age < RECALLED.total_seconds() and (caller.remaining is None or age < caller.remaining):
        return caller
    forget(token)
    return None


def forget(token: str) -> None:
    """Have this token looked up anew; one that is not known is no error."""
    _found.pop(token, None)


async def authenticate(token: str) -> Caller:
    """Return who shows this access token or API token.

    Raises:
        InvalidToken: it is not ours, is expired or revoked, or its session has ended.
        AccountDisabled: its owner's account is disabled.
    """
    since = asyncio.get_running_loop().time()
    by = _by_own_token if token.startswith(api_tokens.PREFIX) else _by_access_token
    caller = await by(token, since)
    if len(_found) >= MOST_RECALLED:
        _found.pop(next(iter(_found)))
    _found[token] = caller
    return caller


@dataclass(frozen=True, slots=True)
class Standing:
    """Which of many credentials are still good, and which accounts are disabled."""

    live_sessions: frozenset[int]
    live_api_tokens: frozenset[int]
    disabled_users: frozenset[int]

    def includes(self, credential: Credential) -> bool:
        """Tell whether the session or API token is still good."""
        return credential.session_id in self.live_sessions or credential.api_token_id in self.live_api_tokens


@autocommit
async def standing(db: AsyncSession, *, sessions: list[int], api_tokens: list[int], users: list[int]) -> Standing:
    """Tell how the credentials of many open sockets stand, in three queries however many there are."""
    now = func.clock_timestamp()
    alive = select(Session.id).where(among(Session.id, sessions), Session.ended_at.is_(None), Session.expires_at > now)
    good = select(ApiToken.id).where(
        among(ApiToken.id, api_tokens),
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
    )
    disabled = select(User.id).where(among(User.id, users), User.disabled)
    return Standing(
        frozenset(await db.scalars(alive)), frozenset(await db.scalars(good)), frozenset(await db.scalars(disabled))
    )
