"""Writers who dawdle inside their transactions, and some who give up."""

import asyncio
import random
import uuid

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from app.database import SESSION_GUARDS
from app.models import Status, User
from app.models.status import Category
from app.services.feed import log as feed_log
from app.services.statuses import reading
from app.services.transactions import transaction
from tests.faults import mutations
from tests.faults.checker import Ledger, check
from tests.faults.clients import Readers
from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import read_table

WRITERS = 16
LONGEST_PAUSE = 0.05  # seconds
GIVING_UP = 0.1  # of the posts


class ChangedMind(Exception):
    """The writer rolls back, with its number already taken."""


@transaction
async def post_slowly(db: AsyncSession, author: User, message: str) -> int:
    """Append as every service does, with a pause before the transaction takes its number, and sometimes no commit."""
    values = {"author_id": author.id, "message": message, "category": Category.DONE}
    status_id = (await db.execute(insert(Status).values(values).returning(Status.id))).scalar_one()
    status = (await reading.read_statuses(db, reading.select_statuses().where(Status.id == status_id)))[0]
    await feed_log.append(db, kind="status.posted", subject_id=status_id, payload=status.model_dump_json())
    if random.random() < GIVING_UP:
        raise ChangedMind
    return status_id


async def write(sessions: async_sessionmaker[AsyncSession], author: User, ledger: Ledger, posts: list[None]) -> None:
    """Post until enough has been posted by all writers together."""
    while posts:
        posts.pop()
        key = uuid.uuid4().hex
        message = f"{key} is what I do"
        ledger.tried.add(key)
        async with sessions() as db:
            try:
                ledger.acknowledged[key] = status_id = await post_slowly(db, author, message)
                ledger.said[status_id] = message
            except ChangedMind:
                ledger.tried.discard(key)


@pytest.mark.fault(
    "16 writers that pause in their transactions, some rolling back",
    small={"posts": 600, "sockets": 20},
    full={"posts": 5000, "sockets": 100},
    mutations={"counter_without_lock": {}, "no_poll": {}},
)
async def test_writers_that_overlap_leave_one_order_without_gaps(
    stand: Stand, run: Run, monkeypatch: pytest.MonkeyPatch
):
    """The numbers follow the commits, and a rollback gives its number back. Nobody is notified: the poll finds all."""
    append = feed_log.append

    async def append_after_a_pause(db: AsyncSession, **event: object) -> None:
        await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))
        await append(db, **event)
        if run.mutation == "counter_without_lock":
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))

    monkeypatch.setattr(feed_log, "append", append_after_a_pause)
    if run.mutation == "counter_without_lock":
        monkeypatch.setattr(feed_log, "APPEND", mutations.PLAIN_APPEND)
        await stand.run(mutations.PLAIN_TABLES)

    members = await stand.members(max(run.size.sockets, WRITERS))
    engine = create_async_engine(
        stand.postgres.url(), poolclass=NullPool, connect_args={"server_settings": SESSION_GUARDS}
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with sessions() as db:
        authors = list(await db.scalars(select(User).limit(WRITERS)))
    ledger, readers = Ledger(), Readers(stand)
    try:
        await readers.begin(members[: run.size.sockets], 30)
        posts = [None] * run.size.posts
        await asyncio.gather(*(write(sessions, author, ledger, posts) for author in authors))
        table = await read_table(stand)
        await readers.settle(table.head, 10)
        verdict = check(ledger, readers.logs, table)
    finally:
        await readers.end()
        await engine.dispose()
        if run.mutation == "counter_without_lock":
            await stand.run(mutations.LOCKED_TABLES)

    assert 0 < len(ledger.acknowledged) < run.size.posts, "nobody changed their mind"
    run.is_exact(verdict)
