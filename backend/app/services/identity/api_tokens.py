"""Personal API tokens: for agents, scripts and CI."""

from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import AlreadyExpired, NotFound
from app.models import ApiToken, User
from app.schemas.base import Page
from app.schemas.tokens import TokenCreate, TokenCreated, TokenRead
from app.services import pagination
from app.services.identity import secrets
from app.services.transactions import autocommit, transaction

# With this prefix, people and secret scanners recognise a token.
PREFIX: Final = "sb_"


@transaction
async def create(db: AsyncSession, *, user: User, data: TokenCreate) -> TokenCreated:
    """Create a token. Its secret is in the answer and nowhere else.

    Raises:
        AlreadyExpired: `expires_at` is in the past, by the database's clock.
    """
    if data.expires_at is not None and await db.scalar(select(func.clock_timestamp() >= data.expires_at)):
        raise AlreadyExpired
    secret = PREFIX + secrets.new()
    token = ApiToken(
        user_id=user.id,
        name=data.name,
        hash=secrets.digest(secret),
        scopes=[str(scope) for scope in data.scopes],
        expires_at=data.expires_at,
    )
    db.add(token)
    await db.flush()
    await db.refresh(token)
    return TokenCreated(**TokenRead.model_validate(token).model_dump(), token=secret)


@autocommit
async def list_mine(db: AsyncSession, *, user: User, limit: int, cursor: str | None) -> Page[TokenRead]:
    """Return the member's tokens, including expired ones, newest first."""
    query = select(ApiToken).where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
    rows, next_cursor = await pagination.by_id(db, query, ApiToken.id, limit=limit, cursor=cursor)
    return Page(items=[TokenRead.model_validate(token) for (token,) in rows], next_cursor=next_cursor)


@transaction
async def revoke(db: AsyncSession, *, user: User, token_id: int) -> None:
    """Revoke a token at once.

    Raises:
        NotFound: the member has no such token.
    """
    mine = update(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
    if await db.scalar(mine.values(revoked_at=func.clock_timestamp()).returning(ApiToken.id)) is None:
        raise NotFound("You have no such token.")
