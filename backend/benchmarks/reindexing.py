"""Index a board's statuses as after an upgrade, while 50 posts a second go on and a rare word is searched for.

    uv run --directory backend python -m benchmarks.reindexing [--quick]

Every search has to find the word in all its statuses, whether they are indexed yet or not.
"""

import asyncio
import time

import asyncpg
import uvloop
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.models import User
from app.schemas.statuses import StatusCreate
from app.services.statuses import former_search, indexing, listing, posting
from app.services.statuses.search_words import SearchWords
from benchmarks.filled import RARE, fill
from benchmarks.rounds import arguments
from benchmarks.stand import board, plain_url, quantile

POST_EVERY, SEARCH_EVERY = 0.02, 0.1  # seconds
FOUND = listing.statement(("q",), 101)
WANTED = {"terms": SearchWords.parse(RARE).as_tsquery(), "words": former_search.words(RARE)}


async def post(author: User, milliseconds: list[float]) -> None:
    """Post until cancelled, and note how long each post took."""
    while True:
        started = time.perf_counter()
        await posting.post(author=author, data=StatusCreate(message="A post meanwhile"))
        took = time.perf_counter() - started
        milliseconds.append(took * 1000)
        await asyncio.sleep(max(0, POST_EVERY - took))


async def search(connection: asyncpg.Connection, counts: set[int]) -> None:
    """Search until cancelled, and note how many statuses are found."""
    while True:
        counts.add(len({row["id"] for row in await FOUND.fetch(connection, WANTED)}))
        await asyncio.sleep(SEARCH_EVERY)


async def measure(statuses: int) -> None:
    """Measure, and say what was seen."""
    with board() as running:
        await fill(running.url, statuses)
        database.async_engine = database.create_engine(running.url)
        database.AsyncSessionLocal.configure(bind=database.async_engine)
        connection = await asyncpg.connect(plain_url(running.url), server_settings={"jit": "off"})
        async with AsyncSession(database.async_engine) as db:
            author = (await db.scalars(select(User).limit(1))).one()
            db.expunge_all()
        posts: list[float] = []
        counts: set[int] = set()
        others = [asyncio.create_task(post(author, posts)), asyncio.create_task(search(connection, counts))]
        started = time.perf_counter()
        async with AsyncSession(database.async_engine) as db:
            await indexing.index_all(db)
        took = time.perf_counter() - started
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await connection.close()
        await database.async_engine.dispose()
    print(f"{statuses:,} statuses indexed in {took:.0f} s, with {len(posts) / took:.0f} posts a second")
    print(f"a post: p50 {quantile(posts, 0.5):.1f} ms, p99 {quantile(posts, 0.99):.1f} ms, most {max(posts):.0f} ms")
    print(f"statuses with the rare word, in all searches: {sorted(counts)}")


if __name__ == "__main__":
    uvloop.run(measure(100_000 if arguments(__doc__).parse_args().quick else 1_000_000))
