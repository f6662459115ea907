"""Full-text search for a common and a rare word, against the board's own query on a bare connection.

    uv run --directory backend python -m benchmarks.search [--quick] [--write] [--statuses 1000000]

One in ten statuses has the common word, one in ten thousand the rare one. One request at a time, logged in, each with a
different `until`, so that no page can be repeated.
"""

import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
import uvloop

from app.services.statuses import listing
from benchmarks.filled import COMMON, RARE, fill
from benchmarks.rounds import arguments, show, table
from benchmarks.stand import board, pin_database, plain_url, quantile
from benchmarks.wire import Wire

WARM_UP = 20  # turns that are not counted
FUTURE = datetime(2030, 1, 1, tzinfo=UTC)
_numbers = itertools.count()  # of the moments, none of which is asked for twice
# What the board asks for a page of 50.
QUERY = listing.statement(("q", "until"), 51)

# Milliseconds of the database, and of the board.
type Round = tuple[list[float], list[float]]


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Return the milliseconds that it took."""
    started = time.perf_counter()
    await work()
    return (time.perf_counter() - started) * 1000


async def turns(client: Wire, connection: asyncpg.Connection, word: str, count: int) -> Round:
    """Ask the database and the board in turn, so many times."""
    bare, found = [], []
    for _ in range(count + WARM_UP):
        until = FUTURE + timedelta(seconds=next(_numbers))

        async def ask(until: datetime = until) -> None:
            page = await client.get(f"/statuses?q={word}&until={until:%Y-%m-%dT%H:%M:%SZ}")
            assert orjson.loads(page)["items"]

        bare.append(await timed(lambda until=until: QUERY.fetch(connection, {"words": f'"{word}"', "until": until})))
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
    words = {"common": COMMON, "rare": RARE}
    measured: dict[str, list[Round]] = {name: [] for name in words}
    with board() as running:
        async with running.replica() as replica:
            token = await running.log_in(replica)
            await fill(running.url, statuses)
            await pin_database(running.url)
            connection = await asyncpg.connect(plain_url(running.url))
            async with Wire(replica.address, token) as client:
                for _ in range(rounds):
                    for name, word in words.items():
                        measured[name].append(await turns(client, connection, word, count))
            await connection.close()
    heading = "word | bare query, p50 ms | the board, p50 ms | p99 ms | ratio | range of the rounds | goal"
    lines = table(heading, [row(name, measured[name]) for name in words])
    show("search", f"{statuses:,} statuses\n\n{lines}", write=write)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--statuses", type=int, default=0)
    options = parser.parse_args()
    size = options.statuses or (100_000 if options.quick else 1_000_000)
    rounds, count = (1, 50) if options.quick else (5, 200)
    uvloop.run(measure(statuses=size, rounds=rounds, count=count, write=options.write))
