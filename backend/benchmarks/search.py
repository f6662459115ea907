"""Full-text search for a common and a rare word, against the board's own query on a bare connection.

    uv run --directory backend python -m benchmarks.search [--quick] [--write] [--statuses 1000000]

One in ten statuses has the common word, one in ten thousand the rare one. One request at a time, logged in, each with a
moment of its own as `until`, so that no page is at hand.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
import uvloop

from app.services import status_pages
from benchmarks.filled import COMMON, RARE, fill
from benchmarks.rounds import arguments, show, table
from benchmarks.stand import board, pin_database, plain_url, quantile
from benchmarks.wire import Wire

FUTURE = datetime(2030, 1, 1, tzinfo=UTC)
# What the board asks for a page of 50.
QUERY = status_pages.statement(("q", "until"), 51)


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Return the milliseconds that it took."""
    started = time.perf_counter()
    await work()
    return (time.perf_counter() - started) * 1000


async def turns(client: Wire, connection: asyncpg.Connection, word: str, count: int) -> tuple[list[float], list[float]]:
    """Ask the database and the board in turn, so many times."""
    bare, found = [], []
    for number in range(count + 20):
        until = FUTURE + timedelta(seconds=number)

        async def ask(until: datetime = until) -> None:
            page = await client.get(f"/statuses?q={word}&until={until:%Y-%m-%dT%H:%M:%SZ}")
            assert orjson.loads(page)["items"]

        bare.append(await timed(lambda until=until: QUERY.fetch(connection, {"words": f'"{word}"', "until": until})))
        found.append(await timed(ask))
    return bare[20:], found[20:]


async def measure(*, statuses: int, count: int, write: bool) -> None:
    """Measure, and show the table."""
    rows = []
    with board() as running:
        async with running.replica() as replica:
            token = await running.log_in(replica)
            await fill(running.url, statuses)
            await pin_database(running.url)
            connection = await asyncpg.connect(plain_url(running.url))
            async with Wire(replica.address, token) as client:
                for name, word in (("common", COMMON), ("rare", RARE)):
                    bare, found = await turns(client, connection, word, count)
                    p50, middle = statistics.median(bare), statistics.median(found)
                    late = quantile(found, 0.99)
                    rows.append(
                        (
                            name,
                            f"{p50:.2f}",
                            f"{middle:.2f}",
                            f"{late:.2f}",
                            f"**{middle / p50:.2f}**",
                            "≤ 2.0, < 100 ms",
                        )
                    )
            await connection.close()
    heading = "word | bare query, p50 ms | the board, p50 ms | p99 ms | ratio | to reach"
    show("search", f"{statuses:,} statuses\n\n" + table(heading, rows), write=write)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--statuses", type=int, default=0)
    options = parser.parse_args()
    size = options.statuses or (100_000 if options.quick else 1_000_000)
    uvloop.run(measure(statuses=size, count=50 if options.quick else 200, write=options.write))
