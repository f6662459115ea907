"""Invites, for admins."""

from fastapi import APIRouter

from app.api.deps import DB, CurrentAdmin, Pagination
from app.api.problems import problems
from app.schemas.base import Id, Page
from app.schemas.invites import InviteCreate, InviteCreated, InviteRead
from app.services.identity import invites

router = APIRouter(prefix="/invites", tags=["invites"], responses=problems(401, 403, 422, 503))


@router.post("", status_code=201, responses=problems(413))
async def create_invite(data: InviteCreate, db: DB, caller: CurrentAdmin) -> InviteCreated:
    """Create an invite. Its code is shown only once."""
    return await invites.create(db, data=data, creator=caller.user)


@router.get("")
async def list_invites(page: Pagination, db: DB, _caller: CurrentAdmin) -> Page[InviteRead]:
    """List the invites that still work, newest first."""
    return await invites.list_usable(db, limit=page.limit, cursor=page.cursor)


@router.delete("/{invite_id}", status_code=204, responses=problems(404))
async def revoke_invite(invite_id: Id, db: DB, _caller: CurrentAdmin) -> None:
    """End an invite. Accounts created with it stay."""
    await invites.revoke(db, invite_id)
