"""The worker's runner, with jobs that fail, hang, and don't want to end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

from app.errors import DatabaseUnavailable
from app.services import job_reports
from app.services.job_reports import Report
from app.worker import runner
from app.worker.runner import Job, Runner, retry_after
from tests.patience import LONG

type Run = Callable[[], Coroutine[None, None, float | None]]


class Recording:
    """A job that works, and counts its runs."""

    def __init__(self) -> None:
        self.runs = 0
        self._ran = asyncio.Event()

    async def run(self) -> float | None:
        """Note a run."""
        self.runs += 1
        self._ran.set()
        return None

    async def until(self, runs: int) -> None:
        """Wait until it has run so many times from now on."""
        enough = self.runs + runs
        async with asyncio.timeout(LONG):
            while self.runs < enough:
                self._ran.clear()
                await self._ran.wait()


@pytest.fixture(autouse=True)
def reports(monkeypatch: pytest.MonkeyPatch) -> dict[str, Report]:
    """What the runner reports, by name, in the place of a database; and nobody waits between two runs."""
    found: dict[str, Report] = {}

    async def write(_db: object, reports: list[Report]) -> None:
        found.update({report.name: report for report in reports})

    monkeypatch.setattr(job_reports, "write", write)
    monkeypatch.setattr(job_reports, "EVERY", 0.001)
    monkeypatch.setattr(runner, "LONGEST_START", 0.0)
    monkeypatch.setattr(runner, "LONGEST_RETRY", 0.0)
    monkeypatch.setattr(runner, "CANCEL_WITHIN", 0.01)
    return found


def job(name: str, run: Run, *, limit: float = LONG) -> Job:
    return Job(name, run, every=0.001, limit=limit)


@asynccontextmanager
async def running(*jobs: Job, within: float = LONG) -> AsyncIterator[Runner]:
    runs = Runner(jobs)
    runs.start()
    try:
        yield runs
    finally:
        await runs.stop(within=within)


@pytest.mark.parametrize("error", [ValueError("a secret"), SystemExit(3), asyncio.CancelledError(), BaseException()])
async def test_a_job_that_fails_stops_no_other(reports, caplog, error):
    """Whatever it raises. It is tried again, and named in the log and in reports, which hold no text of exceptions."""
    works, tries = Recording(), Recording()

    async def fails() -> float | None:
        await tries.run()
        raise error

    async with running(job("works", works.run), job("fails", fails)) as worker:
        await tries.until(3)
        await works.until(3)
        is_alive = worker.is_alive
        await reported(reports, "fails", lambda report: report.is_failing)

    assert is_alive
    assert "The job fails failed. Trying again in 0 s." in caplog.messages
    assert not any("The job works" in message for message in caplog.messages)
    assert not reports["works"].is_failing
    assert "secret" not in str(reports)


async def reported(reports: dict[str, Report], name: str, holds: Callable[[Report], bool]) -> None:
    """Wait until a report is as it should be."""
    async with asyncio.timeout(LONG):
        while name not in reports or not holds(reports[name]):
            await asyncio.sleep(0.001)


async def test_a_job_that_hangs_is_cancelled(reports, caplog):
    """After its limit. The others go on meanwhile, and it is tried again."""
    works, tries = Recording(), Recording()

    async def hangs() -> float | None:
        await tries.run()
        return await asyncio.Event().wait()

    async with running(job("works", works.run), job("hangs", hangs, limit=0.01)) as worker:
        await tries.until(2)
        await works.until(3)
        is_alive = worker.is_alive
        await reported(reports, "hangs", lambda report: report.is_failing)

    assert is_alive
    assert "The job hangs took longer than 0.01 s and was cancelled." in caplog.messages
    assert reports["hangs"].failure == "it took longer than 0.01 s"
    assert not reports["works"].is_failing


async def test_a_job_that_ignores_its_end_is_not_run_twice_at_once(caplog):
    """It is run again when it has ended. The others go on meanwhile."""
    works, tries, may_end = Recording(), Recording(), asyncio.Event()

    async def ignores() -> float | None:
        await tries.run()
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue
        return None

    async with running(job("works", works.run), job("ignores", ignores, limit=0.01)):
        while (
            "The job ignores keeps running although it was cancelled. It starts again once this run ends."
            not in caplog.messages
        ):
            await works.until(1)
        meanwhile = tries.runs
        may_end.set()
        await tries.until(1)

    assert meanwhile == 1


async def test_a_database_that_is_away_is_told_once(reports, caplog):
    """And that it is back."""
    calls = 0
    works = Recording()

    async def asks() -> float | None:
        nonlocal calls
        calls += 1
        if calls < 5:
            raise DatabaseUnavailable
        return await works.run()

    async with running(job("asks", asks)):
        await works.until(1)
        await reported(reports, "asks", lambda report: report.succeeded is not None)

    about_it = [(record.levelname, record.message) for record in caplog.records if "asks" in record.message]
    assert [level for level, _ in about_it] == ["WARNING", "INFO"]
    assert about_it[0][1].startswith("The job asks is waiting for the database: ")
    assert reports["asks"].failure == "the database did not answer"
    assert not reports["asks"].is_failing


async def test_without_a_database_for_its_reports_jobs_go_on(monkeypatch, caplog):
    """What nobody can be told is told later."""
    works, failures = Recording(), Recording()

    async def write(_db: object, _reports: list[Report]) -> None:
        await failures.run()
        raise DatabaseUnavailable

    monkeypatch.setattr(job_reports, "write", write)
    async with running(job("works", works.run)) as worker:
        await failures.until(2)
        await works.until(2)
        is_alive = worker.is_alive

    assert is_alive
    assert sum("The job reports is waiting for the database" in message for message in caplog.messages) == 1


async def test_a_job_says_when_it_runs_again():
    """Where there is more to do, for example."""
    runs = Recording()

    async def more() -> float | None:
        await runs.run()
        return 0.0

    async with running(Job("more", more, every=10 * LONG, limit=LONG)):
        await runs.until(3)


async def test_what_is_under_way_is_finished():
    """A worker that stops begins nothing new, and waits."""
    begun, may_end, ends = asyncio.Event(), asyncio.Event(), Recording()

    async def takes_time() -> float | None:
        begun.set()
        await may_end.wait()
        return await ends.run()

    async with running(job("takes time", takes_time)) as worker:
        await begun.wait()
        stopping = asyncio.create_task(worker.stop(within=LONG))
        await asyncio.sleep(0)
        may_end.set()
        await stopping

    assert ends.runs == 1
    assert worker.stuck == []
    assert not worker.is_alive


async def test_what_fails_while_the_worker_stops_is_told(caplog):
    """What is cancelled for that is no failure, and what fails by itself is."""
    begun, may_end = Recording(), asyncio.Event()

    async def fails() -> float | None:
        await begun.run()
        await may_end.wait()
        raise ValueError

    async def hangs() -> float | None:
        await begun.run()
        return await asyncio.Event().wait()

    async with running(job("fails", fails), job("hangs", hangs), within=0.01):
        await begun.until(2)
        may_end.set()

    assert [record.message.split()[2] for record in caplog.records if record.levelname == "ERROR"] == ["fails"]


async def test_who_stops_does_not_wait_for_ever():
    """What takes longer is cancelled; what ignores that is left, and named."""
    begun, is_cancelled, may_end = Recording(), Recording(), asyncio.Event()

    async def hangs() -> float | None:
        await begun.run()
        try:
            await may_end.wait()
        except asyncio.CancelledError:
            await is_cancelled.run()
            raise
        return None

    async def ignores() -> float | None:
        await begun.run()
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue
        return None

    async with running(job("hangs", hangs), job("ignores", ignores), within=0) as worker:
        await begun.until(2)
    stuck = worker.stuck
    may_end.set()

    assert is_cancelled.runs == 1
    assert stuck == ["ignores"]


async def test_a_runner_that_has_lost_a_job_is_not_alive(caplog):
    """So its orchestrator starts it anew. Only a mistake of the runner's own can bring it there."""
    runs = Recording()

    async def no_number() -> float | None:
        await runs.run()
        return "soon"  # type: ignore[return-value]

    async with running(job("no number", no_number)) as worker:
        await runs.until(1)
        async with asyncio.timeout(LONG):
            while worker.is_alive:
                await asyncio.sleep(0)

    assert "The job no number no longer runs. Restart the worker." in caplog.messages


@pytest.mark.parametrize(
    ("every", "pauses"), [(1, [1, 2, 4, 8, 10, 10]), (60, [1, 2, 4, 8, 16, 32, 60]), (3600, [1, 2, 4, 8, 16])]
)
def test_a_job_that_fails_is_tried_ever_less_often(monkeypatch, every, pauses):
    """Up to its usual pause, which may be too short for that, and at least every five minutes."""
    monkeypatch.undo()

    assert [retry_after(n, every=every) for n in range(1, len(pauses) + 1)] == pauses
    assert retry_after(10_000, every=every) <= 300
