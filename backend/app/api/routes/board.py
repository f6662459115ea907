"""The board."""

from fastapi import APIRouter

from app.api.deps import DB, CurrentReader
from app.api.problems import problems
from app.schemas.board import BoardRead
from app.services import board

router = APIRouter(tags=["board"], responses=problems(401, 403, 422, 503))


@router.get("/board")
async def read_board(db: DB, _caller: CurrentReader) -> BoardRead:
    """Return each member's newest status, and the open blockers."""
    return await board.read(db)
