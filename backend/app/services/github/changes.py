"""Applies what GitHub said to references. They change in no other way."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Reference, Status, User
from app.models.columns import among
from app.models.reference import OVER, ReferenceState
from app.schemas.statuses import ReferenceRead
from app.services.feed.log import NewEvent
from app.services.github import findings, schedule
from app.services.github.findings import Finding, Found, NoAccess
from app.services.identity import members
from app.services.statuses import blockers
from app.services.statuses.reading import read_statuses, select_statuses
from app.services.statuses.references import IN_ORDER

CHANGED = "reference.changed"
CLOCKS_DIFFER: Final = timedelta(hours=1)  # at most, between GitHub's clock and the database's


def _is_outdated(reference: Reference, finding: Finding, *, asked_at: datetime | None, now: datetime) -> bool:
    """Tell whether something newer is known: from a webhook while GitHub was asked, or by GitHub's own date."""
    if asked_at is not None and reference.fetched_at is not None and reference.fetched_at > asked_at:
        return True
    if not isinstance(finding, Found) or finding.changed_at is None or reference.changed_at is None:
        return False
    # If a date in the future were believed, nothing that GitHub says later would count. The driver returns PostgreSQL's
    # infinity without a time zone.
    known = reference.changed_at.replace(tzinfo=UTC)
    return finding.changed_at < known <= now + CLOCKS_DIFFER


def _changed(reference: Reference) -> NewEvent:
    return NewEvent(CHANGED, reference.id, ReferenceRead.model_validate(reference).model_dump_json())


async def record(
    db: AsyncSession, said: Sequence[tuple[int, Finding]], *, asked_at: datetime | None = None
) -> list[NewEvent]:
    """Store what GitHub said about references, and return the resulting events, for `log.append_all`.

    Args:
        db: a transaction.
        said: what was said, by the reference's id.
        asked_at: when GitHub was asked, if it was.
    """
    by_id = dict(said)
    # In the order in which posts lock them too.
    locked = select(Reference).where(among(Reference.id, list(by_id))).order_by(*IN_ORDER)
    rows = list(await db.scalars(locked.with_for_update(key_share=True).execution_options(populate_existing=True)))
    now = (await db.execute(select(func.clock_timestamp()))).scalar_one()
    mentioned = await schedule.last_mentions(db, list(by_id), now=now)
    events, over = [], []
    for row in rows:
        finding, before = by_id[row.id], ReferenceRead.model_validate(row)
        if not _is_outdated(row, finding, asked_at=asked_at, now=now):
            findings.apply(row, finding)
            row.fetched_at = now
        row.due_at = now + schedule.after(row, finding, mentioned.get(row.id, schedule.NEVER))
        after = ReferenceRead.model_validate(row)
        if after != before:
            events.append(_changed(row))
            if after.state in OVER and before.state not in OVER:
                over.append(row.id)
    await db.flush()
    return events + (await _cleared(db, await blockers.clear(db, changed=over)) if over else [])


async def _cleared(db: AsyncSession, status_ids: list[int]) -> list[NewEvent]:
    """Return the events for cleared blockers."""
    if not status_ids:
        return []
    await members.hold(db, User.id.in_(select(Status.author_id).where(among(Status.id, status_ids))))
    statuses = await read_statuses(
        db, select_statuses().where(among(Status.id, sorted(status_ids))).order_by(Status.id)
    )
    return [NewEvent(blockers.CLEARED, status.id, status.model_dump_json()) for status in statuses]


async def reconsider_hidden(db: AsyncSession) -> list[NewEvent]:
    """Hide private references that may no longer be shown, schedule those that now may, and return the events."""
    out_of_sight = Reference.state.in_([ReferenceState.NO_ACCESS, ReferenceState.MOVED])
    query = select(Reference).where(Reference.private.is_(True) | out_of_sight).order_by(*IN_ORDER)
    events = []
    for row in await db.scalars(query.with_for_update(key_share=True)):
        before = ReferenceRead.model_validate(row)
        if findings.is_hidden_now(row):
            findings.apply(row, NoAccess())
        elif row.title is None and settings.shows_private(f"{row.owner}/{row.repo}"):
            row.due_at = func.clock_timestamp()
        if ReferenceRead.model_validate(row) != before:
            events.append(_changed(row))
    await db.flush()
    return events
