"""Which old data is deleted, and when. Any worker can do it, but only one at a time does."""

import asyncio
from typing import Final

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from app import advisory_locks
from app.services.feed.log import KEPT_DAYS
from app.services.transactions import transaction

BATCH_WITHIN: Final = 20.0  # seconds, for each batch; nobody waits for the answer

# How many rows one transaction deletes at most. PostgreSQL ends a statement after 6 seconds, and a statement that
# doesn't finish in that time would have even more to do an hour later.
BATCH: Final = 5000
PAUSE: Final = 0.1  # seconds between two batches, so that posts get their turn

# The log is cut only at its beginning, so that it never has a gap. The last of the events that are too old stays, so
# that a client that has it can continue and misses nothing.
CUT_THE_LOG: Final = f"""
    DELETE FROM feed_events WHERE seq < (
        SELECT coalesce(min(seq) FILTER (WHERE is_kept) - 1, max(seq)) FROM (
            SELECT seq, created_at >= now() - interval '{KEPT_DAYS} days' AS is_kept
            FROM feed_events ORDER BY seq LIMIT :batch
        ) AS oldest
    )
"""  # noqa: S608 -- a constant
HAS_HAD_ITS_TIME: Final = {
    # GitHub allows a delivery to be sent again for three days.
    "github_deliveries": "created_at < now() - interval '30 days'",
    "idempotency_keys": "created_at < now() - interval '24 hours'",
    # Attempts in the future are left from a clock that was set back.
    "attempts": "created_at NOT BETWEEN now() - interval '1 hour' AND now() + interval '1 hour'",
    "reset_codes": "expires_at < now() - interval '1 day'",
    "refresh_tokens": "expires_at < now() - interval '1 day'",
    "sessions": "ended_at < now() - interval '1 day' OR expires_at < now() - interval '1 day'",
}
STEPS: Final = (
    CUT_THE_LOG,
    *(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {old} LIMIT :batch))"  # noqa: S608
        for table, old in HAS_HAD_ITS_TIME.items()
    ),
)


async def _may_tidy(db: AsyncSession) -> bool:
    """Tell whether no other process is deleting, and keep others from it until the transaction ends."""
    return await db.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": advisory_locks.TIDY_UP}) is True


@transaction
async def _throw_away(db: AsyncSession, step: str) -> int | None:
    """Delete a batch, and return the number of rows. None if another process is deleting."""
    if not await _may_tidy(db):
        return None
    result = await db.execute(text(step), {"batch": BATCH})
    return result.rowcount if isinstance(result, CursorResult) else 0


async def tidy(db: AsyncSession) -> None:
    """Delete old data in batches, unless another process is doing it."""
    for step in STEPS:
        while True:
            db.info["patience"] = BATCH_WITHIN
            count = await _throw_away(db, step)
            if count is None:
                return
            if count == 0:
                break
            await asyncio.sleep(PAUSE)
