"""When a reference is asked for again: often while it is open and spoken of, seldom when it is over or forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Reference, Status, StatusReference
from app.models.columns import among
from app.models.reference import ReferenceState
from app.models.status import Category
from app.services.github.findings import Finding, Missing, Redirected, Unclear

NOW: Final = timedelta()
SELDOM: Final = timedelta(days=1)
WHILE_WAITED_FOR: Final = timedelta(minutes=2)
# For open ones: until how long after the last status that speaks of it, and how often.
WHILE_OPEN: Final = (
    (timedelta(days=1), timedelta(minutes=5)),
    (timedelta(days=7), timedelta(minutes=30)),
    (timedelta(days=30), timedelta(hours=6)),
)
WAITED_FOR: Final = timedelta(days=7)  # how old a blocked status may be that makes its references urgent
FIRST_RETRY: Final = timedelta(minutes=1)

OPEN: Final = {ReferenceState.OPEN, ReferenceState.DRAFT}


@dataclass(frozen=True, slots=True)
class Spoken:
    """How long ago the last status spoke of a reference, and the last that was blocked."""

    ago: timedelta
    blocked_ago: timedelta


NEVER: Final = Spoken(timedelta.max, timedelta.max)


async def spoken(db: AsyncSession, ids: list[int], *, now: datetime) -> dict[int, Spoken]:
    """Tell how long ago references were last spoken of, in one query."""
    blocked = func.max(Status.created_at).filter(Status.category == Category.BLOCKED)
    query = (
        select(StatusReference.reference_id, func.max(Status.created_at), blocked)
        .join(Status, Status.id == StatusReference.status_id)
        .where(among(StatusReference.reference_id, ids))
        .group_by(StatusReference.reference_id)
    )
    return {
        reference_id: Spoken(now - last, timedelta.max if last_blocked is None else now - last_blocked)
        for reference_id, last, last_blocked in await db.execute(query)
    }


def after(reference: Reference, finding: Finding, spoken: Spoken) -> timedelta:
    """Return how long to wait until a reference is asked for again, after `finding` was applied to it."""
    if isinstance(finding, Unclear):
        return min(FIRST_RETRY * (1 << (reference.failures - 1)), SELDOM)
    if reference.missing or (isinstance(finding, Redirected) and reference.ask_at is not None):
        return NOW
    if isinstance(finding, Missing) or reference.state not in OPEN:
        return SELDOM
    if spoken.blocked_ago <= WAITED_FOR:
        return WHILE_WAITED_FOR
    return next((every for until, every in WHILE_OPEN if spoken.ago <= until), SELDOM)
