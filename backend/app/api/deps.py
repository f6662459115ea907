"""What routes need: a database session and the caller, as annotated types.

FastAPI spends more time on each dependency than most dependencies need. So the caller is a single dependency instead of
a chain. All are coroutines, because FastAPI runs plain functions in a thread.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.bearer import token_in
from app.api.origins import refuse_foreign
from app.api.response_cache import CALLER
from app.database import get_db
from app.errors import AdminsOnly, InsufficientScope, SessionRequired, Unauthenticated
from app.models.user import Role
from app.schemas.statuses import PageQuery
from app.schemas.tokens import TokenScope
from app.services.identity import callers
from app.services.identity.callers import Caller

DB = Annotated[AsyncSession, Depends(get_db)]


class BearerToken(SecurityBase):
    """The token in `Authorization`, if there is one. In the schema, this is the only way to log in."""

    scheme_name = "HTTPBearer"
    model = HTTPBearer(description="An access token, or a personal API token (`sb_…`).")

    async def __call__(self, request: Request) -> str | None:
        """Return the token."""
        return token_in(request.headers.get("authorization"))


class Authenticated(SecurityBase):
    """The caller, from the token in `Authorization`, if they pass a check."""

    scheme_name = BearerToken.scheme_name
    model = BearerToken.model

    def __init__(self, check: Callable[[Caller], None]) -> None:
        self._check = check

    async def __call__(self, request: Request) -> Caller:
        """Return the caller. The response cache may already have found them."""
        caller: Caller | None = request.scope.get(CALLER)
        if caller is None:
            token = token_in(request.headers.get("authorization"))
            if token is None:
                raise Unauthenticated
            caller = await callers.authenticate(token)
        self._check(caller)
        return caller


def needs_scope(scope: TokenScope) -> Callable[[Caller], None]:
    """Return the check that a caller has a scope."""

    def check(caller: Caller) -> None:
        if scope not in caller.scopes:
            raise InsufficientScope

    return check


def needs_session(caller: Caller) -> None:
    """Check that the caller has logged in: API tokens can't manage accounts."""
    if caller.session_id is None:
        raise SessionRequired


def needs_admin(caller: Caller) -> None:
    """Check that the caller has logged in, and is an admin."""
    needs_session(caller)
    if caller.user.role != Role.ADMIN:
        raise AdminsOnly


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
