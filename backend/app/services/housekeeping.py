"""What is thrown away, and when. Any worker may do it, and only one at a time does."""

import asyncio
from typing import Final

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from app import advisory_locks
from app.services.feed.log import KEPT_DAYS
from app.services.transactions import transaction

BATCH_WITHIN: Final = 20.0  # seconds, for each batch; nobody waits for the answer

# Rows that one transaction throws away, however many there are. PostgreSQL ends a statement after 6 seconds, and one
# that does not get everything done in that time would have even more to do an hour later.
BATCH: Final = 5000
PAUSE: Final = 0.1  # seconds between two batches, for those who post meanwhile

# The log is cut at its beginning only, so that it never has a gap. Of the events that are too old the last one stays:
# who has it goes on from there, and misses none.
CUT_THE_LOG: Final = f"""
    DELETE FROM feed_events WHERE seq < (
        SELECT coalesce(min(seq) FILTER (WHERE is_kept) - 1, max(seq)) FROM (
            SELECT seq, created_at >= now() - interval '{KEPT_DAYS} days' AS is_kept
            FROM feed_events ORDER BY seq LIMIT :batch
        ) AS oldest
    )
"""  # noqa: S608 -- a constant
HAS_HAD_ITS_TIME: Final = {
    # GitHub lets a delivery be sent again for three days.
    "github_deliveries": "created_at < now() - interval '30 days'",
    "idempotency_keys": "created_at < now() - interval '24 hours'",
    # Those of the future were left by a clock that was set back.
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
    """Tell whether no other process is at it, and keep others from it until the transaction ends."""
    return await db.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": advisory_locks.TIDY_UP}) is True


@transaction
async def _throw_away(db: AsyncSession, step: str) -> int | None:
    """Throw away a batch, and return how many rows that were; None while another process is at it."""
    if not await _may_tidy(db):
        return None
    result = await db.execute(text(step), {"batch": BATCH})
    return result.rowcount if isinstance(result, CursorResult) else 0


async def tidy(db: AsyncSession) -> None:
    """Throw away what has had its time, a batch at a time, unless another process is at it."""
    for step in STEPS:
        while True:
            db.info["patience"] = BATCH_WITHIN
            count = await _throw_away(db, step)
            if count is None:
                return
            if count == 0:
                break
            await asyncio.sleep(PAUSE)
