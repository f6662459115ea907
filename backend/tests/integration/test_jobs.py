"""The worker's jobs on a real database: what they say about themselves, and who misses them."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import database, main
from app.config import settings
from app.services import job_reports
from app.services.job_reports import Report
from app.worker import runner
from app.worker.jobs import jobs
from app.worker.process import running_jobs
from tests.clock import let_pass
from tests.fake_github import FakeGitHub
from tests.patience import LONG
from tests.personas import Persona

HOUR = timedelta(hours=1)


async def current() -> dict[str, Report]:
    """Return what is known of each job, by its name."""
    async with database.AsyncSessionLocal() as session:
        return {report.name: report for report in await job_reports.current(session)}


async def test_housekeeping_is_a_job(ada: Persona, db: AsyncSession, monkeypatch):
    """It deletes what is old, also without a token for GitHub, and the database knows that it did."""
    monkeypatch.setattr(runner, "LONGEST_START", 0.0)
    monkeypatch.setattr(job_reports, "EVERY", 0.01)
    await ada.post("x", **{"Idempotency-Key": "k"})
    await let_pass(db, timedelta(hours=25))
    async with running_jobs(stop_within=LONG), asyncio.timeout(LONG):
        while (report := (await current()).get("housekeeping")) is None or report.succeeded is None:
            await asyncio.sleep(0.01)

    assert await db.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0
    assert report.succeeded < HOUR
    assert set(await current()) == {"housekeeping", "search"}


async def test_github_is_a_job_where_there_is_a_token(github: FakeGitHub, database_url: str, monkeypatch, caplog):
    """Without one, the log says what is missing, once."""
    async with AsyncExitStack() as resources:
        names = [job.name for job in await jobs(resources)]
        said = list(caplog.messages)
        monkeypatch.setattr(settings, "GITHUB_TOKEN", None)
        without = [job.name for job in await jobs(resources)]

    assert names == ["housekeeping", "search", "github"]
    assert said == []
    assert without == ["housekeeping", "search"]
    assert caplog.messages == ["Titles are off, because GITHUB_TOKEN is not set. References stay plain links."]


async def test_the_newest_of_several_workers_counts(db: AsyncSession):
    """Whichever of them speaks last."""
    await job_reports.write(db, [Report("a", succeeded=HOUR, failed=5 * HOUR, failure="old"), Report("b")])
    await job_reports.write(db, [Report("a", succeeded=3 * HOUR, failed=2 * HOUR, failure="new"), Report("b")])
    await job_reports.write(db, [Report("a", succeeded=4 * HOUR, failed=4 * HOUR, failure="older")])
    await job_reports.write(db, [Report("a")])
    found = await current()

    succeeded, failed = found["a"].succeeded, found["a"].failed
    assert (succeeded // HOUR, failed // HOUR, found["a"].failure) == (1, 2, "new")
    assert not found["a"].is_failing
    assert found["b"] == Report("b")


async def test_a_job_that_no_worker_has_is_forgotten(db: AsyncSession):
    """As GitHub's is when its token is taken away; one that is back is known as before."""
    await job_reports.write(db, [Report("github", succeeded=HOUR), Report("housekeeping")])
    await let_pass(db, timedelta(minutes=3))
    await job_reports.write(db, [Report("housekeeping")])
    without = await current()
    await job_reports.write(db, [Report("github"), Report("housekeeping")])
    again = await current()

    assert list(without) == ["housekeeping"]
    assert again["github"].succeeded > HOUR


async def test_a_board_without_a_worker_says_so(db: AsyncSession, monkeypatch, caplog):
    """In its log, once an hour, and as soon as the database can be asked; a worker that is there is not missed."""
    monkeypatch.setattr(main, "LOOK_FOR_WORKER", 0.0)
    looks = 0
    look = job_reports.current

    async def looking(session: AsyncSession) -> list[Report]:
        nonlocal looks
        looks += 1
        return await look(session)

    monkeypatch.setattr(job_reports, "current", looking)
    await job_reports.write(db, [Report("housekeeping")])
    watching = asyncio.create_task(main.warn_without_worker())
    async with asyncio.timeout(LONG):
        while looks < 3:
            await asyncio.sleep(0.001)
        before = list(caplog.messages)
        await let_pass(db, timedelta(minutes=3))
        while not caplog.messages:
            await asyncio.sleep(0.001)
    after = looks
    for _ in range(100):
        await asyncio.sleep(0)
    watching.cancel()

    assert before == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "No worker is running" in caplog.messages[0]
    assert looks == after
