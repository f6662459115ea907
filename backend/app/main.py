"""The FastAPI app: lifespan, middleware, routers, page."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from app import __version__
from app.api import errors
from app.api.middleware import BoardMiddleware, BodyLimitMiddleware
from app.api.router import router
from app.api.sockets import Sockets
from app.config import settings
from app.database import AsyncSessionLocal, async_engine
from app.errors import BoardError
from app.services import housekeeping, setup

log = logging.getLogger(__name__)

WEB = Path(__file__).parent / "web"
RETRY = 1.0  # seconds


async def _greet() -> None:
    """Write the set-up link to the log as soon as the database can be asked whether there is an account."""
    while True:
        try:
            async with AsyncSessionLocal() as db:
                await setup.log_link_once(db)
                return
        except BoardError:
            await asyncio.sleep(RETRY)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Follow the log and tidy up in the background. Starting neither waits for the database nor fails without it."""
    if settings.secret_is_short:
        log.warning("JWT_SECRET has fewer than 32 bytes. Set a longer one: openssl rand -hex 32")
    app.state.sockets.start()
    background = [asyncio.create_task(_greet()), asyncio.create_task(housekeeping.tidy_for_ever())]
    try:
        yield
    finally:
        for task in background:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await app.state.sockets.stop()
        await async_engine.dispose()
        log.info("The board has stopped.")


def create_app() -> FastAPI:
    """Return the app. It works without its lifespan too, all but the background work."""
    app = FastAPIOffline(
        title="Statusboard",
        version=__version__,
        summary="People, their coding agents and their CI say in one line what they do.",
        openapi_url="/api/v1/openapi.json",
        docs_url="/docs",
        redoc_url=None,
        swagger_ui_oauth2_redirect_url="/docs/oauth2-redirect",
        lifespan=lifespan,
    )
    app.state.sockets = Sockets()
    app.include_router(router)
    errors.register(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins_list,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
        expose_headers=["Retry-After", "X-Request-ID"],
    )
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(BoardMiddleware)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(WEB / "index.html")

    app.mount("/web", StaticFiles(directory=WEB), name="web")
    return app


app = create_app()
