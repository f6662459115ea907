"""The log, written by hand: long histories, and histories that are gone."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

APPEND = text("""
    WITH head AS (SELECT seq FROM feed_head FOR UPDATE),
    events AS (
        INSERT INTO feed_events (seq, mark, kind, subject_id, payload)
        SELECT head.seq + n, left(gen_random_uuid()::text, 8), 'test.happened', n,
               '{"n":' || n || ',"padding":"' || repeat('x', :padding) || '"}'
        FROM head, generate_series(1, :count) AS n
        RETURNING seq, mark
    )
    UPDATE feed_head SET (seq, mark) = (SELECT seq, mark FROM events ORDER BY seq DESC LIMIT 1)
""")

FORGET = text("DELETE FROM feed_events WHERE seq > :seq")
STEP_BACK = text("UPDATE feed_head SET (seq, mark) = (SELECT seq, mark FROM feed_events ORDER BY seq DESC LIMIT 1)")

END_LISTENERS = text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'statusboard listen' AND datname = current_database()
""")


async def append(db: AsyncSession, count: int, *, padding: int = 0) -> None:
    """Append so many events at once, and tell nobody: each process finds them by its poll."""
    await db.execute(APPEND, {"count": count, "padding": padding})
    await db.commit()


async def restore(db: AsyncSession, *, to: int, then: int = 0) -> None:
    """Bring the log back to an earlier height, as a restored backup does, and let it grow from there anew."""
    await db.execute(FORGET, {"seq": to})
    await db.execute(STEP_BACK)
    if then:
        await db.execute(APPEND, {"count": then, "padding": 0})
    await db.commit()


async def end_listeners(db: AsyncSession) -> int:
    """Have PostgreSQL end every connection that listens on this test's database, and return how many it were."""
    ended = (await db.execute(END_LISTENERS)).scalar_one()
    await db.commit()
    return ended


async def position_at(db: AsyncSession, seq: int) -> str:
    """Return the position of one event."""
    mark = await db.scalar(text("SELECT mark FROM feed_events WHERE seq = :seq"), {"seq": seq})
    await db.rollback()
    return f"{seq}-{mark}"


async def empty(db: AsyncSession) -> None:
    """Leave the log's tables without a row, as a restore does before it fills them."""
    await db.execute(text("TRUNCATE feed_events, feed_head"))
    await db.commit()


async def begin(db: AsyncSession) -> None:
    """Begin a log where there is none."""
    await db.execute(text("INSERT INTO feed_head (seq, mark) VALUES (0, 'fedcba98')"))
    await db.execute(
        text("INSERT INTO feed_events (seq, mark, kind, subject_id, payload) VALUES (0, 'fedcba98', 'test', 0, '{}')")
    )
    await db.commit()
