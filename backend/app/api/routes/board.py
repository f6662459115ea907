"""The board."""

from fastapi import APIRouter, Request, Response

from app.api.answers import REVALIDATED, IfNoneMatch, fresh
from app.api.deps import CurrentReader
from app.api.problems import problems
from app.schemas.board import BoardRead
from app.services import board

router = APIRouter(tags=["board"], responses=problems(401, 403, 422, 503))


@router.get("/board", response_model=BoardRead, responses=REVALIDATED)
async def read_board(request: Request, _caller: CurrentReader, _if_none_match: IfNoneMatch = None) -> Response:
    """Return each member's newest status, and the open blockers."""
    position, moment, content = await board.read()
    return fresh(request, position, content, moment)
