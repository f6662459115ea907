"""What is thrown away, and when. Any process may do it, and only one at a time does."""

import asyncio
import logging
import random
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import AsyncSessionLocal
from app.errors import BoardError
from app.services.feed import KEPT_DAYS
from app.services.transactions import transaction

log = logging.getLogger(__name__)

EVERY: Final = 3600.0  # seconds
PATIENCE: Final = 60.0  # seconds; nobody waits for the answer
LOCK: Final = 7_305_820_114_962_002

# The log is cut at its beginning only, so that it never has a gap. Of the events that are too old the last one stays:
# who has it goes on from there, and misses none.
STEPS: Final = (
    f"""DELETE FROM feed_events WHERE seq < COALESCE(
            (SELECT seq FROM feed_events WHERE created_at >= now() - interval '{KEPT_DAYS} days' ORDER BY seq LIMIT 1),
            (SELECT seq + 1 FROM feed_head)) - 1""",  # noqa: S608 -- a constant
    # GitHub lets a delivery be sent again for three days.
    "DELETE FROM github_deliveries WHERE created_at < now() - interval '30 days'",
    "DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'",
    "DELETE FROM attempts WHERE created_at < now() - interval '1 hour'",
    "DELETE FROM reset_codes WHERE expires_at < now() - interval '1 day'",
    "DELETE FROM refresh_tokens WHERE expires_at < now() - interval '1 day'",
    """DELETE FROM sessions WHERE (ended_at < now() - interval '1 day' OR expires_at < now() - interval '1 day')""",
)


@transaction
async def tidy(db: AsyncSession) -> None:
    """Throw away what has had its time, unless another process is at it."""
    if await db.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}):
        for step in STEPS:
            await db.execute(text(step))


async def tidy_for_ever() -> None:
    """Tidy every hour, the first time some minutes after the start, so that workers don't do it in step."""
    await asyncio.sleep(random.uniform(60, 600))  # noqa: S311 -- no secret
    while True:
        try:
            async with AsyncSessionLocal(info={"patience": PATIENCE}) as db:
                await tidy(db)
        except BoardError as error:
            log.warning("Tidying up has to wait for the next hour: %s", error)
        await asyncio.sleep(EVERY)
