"""The board."""

from fastapi import APIRouter, Request, Response

from app.api.deps import CurrentReader
from app.api.problems import problems
from app.api.response_cache import REPEATABLE, repeatable
from app.schemas.board import BoardRead
from app.services.statuses import board

router = APIRouter(tags=["board"], responses=problems(401, 403, 422, 503))


@router.get("/board", response_model=BoardRead, **REPEATABLE)
async def read_board(request: Request, _caller: CurrentReader) -> Response:
    """Return each member's newest status, and the open blockers."""
    position, moment, content = await board.read()
    return repeatable(request, content, position=position, moment=moment)
