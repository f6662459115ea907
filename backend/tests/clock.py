"""Time that passes without anyone waiting for it."""

import asyncio
from datetime import timedelta

from sqlalchemy import DateTime, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.database import Base
from tests.patience import LONG


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
    """Return when so many transactions of this test's database wait for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    engine = database.async_engine.execution_options(isolation_level="AUTOCOMMIT")
    async with asyncio.timeout(LONG), engine.connect() as watcher:
        while await watcher.scalar(waiting) < count:
            await asyncio.sleep(0.01)


async def until_another_process_asks(times: int = 8) -> None:
    """Return when others have asked so much of this test's database: more than a worker does in one look at it."""
    asked = text(
        "SELECT query_start FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    engine = database.async_engine.execution_options(isolation_level="AUTOCOMMIT")
    async with asyncio.timeout(LONG), engine.connect() as watcher:
        before = set(await watcher.scalars(asked))
        seen = set(before)
        while len(seen) < len(before) + times:
            seen |= set(await watcher.scalars(asked))
            await asyncio.sleep(0.01)
