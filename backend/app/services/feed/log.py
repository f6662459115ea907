"""The log of everything that readers see change: appending to it, and positions in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy import DateTime, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import FeedEvent, FeedHead
from app.services import wakeups
from app.services.statements import Database, Statement

# How far a client may be behind and still continue: in events, and in days.
MOST_MISSED: Final = 10_000
KEPT_DAYS: Final = 7

POSITION: Final = re.compile(r"([0-9]{1,18})-([0-9a-f]{8})")

# The row lock of feed_head puts writers in the order of their commits. A rollback returns its number.
APPEND: Final = Statement.of(
    text("""
    WITH head AS (
        UPDATE feed_head SET seq = seq + 1, mark = left(gen_random_uuid()::text, 8) RETURNING seq, mark
    )
    INSERT INTO feed_events (seq, mark, kind, subject_id, payload)
    SELECT seq, mark, CAST(:kind AS text), CAST(:subject_id AS bigint), CAST(:payload AS text) FROM head
    """)
)

# The event as a notification's payload, in the RETURNING of the statement that appends it. `from_notification` reads
# it. PostgreSQL allows less than 8000 bytes. The mark before is the one that the statement saw when it began. If
# another transaction has committed since, it isn't the last event's mark, and the receiver reads the log.
NOTIFICATION: Final = """CASE WHEN octet_length(payload) < 7900
    THEN concat_ws(' ', seq, mark, (SELECT mark FROM feed_head), kind, subject_id, payload) ELSE '' END"""

# Several events at once, in their order, with one lock. Each has its own mark, and the last one's becomes the head's.
APPEND_ALL: Final = text("""
    WITH new AS (
        SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:subject_ids AS bigint[]), CAST(:payloads AS text[]))
            WITH ORDINALITY AS new (kind, subject_id, payload, n)
    ), head AS (
        UPDATE feed_head SET seq = seq + :count, mark = left(gen_random_uuid()::text, 8) RETURNING seq, mark
    )
    INSERT INTO feed_events (seq, mark, kind, subject_id, payload)
    SELECT head.seq - :count + n, CASE WHEN n = :count THEN head.mark ELSE left(gen_random_uuid()::text, 8) END,
           kind, subject_id, payload
    FROM head, new
""")

# The text of a deleted status is removed from the log too: its events now say that it is deleted.
REDACT: Final = text("""
    UPDATE feed_events SET kind = 'status.deleted', payload = :payload
    WHERE subject_id = :subject_id AND (kind LIKE 'status.%' OR kind LIKE 'blocker.%')
""")

# A status's content when it was posted, or last edited at that time.
SAID: Final = text("""
    SELECT payload FROM feed_events
    WHERE subject_id = :status_id AND kind IN ('status.posted', 'status.edited') AND kind LIKE 'status.%'
        AND CAST(CAST(payload AS json) ->> 'edited_at' AS timestamptz) IS NOT DISTINCT FROM :edited_at
""").bindparams(bindparam("edited_at", type_=DateTime(timezone=True)))


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before it has a place in the log: see `append`."""

    kind: str
    subject_id: int
    payload: str


@dataclass(frozen=True, slots=True)
class Position:
    """One event of one history. After a restore, the same seq has another mark."""

    seq: int
    mark: str

    def __str__(self) -> str:
        return f"{self.seq}-{self.mark}"

    @classmethod
    def parse(cls, value: str) -> Self | None:
        """Return the position that `str()` gave, or None for anything else."""
        match = POSITION.fullmatch(value)
        return None if match is None else cls(int(match[1]), match[2])


async def append(db: Database, *, kind: str, subject_id: int, payload: str) -> None:
    """Append an event to the log, as the last statement of the transaction, because it takes the log's only lock.

    Args:
        db: the transaction with the change that the event is about.
        kind: such as `status.posted`.
        subject_id: the id of what has changed.
        payload: the event's data as JSON, sent unchanged.
    """
    await APPEND.run(db, {"kind": kind, "subject_id": subject_id, "payload": payload})
    if isinstance(db, AsyncSession):  # whoever runs a statement without a session announces it
        db.info[wakeups.APPENDED] = True


async def append_all(db: AsyncSession, events: Sequence[NewEvent]) -> None:
    """Append any number of events to the log, in their order. Like `append`, this must be the last statement."""
    if len(events) == 1:
        await append(db, kind=events[0].kind, subject_id=events[0].subject_id, payload=events[0].payload)
    if len(events) <= 1:
        return
    values = {
        "kinds": [event.kind for event in events],
        "subject_ids": [event.subject_id for event in events],
        "payloads": [event.payload for event in events],
        "count": len(events),
    }
    await db.execute(APPEND_ALL, values)
    db.info[wakeups.APPENDED] = True


async def redact(db: AsyncSession, *, status_id: int, payload: str) -> None:
    """Remove the text of a status from all its events."""
    await db.execute(REDACT, {"subject_id": status_id, "payload": payload})


async def said(db: AsyncSession, *, status_id: int, edited_at: datetime | None) -> str | None:
    """Return a status as JSON from its event with this `edited_at`, or None if there is no such event."""
    payload: str | None = await db.scalar(SAID, {"status_id": status_id, "edited_at": edited_at})
    return payload


async def head(db: AsyncSession) -> Position:
    """Return the newest position that this transaction sees."""
    seq, mark = (await db.execute(select(FeedHead.seq, FeedHead.mark))).one()
    return Position(seq, mark)


async def can_continue(db: AsyncSession, *, after: Position, head: Position) -> bool:
    """Tell whether the log has every event after `after` up to `head`, and `after` is from the same history."""
    if not 0 <= head.seq - after.seq <= MOST_MISSED:
        return False
    mark = await db.scalar(select(FeedEvent.mark).where(FeedEvent.seq == after.seq))
    return mark == after.mark
