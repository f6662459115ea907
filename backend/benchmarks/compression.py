"""What compressing an answer costs, and what it saves: by gzip at its fastest, as the board does, and otherwise.

    uv run --directory backend python -m benchmarks.compression [--quick] [--write]

Each answer of the API is made anew with each change of the log. Compressed, it arrives sooner only over a link that is
slower than what was saved, divided by the time that it took.
"""

import gzip
import statistics
import time
from collections.abc import Callable

import brotli
import uvloop

from app.api.compression import compress
from benchmarks.filled import fill
from benchmarks.growth import STATUS_EACH
from benchmarks.rounds import arguments, show, table
from benchmarks.stand import board, run_sql
from benchmarks.wire import Wire

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip 1, the board's": compress,
    "gzip 6": lambda content: gzip.compress(content, 6),
    "brotli 1": lambda content: brotli.compress(content, quality=1),
    "brotli 4": lambda content: brotli.compress(content, quality=4),
}


async def answers() -> dict[str, bytes]:
    """Return what the board answers to those who read it first."""
    found = {}
    with board() as running:
        async with running.replica() as replica:
            token = await running.log_in(replica)
            await fill(running.url, 10_000)
            await run_sql(running.url, STATUS_EACH)
            async with Wire(replica.address, token) as client:
                found["the newest page"] = await client.get("/statuses")
                found["`GET /board`, 500 members"] = await client.get("/board")
    return found


async def measure(*, count: int, write: bool) -> None:
    """Measure, and show the table."""
    rows = []
    for name, content in (await answers()).items():
        for coding, code in CODINGS.items():
            took = []
            for _ in range(count):
                started = time.perf_counter()
                small = code(content)
                took.append(time.perf_counter() - started)
            middle, saved = statistics.median(took), len(content) - len(small)
            sizes = (f"{len(content) / 1000:.1f}", f"{len(small) / 1000:.1f}")
            rows.append((name, coding, *sizes, f"{middle * 1000:.2f}", f"{saved * 8 / middle / 1e6:.0f}"))
    heading = "answer | coding | KB | KB compressed | ms | worth it below Mbit/s"
    show("compression", table(heading, rows), write=write)


if __name__ == "__main__":
    options = arguments(__doc__).parse_args()
    uvloop.run(measure(count=20 if options.quick else 200, write=options.write))
