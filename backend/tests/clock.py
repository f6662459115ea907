"""Time that passes without anyone waiting for it."""

import asyncio
from datetime import timedelta

from sqlalchemy import DateTime, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.database import Base


async def let_pass(db: AsyncSession, time: timedelta) -> None:
    """Have so much time pass for the database: every moment that it remembers moves into the past.

    Access tokens carry times of their own, which stay.
    """
    for table in Base.metadata.sorted_tables:
        moments = [column for column in table.columns if isinstance(column.type, DateTime)]
        if moments:
            await db.execute(update(table).values({column: column - time for column in moments}))
    await db.commit()
    db.expire_all()


async def until_they_wait(count: int) -> None:
    """Return when so many transactions of this test's database wait for a lock; `lock_timeout` gives them 1.5 s."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    engine = database.async_engine.execution_options(isolation_level="AUTOCOMMIT")
    async with asyncio.timeout(1.5), engine.connect() as watcher:
        while await watcher.scalar(waiting) < count:
            await asyncio.sleep(0.01)
