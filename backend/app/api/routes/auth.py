"""Accounts, logins and sessions."""

from fastapi import APIRouter, Request, Response

from app.api import cookies
from app.api.authentication import needs_session
from app.api.deps import DB, Address, CurrentUser, OwnOrigin, Pagination, Token
from app.api.problems import problems
from app.errors import Unauthenticated
from app.schemas.auth import AccessToken, Login, PasswordChange, PasswordReset, Registration, SessionRead
from app.schemas.base import Id, Page
from app.schemas.users import UserRead
from app.services.identity import accounts, callers, sessions
from app.services.identity.sessions import Tokens

router = APIRouter(prefix="/auth", tags=["auth"], responses=problems(422, 503))

LONGEST_USER_AGENT = 200


def _hand_over(request: Request, response: Response, tokens: Tokens) -> AccessToken:
    cookies.write(request, response, tokens)
    response.headers["Cache-Control"] = "no-store"
    return AccessToken(access_token=tokens.access, expires_in=tokens.expires_in)


@router.post("/register", status_code=201, responses=problems(403, 409, 413, 429))
async def register(data: Registration, db: DB, address: Address) -> UserRead:
    """Create an account, with an invite or the set-up code."""
    return await accounts.register(db, data=data, address=address)


@router.post("/login", responses=problems(401, 403, 413, 429))
async def log_in(data: Login, request: Request, response: Response, db: DB, address: Address) -> AccessToken:
    """Start a session. The answer has its access token, and a cookie its refresh token."""
    user_agent = request.headers.get("user-agent", "")[:LONGEST_USER_AGENT]
    tokens = await sessions.log_in(db, data=data, address=address, user_agent=user_agent)
    return _hand_over(request, response, tokens)


@router.post("/refresh", dependencies=[OwnOrigin], responses=problems(401, 403))
async def refresh(request: Request, response: Response, db: DB) -> AccessToken:
    """Exchange the refresh cookie for a new access token and a new cookie."""
    return _hand_over(request, response, await sessions.refresh(db, cookies.read(request)))


@router.post("/logout", status_code=204, dependencies=[OwnOrigin], responses=problems(401, 403))
async def log_out(request: Request, response: Response, db: DB, token: Token) -> None:
    """End a session: the refresh cookie's, or without a cookie the access token's."""
    presented = cookies.read(request)
    if not presented and token is None:
        raise Unauthenticated
    ended, board = await sessions.end_by_refresh_tokens(db, presented)
    if token is not None and not ended:
        caller = await callers.authenticate(token)
        needs_session(caller)
        assert caller.session_id is not None
        await sessions.end(db, user=caller.user, session_id=caller.session_id)
    cookies.forget(request, response, board)


@router.post("/password", status_code=204, responses=problems(401, 403, 413, 429))
async def change_password(data: PasswordChange, db: DB, caller: CurrentUser, address: Address) -> None:
    """Set a new password. The caller's other sessions end."""
    assert caller.session_id is not None
    await accounts.change_password(db, user=caller.user, session_id=caller.session_id, data=data, address=address)


@router.post("/reset", status_code=204, responses=problems(403, 413, 429))
async def reset_password(data: PasswordReset, db: DB, address: Address) -> None:
    """Set a new password with a one-time code. All of the member's sessions end."""
    await accounts.reset_password(db, data=data, address=address)


@router.get("/sessions", responses=problems(401, 403))
async def list_sessions(page: Pagination, db: DB, caller: CurrentUser) -> Page[SessionRead]:
    """List the caller's sessions, newest first."""
    assert caller.session_id is not None
    return await sessions.list_mine(
        db, user=caller.user, current=caller.session_id, limit=page.limit, cursor=page.cursor
    )


@router.delete("/sessions/{session_id}", status_code=204, responses=problems(401, 403, 404))
async def end_session(session_id: Id, db: DB, caller: CurrentUser) -> None:
    """End one of the caller's sessions."""
    await sessions.end(db, user=caller.user, session_id=session_id)
