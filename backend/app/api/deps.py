"""What routes need, as annotated types: a database session, the caller, and what a list's page is asked for by."""

from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.authentication import Authenticated, BearerToken, needs_admin, needs_scope, needs_session
from app.api.origins import refuse_foreign
from app.database import get_db
from app.schemas.statuses import PageQuery
from app.schemas.tokens import TokenScope
from app.services.identity.callers import Caller

DB = Annotated[AsyncSession, Depends(get_db)]

Token = Annotated[str | None, Depends(BearerToken())]
CurrentReader = Annotated[Caller, Depends(Authenticated(needs_scope(TokenScope.READ)))]
CurrentPoster = Annotated[Caller, Depends(Authenticated(needs_scope(TokenScope.POST)))]
CurrentUser = Annotated[Caller, Depends(Authenticated(needs_session))]
CurrentAdmin = Annotated[Caller, Depends(Authenticated(needs_admin))]


async def get_address(request: Request) -> str:
    """Return the client's address, as reported by a proxy in FORWARDED_ALLOW_IPS if there is one."""
    return request.client.host if request.client else "unknown"


Address = Annotated[str, Depends(get_address)]


async def own_origin_only(request: Request) -> None:
    """Refuse a browser that sends the request for another site's page."""
    refuse_foreign(request)


OwnOrigin = Depends(own_origin_only)

Pagination = Annotated[PageQuery, Query()]
