"""When to ask for a reference again: often while it is open and mentioned, rarely when it is closed or forgotten."""

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
# For open references: up to this time after the last status that mentions it, ask at this interval.
WHILE_OPEN: Final = (
    (timedelta(days=1), timedelta(minutes=5)),
    (timedelta(days=7), timedelta(minutes=30)),
    (timedelta(days=30), timedelta(hours=6)),
)
WAITED_FOR: Final = timedelta(days=7)  # a blocked status up to this age makes its references urgent
FIRST_RETRY: Final = timedelta(minutes=1)

OPEN: Final = {ReferenceState.OPEN, ReferenceState.DRAFT}


@dataclass(frozen=True, slots=True)
class LastMention:
    """How long ago the last status mentioned a reference, and the last blocked one."""

    ago: timedelta
    blocked_ago: timedelta


NEVER: Final = LastMention(timedelta.max, timedelta.max)


async def last_mentions(db: AsyncSession, ids: list[int], *, now: datetime) -> dict[int, LastMention]:
    """Return how long ago references were last mentioned, with one query."""
    blocked = func.max(Status.created_at).filter(Status.category == Category.BLOCKED)
    query = (
        select(StatusReference.reference_id, func.max(Status.created_at), blocked)
        .join(Status, Status.id == StatusReference.status_id)
        .where(among(StatusReference.reference_id, ids))
        .group_by(StatusReference.reference_id)
    )
    return {
        reference_id: LastMention(now - last, timedelta.max if last_blocked is None else now - last_blocked)
        for reference_id, last, last_blocked in await db.execute(query)
    }


def after(reference: Reference, finding: Finding, mentioned: LastMention) -> timedelta:
    """Return how long to wait before asking for a reference again, after `finding` was applied to it."""
    if isinstance(finding, Unclear):
        return min(FIRST_RETRY * (1 << (reference.failures - 1)), SELDOM)
    if reference.missing or (isinstance(finding, Redirected) and reference.ask_at is not None):
        return NOW
    if isinstance(finding, Missing) or reference.state not in OPEN:
        return SELDOM
    if mentioned.blocked_ago <= WAITED_FOR:
        return WHILE_WAITED_FOR
    return next((every for until, every in WHILE_OPEN if mentioned.ago <= until), SELDOM)
