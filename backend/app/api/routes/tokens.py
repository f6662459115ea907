"""Personal API tokens."""

from fastapi import APIRouter

from app.api.deps import DB, CurrentUser, Pagination
from app.api.problems import problems
from app.schemas.base import Id, Page
from app.schemas.tokens import TokenCreate, TokenCreated, TokenRead
from app.services.identity import api_tokens

router = APIRouter(prefix="/tokens", tags=["tokens"], responses=problems(401, 403, 422, 503))


@router.post("", status_code=201, responses=problems(413))
async def create_token(data: TokenCreate, db: DB, caller: CurrentUser) -> TokenCreated:
    """Create an API token. It is shown only once."""
    return await api_tokens.create(db, user=caller.user, data=data)


@router.get("")
async def list_tokens(page: Pagination, db: DB, caller: CurrentUser) -> Page[TokenRead]:
    """List the caller's API tokens, newest first."""
    return await api_tokens.list_mine(db, user=caller.user, limit=page.limit, cursor=page.cursor)


@router.delete("/{token_id}", status_code=204, responses=problems(404))
async def revoke_token(token_id: Id, db: DB, caller: CurrentUser) -> None:
    """Revoke one of the caller's API tokens."""
    await api_tokens.revoke(db, user=caller.user, token_id=token_id)
