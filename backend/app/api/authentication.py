"""Who is asking: the token in `Authorization`, and the dependencies that check it.

FastAPI spends more time on each dependency than most dependencies need. So the caller is a single dependency instead of
a chain. All are coroutines, because FastAPI runs plain functions in a thread.
"""

import re
from collections.abc import Callable
from typing import Final

from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from app.errors import AdminsOnly, InsufficientScope, SessionRequired, Unauthenticated
from app.models.user import Role
from app.schemas.tokens import TokenScope
from app.services.identity import callers
from app.services.identity.callers import Caller

# RFC 9110, section 11.4: the scheme in any case, then at least one space, then the token. Spaces around the whole
# aren't part of the field's value (section 5.5).
CREDENTIALS: Final = re.compile(r"[ \t]*bearer +(.*?)[ \t]*", re.IGNORECASE)

# The key in the request's scope under which the response cache passes the caller to the route.
CALLER: Final = "statusboard.caller"


def token_in(authorization: str | None) -> str | None:
    """Return the token in an `Authorization` header, or None if there is none."""
    match = CREDENTIALS.fullmatch(authorization or "")
    return (match[1] or None) if match else None


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
