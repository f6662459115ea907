"""Runs jobs side by side. If one fails or hangs, the others continue, the log names it, and it is tried again."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from app.database import AsyncSessionLocal
from app.errors import DatabaseUnavailable
from app.services import job_reports, wakeups
from app.services.feed import follower
from app.services.job_reports import Report

log = logging.getLogger(__name__)

type Run = Callable[[], Coroutine[Any, Any, float | None]]

# A job first runs at a random moment of its first interval, so that several workers don't run it at the same time
# (seconds).
LONGEST_START: Final = 300.0
# A failed job is tried again after 1 s, 2 s, 4 s and so on, up to its usual interval, within these limits (seconds).
SHORTEST_RETRY, LONGEST_RETRY = 10.0, 300.0
# How long a stopping worker waits for current runs, and then for those it has cancelled. Together this is less than an
# orchestrator waits (compose.yaml: 40 s).
STOP_WITHIN: Final = 30.0
CANCEL_WITHIN: Final = 5.0

REPORT_LIMIT: Final = 30.0  # seconds
AWAY: Final = "the database did not answer"


@dataclass(frozen=True, slots=True)
class Job:
    """Something that every worker does again and again.

    Args:
        name: its name in the log and in `statusboard doctor`.
        run: does it once. It may return the number of seconds until its next run, if that differs from `every`.
        every: seconds between the end of a run and the next.
        limit: seconds that one run may take. After that it counts as hung, and is cancelled.
    """

    name: str
    run: Run
    every: float
    limit: float


def retry_after(failures: int, *, every: float) -> float:
    """Return how many seconds a job waits after this many failures in a row."""
    return min(2.0 ** (min(failures, 10) - 1), max(every, SHORTEST_RETRY), LONGEST_RETRY)


class _Runs:
    """The runs of one job, one after another, and how they ended."""

    def __init__(self, job: Job, stopping: asyncio.Event, *, first: float) -> None:
        self.job = job
        self._stopping = stopping
        self._first = first
        self._run: asyncio.Task[float | None] | None = None
        self._failures = 0  # in a row
        self._failure: str | None = None
        self._succeeded_at: float | None = None  # by the event loop's clock, as is the next line
        self._failed_at: float | None = None

    async def repeat(self) -> None:
        """Run the job again and again until the worker stops. Two runs never overlap."""
        pause = self._first
        while not await self._stops_within(pause):
            self._run = asyncio.create_task(self._once(), name=self.job.name)
            pause = await self._until_over(self._run)

    def cancel(self) -> None:
        """Cancel the current run, if there is one."""
        if self._run is not None:
            self._run.cancel()

    def report(self) -> Report:
        """Return the job's state."""
        now = asyncio.get_running_loop().time()
        succeeded, failed = (
            None if at is None else timedelta(seconds=now - at) for at in (self._succeeded_at, self._failed_at)
        )
        return Report(self.job.name, succeeded, failed, self._failure)

    async def _stops_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()

    async def _once(self) -> float | None:
        try:
            return await self.job.run()
        except SystemExit as error:
            raise RuntimeError("A job tried to end the process.") from error  # asyncio would let it

    async def _until_over(self, run: asyncio.Task[float | None]) -> float:
        """Wait until a run has ended, and return how long to wait before the next one."""
        await asyncio.wait({run}, timeout=self.job.limit)
        if not run.done():
            log.error("The job %s took longer than %g s and was cancelled.", self.job.name, self.job.limit)
            self._note_failure(f"it took longer than {self.job.limit:g} s")
            await self._end(run)
            return self._retry()
        error = asyncio.CancelledError() if run.cancelled() else run.exception()
        if error is None:
            self._note_success()
            pause = run.result()
            return self.job.every if pause is None else pause
        if not (run.cancelled() and self._stopping.is_set()):
            self._complain(error)
        return self._retry()

    async def _end(self, run: asyncio.Task[float | None]) -> None:
        run.cancel()
        await asyncio.wait({run}, timeout=CANCEL_WITHIN)
        if not run.done():
            log.error(
                "The job %s keeps running although it was cancelled. It starts again once this run ends.", self.job.name
            )
            await asyncio.wait({run})
        if not run.cancelled():
            run.exception()  # otherwise asyncio would complain that nobody looked at it

    def _complain(self, error: BaseException) -> None:
        if not isinstance(error, DatabaseUnavailable):
            self._note_failure(type(error).__name__)  # its text may contain somebody's data
            log.error("The job %s failed. Trying again in %.0f s.", self.job.name, self._retry(), exc_info=error)
            return
        is_known = self._failures > 0 and self._failure == AWAY
        self._note_failure(AWAY)
        if not is_known:
            log.warning("The job %s is waiting for the database: %s", self.job.name, error.__cause__ or error)

    def _note_failure(self, failure: str) -> None:
        self._failures += 1
        self._failure = failure
        self._failed_at = asyncio.get_running_loop().time()

    def _note_success(self) -> None:
        if self._failures:
            log.info("The job %s works again.", self.job.name)
        self._failures = 0
        self._succeeded_at = asyncio.get_running_loop().time()

    def _retry(self) -> float:
        return retry_after(self._failures, every=self.job.every)


class Runner:
    """Runs jobs from `start` to `stop`, and stores their state in the database."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._stopping = asyncio.Event()
        self._committed = False
        self._jobs = [
            self._of(job, first=random.uniform(0, min(job.every, LONGEST_START)))  # noqa: S311 -- no secret
            for job in jobs
        ]
        reporting = Job("reports", self._report, every=job_reports.EVERY, limit=REPORT_LIMIT)
        self._all = [*self._jobs, self._of(reporting, first=0.0)]
        self._tasks: list[asyncio.Task[None]] = []
        self.stuck: list[str] = []

    @property
    def is_alive(self) -> bool:
        """Whether every job is running or waiting for its next run."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def start(self) -> None:
        """Start to run the jobs, each in its own task."""
        wakeups.subscribe(self._note_commit)
        for runs in self._all:
            task = asyncio.create_task(runs.repeat(), name=runs.job.name)
            task.add_done_callback(self._note_end)
            self._tasks.append(task)

    async def stop(self, *, within: float = STOP_WITHIN) -> None:
        """Wait this many seconds for the current runs, then cancel them.

        Afterwards, `stuck` has the names of jobs that keep running even so.
        """
        self._stopping.set()
        _, left = await asyncio.wait(self._tasks, timeout=within)
        if left:
            for runs in self._all:
                runs.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_WITHIN)
        wakeups.unsubscribe(self._note_commit)
        self.stuck = sorted(task.get_name() for task in left)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("The job %s no longer runs. Restart the worker.", task.get_name(), exc_info=error)

    def _note_commit(self) -> None:
        self._committed = True

    def _of(self, job: Job, *, first: float) -> _Runs:
        async def run() -> float | None:
            pause = await job.run()
            await self._tell()
            return pause

        return _Runs(Job(job.name, run, job.every, job.limit), self._stopping, first=first)

    async def _tell(self) -> None:
        """Tell followers of the log what was appended. Otherwise they would notice within a second."""
        if self._committed:
            self._committed = False
            async with AsyncSessionLocal() as db:
                await follower.notify(db)

    async def _report(self) -> None:
        async with AsyncSessionLocal() as db:
            await job_reports.write(db, [runs.report() for runs in self._jobs])
