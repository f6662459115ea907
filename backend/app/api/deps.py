"""What routes ask for: a session of the database, and who is asking, as annotated types.

All of them are coroutines, also those that wait for nothing: FastAPI has a thread run a function that is none.
"""

from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.bearer import token_in
from app.api.origins import refuse_foreign
from app.api.response_cache import CALLER
from app.database import get_db
from app.errors import AdminsOnly, InsufficientScope, SessionRequired, Unauthenticated
from app.models.user import Role
from app.schemas.statuses import PageQuery
from app.schemas.tokens import Scope
from app.services.identity import callers
from app.services.identity.callers import Caller

DB = Annotated[AsyncSession, Depends(get_db)]

# For the schema; what the header says, `token_in` reads.
Documented = Security(HTTPBearer(auto_error=False, description="An access token, or a personal API token (`sb_…`)."))


async def get_token(request: Request, _documented: Annotated[object, Documented]) -> str | None:
    """Return the token in `Authorization`, if there is one."""
    return token_in(request.headers.get("authorization"))


Bearer = Annotated[str | None, Depends(get_token)]


async def get_caller(request: Request, token: Bearer) -> Caller:
    """Return who asks, by the token in `Authorization`; the response cache may have found that out already."""
    found: Caller | None = request.scope.get(CALLER)
    if found is not None:
        return found
    if token is None:
        raise Unauthenticated
    return await callers.authenticate(token)


AnyCaller = Annotated[Caller, Depends(get_caller)]


async def get_reader(caller: AnyCaller) -> Caller:
    """Return who asks, if it may read."""
    if Scope.READ not in caller.scopes:
        raise InsufficientScope
    return caller


async def get_poster(caller: AnyCaller) -> Caller:
    """Return who asks, if it may post."""
    if Scope.POST not in caller.scopes:
        raise InsufficientScope
    return caller


async def get_session_caller(caller: AnyCaller) -> Caller:
    """Return who asks, if by a login of its own: an API token manages no accounts."""
    if caller.session_id is None:
        raise SessionRequired
    return caller


CurrentReader = Annotated[Caller, Depends(get_reader)]
CurrentPoster = Annotated[Caller, Depends(get_poster)]
CurrentUser = Annotated[Caller, Depends(get_session_caller)]


async def get_admin(caller: CurrentUser) -> Caller:
    """Return who asks, if an admin."""
    if caller.user.role != Role.ADMIN:
        raise AdminsOnly
    return caller


CurrentAdmin = Annotated[Caller, Depends(get_admin)]


async def get_address(request: Request) -> str:
    """Return the client's address; behind a proxy that FORWARDED_ALLOW_IPS names, the one that it tells."""
    return request.client.host if request.client else "unknown"


Address = Annotated[str, Depends(get_address)]


async def own_origin_only(request: Request) -> None:
    """Refuse a browser that asks on behalf of somebody else's page."""
    refuse_foreign(request)


OwnOrigin = Depends(own_origin_only)

Page = Annotated[PageQuery, Query()]
