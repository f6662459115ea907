"""Search for words, phrases and beginnings of words, against the board's own query on a bare connection.

    uv run --directory backend python -m benchmarks.search [--quick] [--write] [--statuses 1000000]

One in ten statuses has the common word, one in ten thousand the rare one, one in a hundred the Chinese one. First they
are indexed, as after an upgrade. One request at a time, logged in, each with a different `until`, so that PostgreSQL
finds nothing twice.
"""

import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import asyncpg
import orjson
import uvloop
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.services.statuses import former_search, indexing, listing
from app.services.statuses.search_words import SearchWords
from benchmarks.filled import COMMON, RARE, fill
from benchmarks.rounds import arguments, show, table
from benchmarks.stand import board, pin_database, plain_url, quantile, run_sql
from benchmarks.wire import Wire

WARM_UP = 20  # turns that are not counted
FUTURE = datetime(2030, 1, 1, tzinfo=UTC)
_numbers = itertools.count()  # of the moments, none of which is asked for twice
SEARCHES = {
    "a common word": COMMON,
    "a rare word": RARE,
    "a phrase": f'"item {COMMON}" or "working on"',
    "a prefix": RARE[:4],
    "two Chinese characters": "缓存",
}
SIZE = "SELECT pg_size_pretty(pg_relation_size('ix_statuses_terms'))"
# What the board asks for a page of 50.
QUERY = listing.statement(("q", "until"), 51)

# Milliseconds of the database, and of the board.
type Round = tuple[list[float], list[float]]


async def index(url: str) -> float:
    """Index all statuses as the worker does, and return the seconds that it took."""
    engine = database.create_engine(url)
    started = time.perf_counter()
    async with AsyncSession(engine) as db:
        await indexing.index_all(db)
    took = time.perf_counter() - started
    await engine.dispose()
    await run_sql(url, "VACUUM ANALYZE statuses")
    return took


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Return the milliseconds that it took."""
    started = time.perf_counter()
    await work()
    return (time.perf_counter() - started) * 1000


async def turns(client: Wire, connection: asyncpg.Connection, word: str, count: int) -> Round:
    """Ask the database and the board in turn, so many times."""
    bare, found = [], []
    for _ in range(count + WARM_UP):
        values = {"terms": SearchWords.parse(word).as_tsquery(), "words": former_search.words(word)}
        until = FUTURE + timedelta(seconds=next(_numbers))

        async def ask(until: datetime = until) -> None:
            page = await client.get(f"/statuses?q={quote(word)}&until={until:%Y-%m-%dT%H:%M:%SZ}")
            assert orjson.loads(page)["items"]

        bare.append(await timed(lambda values=values, until=until: QUERY.fetch(connection, {**values, "until": until})))
        found.append(await timed(ask))
    return bare[WARM_UP:], found[WARM_UP:]


def row(name: str, rounds: list[Round]) -> tuple[str, ...]:
    """Return the line of a word, the ratio being the median of its rounds'."""
    ratios = [statistics.median(found) / statistics.median(bare) for bare, found in rounds]
    bare, found = ([each for times in column for each in times] for column in zip(*rounds, strict=True))
    return (
        name,
        f"{statistics.median(bare):.2f}",
        f"{statistics.median(found):.2f}",
        f"{quantile(found, 0.99):.2f}",
        f"**{statistics.median(ratios):.2f}**",
        f"{min(ratios):.2f} to {max(ratios):.2f}",
        "≤ 2.0, < 100 ms",
    )


async def measure(*, statuses: int, rounds: int, count: int, write: bool) -> None:
    """Measure, and show the table."""
    measured: dict[str, list[Round]] = {name: [] for name in SEARCHES}
    with board() as running:
        async with running.replica() as replica:
            token = await running.log_in(replica)
            await fill(running.url, statuses)
            indexed = await index(running.url)
            await pin_database(running.url)
            connection = await asyncpg.connect(plain_url(running.url))
            async with Wire(replica.address, token) as client:
                for _ in range(rounds):
                    for name, word in SEARCHES.items():
                        measured[name].append(await turns(client, connection, word, count))
            size = await connection.fetchval(SIZE)
            await connection.close()
    heading = "word | bare query, p50 ms | the board, p50 ms | p99 ms | ratio | range of the rounds | goal"
    lines = table(heading, [row(name, measured[name]) for name in SEARCHES])
    show("search", f"{statuses:,} statuses, indexed in {indexed:.0f} s. The index has {size}.\n\n{lines}", write=write)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--statuses", type=int, default=0)
    options = parser.parse_args()
    size = options.statuses or (100_000 if options.quick else 1_000_000)
    rounds, count = (1, 50) if options.quick else (5, 200)
    uvloop.run(measure(statuses=size, rounds=rounds, count=count, write=options.write))
