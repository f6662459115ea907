"""Statuses."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from app.api.deps import DB, CurrentPoster, CurrentReader
from app.api.problems import problems
from app.api.response_cache import REPEATABLE, repeatable
from app.schemas.base import Id
from app.schemas.statuses import SearchPage, StatusCreate, StatusPage, StatusQuery, StatusRead, StatusUpdate
from app.services.statuses import editing, listing, posting, reading

router = APIRouter(prefix="/statuses", tags=["statuses"], responses=problems(401, 403, 422, 503))

# Visible ASCII, as in draft-ietf-httpapi-idempotency-key-header.
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=255, pattern=r"^[!-~]+$")]


@router.post("", status_code=201, response_model=StatusRead, responses=problems(404, 413))
async def post_status(data: StatusCreate, caller: CurrentPoster, idempotency_key: IdempotencyKey = None) -> Response:
    """Post a status. A 201 means that it is stored durably, and that every reader gets it exactly once, in order."""
    status = await posting.post(author=caller.user, data=data, key=idempotency_key, since=caller.since)
    return Response(status, status_code=201, media_type="application/json")


@router.get("", response_model=StatusPage | SearchPage, **REPEATABLE)
async def list_statuses(wanted: Annotated[StatusQuery, Query()], request: Request, caller: CurrentReader) -> Response:
    """List the statuses that match all filters, newest first. With `q`, each says where its words are."""
    position, page = await listing.read(caller, wanted)
    if wanted.q is not None:
        return Response(page, media_type="application/json")
    return repeatable(request, page, position=position, moment=caller.moment)


@router.get("/{status_id}", responses=problems(404))
async def read_status(status_id: Id, db: DB, _caller: CurrentReader) -> StatusRead:
    """Return one status."""
    return await reading.find(db, status_id)


@router.patch("/{status_id}", responses=problems(404, 409, 413))
async def edit_status(status_id: Id, changes: StatusUpdate, db: DB, caller: CurrentPoster) -> StatusRead:
    """Edit the caller's own status, within 15 minutes."""
    return await editing.edit(db, editor=caller.user, status_id=status_id, changes=changes)


@router.delete("/{status_id}", status_code=204, responses=problems(404))
async def delete_status(status_id: Id, db: DB, caller: CurrentPoster) -> None:
    """Delete a status: the caller's own, or as an admin anyone's."""
    await editing.remove(db, remover=caller.user, status_id=status_id)
