"""Where a socket begins: with a snapshot, or with what it missed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import FeedEvent, Status
from app.schemas.statuses import StatusRead
from app.services import feed
from app.services.events import Event
from app.services.feed import Position
from app.services.statuses import read_statuses, select_statuses
from app.services.transactions import autocommit, snapshot

# How many missed events are held in memory for one socket at a time.
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Beginning:
    """The head of the log, and either the position to continue after, or the statuses to start from."""

    head: Position
    after: Position | None
    statuses: list[StatusRead]


@snapshot
async def begin(db: AsyncSession, *, after: Position | None) -> Beginning:
    """Return where a socket begins; all of it is of one instant, so that snapshot plus events is the board.

    A socket continues only where the database has the position that it names, with its mark.
    """
    head = await feed.head(db)
    if after is not None and await feed.can_continue(db, after=after, head=head):
        return Beginning(head, after, [])
    since = func.now() - timedelta(hours=settings.WS_INITIAL_HOURS)
    recent = select_statuses().where(Status.created_at >= since).order_by(Status.created_at, Status.id)
    return Beginning(head, None, await read_statuses(db, recent))


@autocommit
async def read_events(db: AsyncSession, *, after: int, up_to: int) -> list[Event]:
    """Return the next events of the log in order, at most `BATCH`."""
    query = select(FeedEvent.seq, FeedEvent.mark, FeedEvent.kind, FeedEvent.subject_id, FeedEvent.payload).where(
        FeedEvent.seq > after, FeedEvent.seq <= up_to
    )
    rows = await db.execute(query.order_by(FeedEvent.seq).limit(BATCH))
    return [Event.from_row(*row) for row in rows]
