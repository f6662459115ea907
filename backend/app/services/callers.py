"""Who is asking: every request shows a token, and each is checked against the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import AccountDisabled, InvalidToken
from app.models import ApiToken, Session, User
from app.models.columns import among
from app.schemas.tokens import Scope
from app.services import access_tokens, api_tokens, secrets
from app.services.transactions import autocommit

# `last_used_at` is for people, who don't look at seconds; a write for each request would be dear.
LAST_USE_PRECISION: Final = timedelta(minutes=1)

ALL_SCOPES: Final = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose it is, and which session or API token: all that an open socket keeps of its caller."""

    user_id: int
    session_id: int | None
    api_token_id: int | None


@dataclass(frozen=True, slots=True)
class Caller:
    """A member who asks, and by what credential: a session, or an API token."""

    user: User
    session_id: int | None
    api_token_id: int | None
    scopes: frozenset[Scope]
    # Seconds until the credential's own time is over, when it was checked; None for a token that lasts.
    remaining: float | None

    @property
    def credential(self) -> Credential:
        """What is to be looked up again to tell whether the caller may still listen."""
        return Credential(self.user.id, self.session_id, self.api_token_id)


async def _by_access_token(db: AsyncSession, token: str) -> Caller:
    claims = access_tokens.read(token)
    now = func.clock_timestamp()
    query = (
        select(User, Session.ended_at.is_(None) & (Session.expires_at > now), now)
        .join(Session, Session.user_id == User.id)
        .where(Session.id == claims.session_id, User.id == claims.user_id)
    )
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise InvalidToken
    user, alive, moment = row
    if user.disabled:
        raise AccountDisabled
    if not alive or claims.is_expired(moment):
        raise InvalidToken
    remaining = claims.expires_at + access_tokens.LEEWAY.total_seconds() - moment.timestamp()
    return Caller(user, claims.session_id, None, ALL_SCOPES, remaining)


async def _by_api_token(db: AsyncSession, token: str) -> Caller:
    now = func.clock_timestamp()
    query = (
        select(User, ApiToken.id, ApiToken.scopes, ApiToken.expires_at, ApiToken.last_used_at, now)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(ApiToken.hash == secrets.digest(token), ApiToken.revoked_at.is_(None))
    )
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise InvalidToken
    user, token_id, scopes, expires_at, last_used_at, moment = row
    if user.disabled:
        raise AccountDisabled
    if expires_at is not None and expires_at <= moment:
        raise InvalidToken
    await _note_use(db, token_id, last_used_at, moment)
    remaining = None if expires_at is None else (expires_at - moment).total_seconds()
    return Caller(user, None, token_id, frozenset(map(Scope, scopes)), remaining)


async def _note_use(db: AsyncSession, token_id: int, last_used_at: datetime | None, now: datetime) -> None:
    if last_used_at is None or now - last_used_at > LAST_USE_PRECISION:
        await db.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))


@autocommit
async def authenticate(db: AsyncSession, token: str) -> Caller:
    """Return who shows this access token or API token.

    Raises:
        InvalidToken: it is not ours, is expired or revoked, or its session has ended.
        AccountDisabled: its owner's account is disabled.
    """
    if token.startswith(api_tokens.PREFIX):
        return await _by_api_token(db, token)
    return await _by_access_token(db, token)


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
