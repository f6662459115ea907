"""The log: `seq` without gaps, in the order of the commits, whoever writes."""

import asyncio
import random

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.models import FeedEvent
from app.services.feed import log as feed_log
from tests.personas import Persona

WRITERS = 16
EACH = 12


async def write(session: AsyncSession, writer: int, chance: random.Random) -> int:
    """Append in transactions of which some end in a rollback, of all or to a savepoint, and count those that stay."""
    kept = 0
    for number in range(EACH):
        fate = chance.choice(["commit", "rollback", "savepoint"])
        if fate == "savepoint":
            async with session.begin_nested() as savepoint:
                await feed_log.append(session, kind="test.lost", subject_id=writer, payload="{}")
                await savepoint.rollback()
        await feed_log.append(session, kind="test.kept", subject_id=writer, payload=f'{{"n":{number}}}')
        if fate == "rollback":
            await session.rollback()
        else:
            await session.commit()
            kept += 1
    return kept


async def watch(session: AsyncSession, done: asyncio.Event) -> list[int]:
    """Look at the log again and again until `done`, and return how high it was each time."""
    heights = []
    while not done.is_set():
        seqs = list(await session.scalars(select(FeedEvent.seq).order_by(FeedEvent.seq)))
        assert seqs == list(range(len(seqs)))
        heights.append(seqs[-1])
    return heights


async def test_sixteen_writers_leave_no_gap(database_url: str, db: AsyncSession):
    """At every moment a reader sees the log from its beginning without a gap, and only ever longer."""
    engine = create_async_engine(database_url, pool_size=WRITERS + 1)
    sessions = [AsyncSession(engine) for _ in range(WRITERS + 1)]
    done = asyncio.Event()
    watching = asyncio.create_task(watch(sessions[-1], done))

    kept = await asyncio.gather(*(write(sessions[n], n, random.Random(n)) for n in range(WRITERS)))
    done.set()
    heights = await watching
    for session in sessions:
        await session.close()
    await engine.dispose()
    events = list(await db.scalars(select(FeedEvent).where(FeedEvent.seq > 0).order_by(FeedEvent.seq)))

    assert heights == sorted(heights)
    assert [event.seq for event in events] == list(range(1, sum(kept) + 1))
    assert {event.kind for event in events} == {"test.kept"}
    assert len({event.mark for event in events}) == len(events)
    for writer in range(WRITERS):
        own = [event.payload for event in events if event.subject_id == writer]
        assert own == sorted(own, key=lambda payload: int(payload[5:-1]))
    assert await feed_log.head(db) == feed_log.Position(events[-1].seq, events[-1].mark)


async def test_posts_edits_and_deletions_at_once(ada: Persona, bob: Persona, db: AsyncSession):
    """What the log tells, in its order, ends in what the list shows."""

    async def live(persona: Persona, number: int) -> None:
        posted = await persona.post(f"octo/api#{number + 1}")
        path = f"/api/v1/statuses/{posted['id']}"
        assert (await persona.client.patch(path, json={"message": f"edited {number}"})).status_code == 200
        if number % 2:
            assert (await persona.client.delete(path)).status_code == 204

    await asyncio.gather(*(live(chosen, number) for number in range(10) for chosen in (ada, bob)))
    told: dict[int, str | None] = {}
    for event in await db.scalars(select(FeedEvent).where(FeedEvent.seq > 0).order_by(FeedEvent.seq)):
        told[event.subject_id] = None if event.kind == "status.deleted" else event.payload
    kept = dict((await db.execute(text("SELECT id, message FROM statuses"))).all())

    assert {status_id for status_id, payload in told.items() if payload is not None} == set(kept)
    assert all(f'"{message}"' in told[status_id] for status_id, message in kept.items())


async def test_an_append_that_fails_gives_its_number_back(ada: Persona, db: AsyncSession):
    """A post that is rolled back after its append leaves neither a number nor a status."""
    await ada.post("first")
    await feed_log.append(db, kind="test.lost", subject_id=1, payload="{}")
    await db.rollback()
    await ada.post("second")

    seqs = list(await db.scalars(select(FeedEvent.seq).order_by(FeedEvent.seq)))

    assert seqs == [0, 1, 2]
