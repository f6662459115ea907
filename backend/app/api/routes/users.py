"""Members."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api.deps import DB, CurrentAdmin, CurrentReader, CurrentUser
from app.api.problems import problems
from app.schemas.base import Page
from app.schemas.text import Username
from app.schemas.users import MemberUpdate, ProfileUpdate, ResetCodeRead, UserQuery, UserRead
from app.services.identity import accounts, members

router = APIRouter(prefix="/users", tags=["users"], responses=problems(401, 403, 422, 503))

Name = Annotated[Username, Path()]


@router.get("/me")
async def read_me(caller: CurrentReader) -> UserRead:
    """Return the caller."""
    return UserRead.model_validate(caller.user)


@router.patch("/me", responses=problems(413))
async def update_me(changes: ProfileUpdate, db: DB, caller: CurrentUser) -> UserRead:
    """Change the caller's display name or time zone."""
    return await members.update_profile(db, user=caller.user, changes=changes)


@router.get("")
async def list_users(wanted: Annotated[UserQuery, Query()], db: DB, _caller: CurrentReader) -> Page[UserRead]:
    """List members, newest first: all, only the disabled ones, or only the others."""
    return await members.list_all(db, disabled=wanted.disabled, limit=wanted.limit, cursor=wanted.cursor)


@router.get("/{username}", responses=problems(404))
async def read_user(username: Name, db: DB, _caller: CurrentReader) -> UserRead:
    """Return one member."""
    return await members.find(db, username)


@router.patch("/{username}", responses=problems(404, 409, 413))
async def administer_user(username: Name, changes: MemberUpdate, db: DB, caller: CurrentAdmin) -> UserRead:
    """Change a member's role, or disable or enable the account."""
    return await members.administer(db, admin=caller.user, username=username, changes=changes)


@router.post("/{username}/reset", status_code=201, responses=problems(404))
async def create_reset_code(username: Name, db: DB, caller: CurrentAdmin) -> ResetCodeRead:
    """Create a one-time code with which the member sets a new password."""
    return await accounts.create_reset_code(db, username=username, creator=caller.user)
