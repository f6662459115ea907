"""What is thrown away, and what stays. The log's part of it is in `test_live_resume.py`."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import advisory_locks, database
from app.errors import DatabaseUnavailable
from app.services import housekeeping
from app.services.identity import attempts
from tests.clock import let_pass
from tests.logins import cookie, log_in
from tests.personas import Persona, new_client
from tests.recorder import recorded

COUNTS = text("""
    SELECT (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM attempts),
           (SELECT count(*) FROM reset_codes), (SELECT count(*) FROM refresh_tokens), (SELECT count(*) FROM sessions)
""")


async def tidied(db: AsyncSession) -> tuple[int, ...]:
    """Tidy up, and return how many keys, attempts, reset codes, refresh tokens and sessions are left."""
    async with database.AsyncSessionLocal() as session:
        await housekeeping.tidy(session)
    counts = (await db.execute(COUNTS)).one()
    await db.rollback()
    return tuple(counts)


async def leave_traces(ada: Persona) -> None:
    """Leave one row of everything that has its time: a key, an attempt, a code, a login with its refresh token."""
    await ada.post("x", **{"Idempotency-Key": "k"})
    await ada.client.post("/api/v1/users/ada/reset")
    async with new_client() as client:
        cookie(await log_in(client, "ada"))
        await log_in(client, "ada", "wrong password")


async def test_everything_has_its_time(ada: Persona, db: AsyncSession):
    """Attempts an hour, keys and codes a day and an hour more, refresh tokens 7 days and one, sessions 90 and one."""
    await leave_traces(ada)
    left = [await tidied(db)]
    for time in [
        timedelta(minutes=61),
        timedelta(hours=23),
        timedelta(hours=2),
        timedelta(days=7),
        timedelta(days=82),
        timedelta(days=2),
    ]:
        await let_pass(db, time)
        left.append(await tidied(db))

    assert left == [
        (1, 1, 1, 1, 2),
        (1, 0, 1, 1, 2),
        (0, 0, 1, 1, 2),
        (0, 0, 0, 1, 2),
        (0, 0, 0, 0, 2),
        (0, 0, 0, 0, 2),
        (0, 0, 0, 0, 0),
    ]


async def test_attempts_from_the_future_go(ada: Persona, db: AsyncSession):
    """Those of more than an hour ahead, as the database's clock leaves behind when it is set back."""
    await leave_traces(ada)
    left = []
    for ahead in (timedelta(minutes=59), timedelta(minutes=2)):
        await let_pass(db, -ahead)
        left.append((await tidied(db))[1])

    assert left == [1, 0]


async def test_an_ended_session_stays_for_a_day(ada: Persona, db: AsyncSession):
    """Then it goes, with its refresh tokens; a status never does."""
    await leave_traces(ada)
    await ada.client.post("/api/v1/auth/logout")
    at_once = await tidied(db)
    await let_pass(db, timedelta(hours=25))
    later = await tidied(db)

    assert (at_once[3:], later[3:]) == ((1, 2), (1, 1))
    assert await db.scalar(text("SELECT count(*) FROM statuses")) == 1


async def test_one_process_tidies_at_a_time(ada: Persona, db: AsyncSession):
    """While another is at it nothing is done, and nobody waits."""
    await leave_traces(ada)
    await let_pass(db, timedelta(hours=2))
    async with database.async_engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": advisory_locks.TIDY_UP})
        meanwhile = await tidied(db)
        await other.rollback()

    assert meanwhile[1] == 1
    assert (await tidied(db))[1] == 0


@pytest.mark.parametrize("batch", [2, 3, 7])
async def test_it_is_thrown_away_in_batches(ada: Persona, db: AsyncSession, monkeypatch, batch: int):
    """Each a transaction of its own, so that it gets done however much there is; and what is left is the same."""
    monkeypatch.setattr(housekeeping, "BATCH", batch)
    monkeypatch.setattr(housekeeping, "PAUSE", 0)
    for _ in range(5):
        await leave_traces(ada)
        await db.execute(text("TRUNCATE attempts"))
        await db.commit()
    await let_pass(db, timedelta(days=92))
    with recorded() as statements:
        left = await tidied(db)
    seqs = list(await db.scalars(text("SELECT seq FROM feed_events ORDER BY seq")))

    assert left == (0, 0, 0, 0, 0)
    assert seqs == [await db.scalar(text("SELECT seq FROM feed_head"))]
    assert len([statement for statement in statements if "DELETE" in statement]) > len(housekeeping.STEPS)


async def test_what_fails_does_not_undo_what_was_thrown_away(ada: Persona, db: AsyncSession, monkeypatch):
    """The next try goes on behind it: a single transaction would begin anew each time, with ever more to do."""
    for _ in range(6):
        await ada.post("x")
    await let_pass(db, timedelta(days=8))
    before = await db.scalar(text("SELECT count(*) FROM feed_events"))
    await db.rollback()
    monkeypatch.setattr(housekeeping, "BATCH", 3)
    calls = 0

    async def fail(_seconds: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise DatabaseUnavailable

    monkeypatch.setattr(housekeeping.asyncio, "sleep", fail)
    with pytest.raises(DatabaseUnavailable):
        await tidied(db)
    monkeypatch.undo()

    assert await db.scalar(text("SELECT count(*) FROM feed_events")) == before - 4


async def test_attempts_stay_as_long_as_they_count():
    """What is thrown away after an hour must not be counted for longer."""
    assert max(period for _, period in (attempts.BY_NAME, attempts.BY_ADDRESS)) <= timedelta(hours=1)
