"""The list of jobs: what the worker does. Each job is an entry in `jobs`, and a few lines that call a service."""

import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.database import AsyncSessionLocal
from app.services import housekeeping
from app.services.github import poller
from app.services.github.client import GitHub
from app.services.statuses import indexing
from app.worker.runner import Job, Run

log = logging.getLogger(__name__)

type Service = Callable[[AsyncSession], Coroutine[Any, Any, float | None]]

SECOND: Final = 1.0
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE


async def jobs(resources: AsyncExitStack) -> list[Job]:
    """Return every job. What a job keeps open between its runs is entered into `resources`."""
    found = [Job("housekeeping", with_session(housekeeping.tidy), every=HOUR, limit=30 * MINUTE)]
    found.append(Job("search", with_session(indexing.index_all), every=MINUTE, limit=HOUR))
    if settings.GITHUB_TOKEN is None:
        log.info("Titles are off, because GITHUB_TOKEN is not set. References stay plain links.")
    else:
        titles = _Titles(await resources.enter_async_context(GitHub()))
        found.append(Job("github", titles.ask, every=SECOND, limit=MINUTE))
    return found


def with_session(service: Service) -> Run:
    """Return a function that calls a service with a new session."""

    async def run() -> float | None:
        async with AsyncSessionLocal() as db:
            return await service(db)

    return run


class _Titles:
    def __init__(self, hub: GitHub) -> None:
        self._hub = hub
        self._has_reconsidered = False

    async def ask(self) -> float | None:
        if not self._has_reconsidered:
            await with_session(poller.reconsider)()
            self._has_reconsidered = True
        return poller.PACE.total_seconds() if await poller.run_once(self._hub) else None
