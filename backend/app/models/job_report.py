"""What workers report about their jobs, for `statusboard doctor`."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.columns import Moment


class JobReport(Base):
    """One row for each job, by its name. If several workers run, it has the newest facts.

    `seen_at` is when a worker last reported this job, `ran_at` when a run last succeeded.
    """

    __tablename__ = "job_reports"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    seen_at: Mapped[Moment]
    ran_at: Mapped[Moment | None]
    failed_at: Mapped[Moment | None]
    failure: Mapped[str | None] = mapped_column(String(200))
