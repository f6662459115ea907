"""Liveness and readiness."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from app import __version__
from app.api.deps import DB
from app.api.errors import answer
from app.api.problems import NOT_READY
from app.config import settings
from app.errors import DatabaseUnavailable
from app.schemas.health import Health, NotReady, Ready
from app.services import readiness

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Answer that the process is alive, even without a database."""
    return Health()


@router.get("/ready", response_model=Ready, responses=NOT_READY)
async def ready(request: Request, db: DB) -> Ready | Response:
    """Answer whether the process can work: the database is available and migrated, and the feed is listening."""
    missing = await readiness.missing(db, listening=request.app.state.sockets.feed.connected)
    if not missing:
        return Ready(version=__version__, revision=settings.REVISION, titles=settings.titles)
    status = HTTPStatus.SERVICE_UNAVAILABLE
    problem = NotReady(
        title=status.phrase,
        status=status,
        code="not_ready",
        detail=f"Not ready yet: waiting for {', '.join(missing)}.",
        version=__version__,
        revision=settings.REVISION,
        missing=missing,
    )
    return answer(problem, {"Retry-After": str(DatabaseUnavailable.retry_after)})
