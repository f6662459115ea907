"""What workers report about their jobs, which also shows whether a worker is running."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import JobReport
from app.services.transactions import autocommit, transaction

EVERY: Final = 15.0  # seconds between two reports of a worker
# A worker without a report for this long is gone. Reports may be late, because the database may have been unavailable.
GONE: Final = timedelta(minutes=2)
NO_WORKER: Final = (
    "No worker is running, so old data isn't deleted, and titles from GitHub aren't updated. Start one with "
    "`docker compose up --detach worker`, or `statusboard worker`"
)


@dataclass(frozen=True, slots=True)
class Report:
    """How long ago a job last succeeded, and how long ago and why it last failed. None if it never did."""

    name: str
    succeeded: timedelta | None = None
    failed: timedelta | None = None
    failure: str | None = None

    @property
    def is_failing(self) -> bool:
        """Whether it has failed since it last succeeded."""
        return self.failed is not None and (self.succeeded is None or self.failed < self.succeeded)


@transaction
async def write(db: AsyncSession, reports: list[Report]) -> None:
    """Store a worker's report about all of its jobs. Newer facts from another worker stay."""
    now = func.now()
    new = insert(JobReport).values(
        [
            {
                "name": report.name,
                "seen_at": now,
                "ran_at": None if report.succeeded is None else now - report.succeeded,
                "failed_at": None if report.failed is None else now - report.failed,
                "failure": report.failure,
            }
            for report in sorted(reports, key=lambda report: report.name)
        ]
    )
    old, said = JobReport, new.excluded
    failed_last = said.failed_at >= func.coalesce(old.failed_at, said.failed_at)
    newest = {
        "seen_at": said.seen_at,
        "ran_at": func.greatest(old.ran_at, said.ran_at),  # which ignores nulls
        "failed_at": func.greatest(old.failed_at, said.failed_at),
        "failure": case((failed_last, said.failure), else_=old.failure),
    }
    await db.execute(new.on_conflict_do_update(index_elements=[old.name], set_=newest))


@autocommit
async def current(db: AsyncSession) -> list[Report]:
    """Return the latest report about each job of the current workers. If there is none, no worker is running."""
    now = func.clock_timestamp()
    rows = await db.execute(
        select(JobReport.name, now - JobReport.ran_at, now - JobReport.failed_at, JobReport.failure)
        .where(JobReport.seen_at > now - GONE)
        .order_by(JobReport.name)
    )
    return [Report(*row) for row in rows]
