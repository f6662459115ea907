"""The FastAPI app: lifespan, middleware, routers, page."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app import __version__
from app.api import errors, problems
from app.api.hosts import Hosts
from app.api.live.sockets import Sockets
from app.api.middleware import BoardMiddleware, HeadMiddleware, LimitsMiddleware
from app.api.response_cache import ResponseCache
from app.api.router import include, words
from app.api.web_page import WebPage
from app.config import settings
from app.database import AsyncSessionLocal, async_engine
from app.errors import BoardError
from app.services import job_reports
from app.services.identity import setup

log = logging.getLogger(__name__)

SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"
RETRY = 1.0  # seconds
# Both in seconds. At the start, the worker may start later than the board.
LOOK_FOR_WORKER = 180.0
WARN_AGAIN = 3600.0
# Fixed words of paths, as in `router.words`.
OTHER_WORDS = frozenset({"api", "v1", "openapi.json", "docs", "assets", "web"})


async def _greet() -> None:
    """Log the set-up link once the database can say whether there is an account."""
    while True:
        try:
            async with AsyncSessionLocal() as db:
                await setup.log_link_once(db)
                return
        except BoardError:
            await asyncio.sleep(RETRY)


async def warn_without_worker() -> None:
    """Warn, at most once an hour, if no worker is running."""
    while True:
        await asyncio.sleep(LOOK_FOR_WORKER)
        with suppress(BoardError):
            async with AsyncSessionLocal() as db:
                jobs = await job_reports.current(db)
            if not jobs:
                log.warning(job_reports.NO_WORKER)
                await asyncio.sleep(WARN_AGAIN)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Follow the log in the background. Starting neither waits for the database nor fails without it."""
    if settings.secret_is_short:
        log.warning("JWT_SECRET has fewer than 32 bytes. Set a longer one: openssl rand -hex 32")
    for name in settings.database_ignored:
        log.info("DATABASE_URL's parameter %s has no effect.", name)
    app.state.sockets.start()
    background = [asyncio.create_task(_greet()), asyncio.create_task(warn_without_worker())]
    try:
        yield
    finally:
        for task in background:
            task.cancel()
        await asyncio.wait(background)
        await app.state.sockets.stop()
        await async_engine.dispose()
        log.info("The board has stopped.")


class Statusboard(FastAPI):
    """The app, with its own middleware around FastAPI's."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the layers that every request and every socket passes through."""
        requests = super().build_middleware_stack()
        return BoardMiddleware(
            requests, sockets=self.router, words=words() | OTHER_WORDS, hosts=Hosts(settings.host_names)
        )

    def prepare(self) -> None:
        """Do before the first request what each process would otherwise do by itself."""
        self.state.page.compress()


def create_app() -> FastAPI:
    """Return the app. Without its lifespan it works too, except for the background work."""
    app = Statusboard(
        title="Statusboard",
        version=__version__,
        summary="People, their coding agents and their CI post one line about what they are doing.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # FastAPI's own page loads Swagger UI from other hosts and runs inline scripts
        redoc_url=None,
        redirect_slashes=False,  # a path with an extra slash is a 404, not an answer that is missing in the schema
        lifespan=lifespan,
    )
    app.state.sockets = Sockets()
    include(app, "/api/v1")
    errors.register(app)
    problems.describe(app)
    # The middleware that is added last sees a request first.
    app.add_middleware(ResponseCache)
    app.add_middleware(LimitsMiddleware)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins_list,
        allow_credentials=True,
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "X-Request-ID"],
        expose_headers=["ETag", "Retry-After", "X-Request-ID"],
    )

    page = app.state.page = WebPage(origin=settings.PUBLIC_URL)
    app.add_route("/", page.page, include_in_schema=False)
    app.add_route("/docs", page.docs, include_in_schema=False)
    app.add_route("/web/{path:path}", page.file, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(directory=SWAGGER_UI), name="swagger-ui")
    return app


app = create_app()
