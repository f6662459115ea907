"""How a socket begins: with a snapshot, or with the events that it missed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import FeedEvent, Status
from app.services.feed import log as feed_log
from app.services.feed.events import PIECE_BYTES, Event
from app.services.feed.log import Position
from app.services.statuses.reading import read_statuses, select_statuses
from app.services.transactions import autocommit, snapshot

# How many missed events are read for one socket at a time, and at most `PIECE_BYTES` of them.
BATCH: Final = 500

# How much of the last hours a snapshot has at most, and how many statuses are read at a time, so that the event loop
# can do other work in between.
MOST_STATUSES: Final = 1000
MOST_BYTES: Final = 1_000_000
PIECE: Final = 100


@dataclass(frozen=True, slots=True)
class Beginning:
    """The head of the log, and either the position to continue after, or the first statuses as a JSON list.

    If `is_truncated`, older statuses of the last hours are missing.
    """

    head: Position
    after: Position | None = None
    statuses: bytes = b"[]"
    is_truncated: bool = False


@snapshot
async def begin(db: AsyncSession, *, after: Position | None) -> Beginning:
    """Return how a socket begins. All of it is from the same moment, so that snapshot plus events is the board.

    A socket continues only if the database has the position that it names, with its mark.
    """
    head = await feed_log.head(db)
    if after is not None and await feed_log.can_continue(db, after=after, head=head):
        return Beginning(head, after)
    newest_first, is_truncated = await _recent(db)
    return Beginning(head, None, b"[" + b",".join(reversed(newest_first)) + b"]", is_truncated)


async def _recent(db: AsyncSession) -> tuple[list[bytes], bool]:
    """Return the newest statuses of the last hours, each as JSON, and whether there are more."""
    since = func.now() - timedelta(hours=settings.WS_INITIAL_HOURS)
    newest_first = select_statuses().where(Status.created_at >= since)
    newest_first = newest_first.order_by(Status.created_at.desc(), Status.id.desc()).limit(PIECE)
    found: list[bytes] = []
    size = len("[]")
    piece = await read_statuses(db, newest_first)
    while piece:
        for status in piece:
            said = status.model_dump_json().encode()
            size += len(said) + len(",")
            if len(found) == MOST_STATUSES or size > MOST_BYTES:
                return found, True
            found.append(said)
        behind = tuple_(Status.created_at, Status.id) < (piece[-1].created_at, piece[-1].id)
        piece = await read_statuses(db, newest_first.where(behind)) if len(piece) == PIECE else []
    return found, False


@autocommit
async def read_events(db: AsyncSession, *, after: int, up_to: int) -> list[Event]:
    """Return the next events of the log in order: at most `BATCH`, of `PIECE_BYTES` together, or a single one."""
    size = func.octet_length(FeedEvent.payload)
    next_ones = (
        select(FeedEvent, size.label("size"), func.sum(size).over(order_by=FeedEvent.seq).label("total"))
        .where(FeedEvent.seq > after, FeedEvent.seq <= up_to)
        .order_by(FeedEvent.seq)
        .limit(BATCH)
        .subquery()
    )
    c = next_ones.c
    fits = or_(c.total <= PIECE_BYTES, c.total == c.size)
    rows = await db.execute(select(c.seq, c.mark, c.kind, c.subject_id, c.payload).where(fits).order_by(c.seq))
    return [Event.from_row(*row) for row in rows]
