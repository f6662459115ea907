"""References, and the statuses that mention them."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.api.deps import DB, CurrentReader, Pagination
from app.api.problems import problems
from app.schemas.base import DIGITS
from app.schemas.statuses import ReferenceHistory
from app.services.statuses import reference_history

router = APIRouter(prefix="/references", tags=["references"], responses=problems(401, 403, 404, 422, 503))

# The limits of the grammar in `services/statuses/reference_grammar.py`.
Owner = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$")]
Repository = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
Number = Annotated[int, Path(ge=1, le=999_999_999), DIGITS]


@router.get("/{owner}/{repo}/{number}")
async def read_reference(
    owner: Owner, repo: Repository, number: Number, page: Pagination, *, db: DB, caller: CurrentReader
) -> ReferenceHistory:
    """Return a reference and every status that mentions it, oldest first."""
    key = (owner.lower(), repo.lower(), number)
    return await reference_history.read(db, key, reader=caller.user, limit=page.limit, cursor=page.cursor)
