"""Whether a page deep in the list costs more than the first, and whether a long list costs more than a short one.

    uv run --directory backend python -m benchmarks.paging [--quick] [--write] [--sizes 10000,100000,1000000]

One request at a time, logged in; each for a page of 50 that nobody has asked for, somewhere within a thousand statuses
of its place. Page 2000 begins after 100,000 statuses; of a shorter list it is the last full page.
"""

import random
import statistics
import time
from datetime import UTC, datetime

import asyncpg
import orjson
import uvloop

from app.services import cursors
from benchmarks.filled import fill
from benchmarks.rounds import arguments, show, table
from benchmarks.stand import board, pin_database, plain_url, quantile
from benchmarks.wire import Wire

PAGE = 50
DEEP = 2000 * PAGE
AROUND = 1000  # statuses
CHANCE = random.Random(6)  # noqa: S311 -- no secret


async def cursors_at(url: str, depth: int) -> list[str]:
    """Return the cursors behind the statuses at this depth and the thousand that follow."""
    connection = await asyncpg.connect(plain_url(url))
    rows = await connection.fetch(
        "SELECT created_at, id FROM statuses ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT $2", depth, AROUND
    )
    await connection.close()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [cursors.write(round((row["created_at"] - epoch).total_seconds() * 1_000_000), row["id"]) for row in rows]


async def asked(client: Wire, cursor: str) -> float:
    """Return the milliseconds that a page took."""
    started = time.perf_counter()
    page = await client.get(f"/statuses?cursor={cursor}")
    took = (time.perf_counter() - started) * 1000
    assert len(orjson.loads(page)["items"]) == PAGE
    return took


async def measure(*, sizes: list[int], count: int, write: bool) -> None:
    """Measure, and show the table."""
    rows = []
    with board() as running:
        async with running.replica() as replica:
            token = await running.log_in(replica)
            before = 0
            for size in sizes:
                await fill(running.url, size, first=before + 1)
                await pin_database(running.url)
                before = size
                places = [0, min(DEEP, size - AROUND - PAGE)]
                found: dict[int, list[float]] = {place: [] for place in places}
                cursors_of = {place: await cursors_at(running.url, place) for place in places}
                async with Wire(replica.address, token) as client:
                    for number in range(count + 50):
                        for place in places:
                            took = await asked(client, CHANCE.choice(cursors_of[place]))
                            if number >= 50:  # the first warm up
                                found[place].append(took)
                first, deep = (statistics.median(found[place]) for place in places)
                late = quantile(found[places[1]], 0.99)
                rows.append(
                    (f"{size:,}", f"{first:.2f}", f"{deep:.2f}", f"{late:.2f}", f"**{deep / first:.2f}**", "≤ 1.2")
                )
    heading = "statuses | page 1, p50 ms | page 2000, p50 ms | p99 ms | ratio | goal"
    show("paging", table(heading, rows), write=write)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--sizes", default="", help="numbers of statuses, divided by commas")
    options = parser.parse_args()
    usual = "10000,100000" if options.quick else "10000,100000,1000000"
    wanted = [int(size) for size in (options.sizes or usual).split(",")]
    uvloop.run(measure(sizes=wanted, count=100 if options.quick else 300, write=options.write))
