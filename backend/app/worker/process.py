"""`statusboard worker`: the jobs in a process of their own, which an orchestrator starts, watches and stops."""

import asyncio
import logging
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from app.database import async_engine
from app.worker.jobs import jobs
from app.worker.runner import STOP_WITHIN, Runner

log = logging.getLogger(__name__)

BEAT: Final = 2.0  # seconds
SIGN_OF_LIFE: Final = "statusboard-worker"


@asynccontextmanager
async def running_jobs(*, stop_within: float) -> AsyncIterator[Runner]:
    """Run every job during the block. At its end, wait up to this many seconds for the current runs."""
    async with AsyncExitStack() as resources:
        runner = Runner(await jobs(resources))
        runner.start()
        try:
            yield runner
        finally:
            await runner.stop(within=stop_within)


async def run_until_stopped() -> None:
    """Work until SIGTERM or SIGINT, then finish the current runs, such as a request to GitHub and its answer."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    log.info("The worker has started.")
    async with running_jobs(stop_within=STOP_WITHIN) as runner:
        beating = asyncio.create_task(_beat(runner))
        await stopping.wait()
    beating.cancel()
    if runner.stuck:
        log.error("The worker stops although these jobs can't be cancelled: %s", ", ".join(runner.stuck))
        logging.shutdown()
        os._exit(1)  # asyncio would wait for them
    await async_engine.dispose()
    log.info("The worker has stopped.")


def _touch(sign: Path) -> None:
    # If others can write to the folder, they may have put a link or a pipe in the file's place.
    descriptor = os.open(sign, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, mode=0o600)
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


async def _beat(runner: Runner) -> None:
    """Show an orchestrator that the jobs are running. There is no port to ask, so compose.yaml looks at this file."""
    sign, was_told = Path(tempfile.gettempdir(), SIGN_OF_LIFE), False
    while True:
        try:
            if runner.is_alive:
                await asyncio.to_thread(_touch, sign)
        except OSError as error:
            if not was_told:
                log.warning("The worker can't write its sign of life: %s", error)
            was_told = True
        await asyncio.sleep(BEAT)
