"""`statusboard worker`: what is done in the background, for all processes that answer."""

import asyncio
import logging
import os
import signal
import tempfile
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.config import settings
from app.database import AsyncSessionLocal, async_engine
from app.errors import BoardError
from app.services import wakeups
from app.services.feed import follower
from app.services.github import poller
from app.services.github.client import GitHub

log = logging.getLogger(__name__)

POLL: Final = 1.0  # seconds; what is new is asked for within them
RETRY: Final = 10.0  # seconds after something that nobody foresaw
BEAT: Final = 2.0  # seconds
SIGN_OF_LIFE: Final = "statusboard-worker"


async def run_until_stopped() -> None:
    """Work until SIGTERM or SIGINT, and finish what is under way then: a request to GitHub, and what it answers."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    log.info("The worker has started.")
    beating = asyncio.create_task(_beat())
    try:
        await work(stopping)
    finally:
        beating.cancel()
        await async_engine.dispose()
    log.info("The worker has stopped.")


async def work(stopping: asyncio.Event) -> None:
    """Do all that there is to do in the background until `stopping` is set."""
    if settings.GITHUB_TOKEN is None:
        log.info("Titles are off, since GITHUB_TOKEN is not set: references stay plain links.")
        await stopping.wait()
        return
    worker = _Enrichment(stopping)
    wakeups.subscribe(worker.note_commit)
    try:
        await worker.run()
    finally:
        wakeups.unsubscribe(worker.note_commit)


def _touch(sign: Path) -> None:
    # In a folder that others may write to, a link or a pipe of theirs may stand in the file's place.
    descriptor = os.open(sign, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, mode=0o600)
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


async def _beat() -> None:
    """Show an orchestrator, which has no port to ask, that the worker is not stuck: compose.yaml looks at the file."""
    sign, was_told = Path(tempfile.gettempdir(), SIGN_OF_LIFE), False
    while True:
        try:
            await asyncio.to_thread(_touch, sign)
        except OSError as error:
            if not was_told:
                log.warning("The worker can't show that it lives: %s", error)
            was_told = True
        await asyncio.sleep(BEAT)


class _Enrichment:
    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._committed = False
        self._reconsidered = False
        self._database_is_away = False

    def note_commit(self) -> None:
        self._committed = True

    async def run(self) -> None:
        async with GitHub() as hub:
            while not self._stopping.is_set():
                pause = await self._guard(self._step(hub))
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._stopping.wait()

    async def _step(self, hub: GitHub) -> float:
        if not self._reconsidered:
            async with AsyncSessionLocal() as db:
                await poller.reconsider(db)
            self._reconsidered = True
        asked = await poller.run_once(hub)
        if self._committed:
            self._committed = False
            async with AsyncSessionLocal() as db:
                await follower.notify(db)
        return poller.PACE.total_seconds() if asked else POLL

    async def _guard(self, step: Awaitable[float]) -> float:
        """Return how long to wait after a step, which may fail but never ends the worker."""
        try:
            pause = await step
        except BoardError as error:
            if not self._database_is_away:
                log.warning("The worker waits for the database: %s", error.__cause__ or error)
            self._database_is_away = True
            return POLL
        except Exception:
            log.exception("The worker failed at something, and goes on.")
            return RETRY
        self._database_is_away = False
        return pause
