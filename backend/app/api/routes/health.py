"""Liveness and readiness."""

from fastapi import APIRouter, Request, Response

from app import __version__
from app.api.deps import DB
from app.config import settings
from app.schemas.health import Health, NotReady, Ready
from app.services import readiness

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Answer that the process is alive; the database may be away."""
    return Health()


@router.get("/ready", responses={503: {"model": NotReady, "description": "What the process waits for."}})
async def ready(request: Request, response: Response, db: DB) -> Ready | NotReady:
    """Answer whether the process can do its work: the database is there and migrated, and the feed listens."""
    missing = await readiness.missing(db, listening=request.app.state.sockets.feed.connected)
    if not missing:
        return Ready(version=__version__, revision=settings.REVISION)
    response.status_code = 503
    return NotReady(version=__version__, revision=settings.REVISION, missing=missing)
