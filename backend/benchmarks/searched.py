"""Posting while others search: posts a second, alone and with 32 searches under way all the time.

    uv run --directory backend python -m benchmarks.searched [--quick] [--write] [--statuses 300000]

The searches come by 32 connections: for a common word, a rare one, a phrase, a prefix and a Chinese word,
in turn, each time up to another moment. A search that is turned away (503) because too many wait counts as made.
"""

import asyncio
import itertools
import tempfile
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import uvloop

from benchmarks.filled import fill
from benchmarks.posts import poster
from benchmarks.rounds import Contender, Turn, arguments, compare, rates, show
from benchmarks.search import FUTURE, SEARCHES, index
from benchmarks.stand import board, pin_database
from benchmarks.wire import Wire

SEARCHING = 32
_numbers = itertools.count()


async def search(address: str, token: str, counted: list[int]) -> None:
    """Search without a pause until cancelled."""
    words = itertools.cycle(SEARCHES.values())
    while True:
        with suppress(AssertionError):  # Wire's, about a 503, after which it may ask on
            async with Wire(address, token) as client:
                while True:
                    until = FUTURE + timedelta(seconds=next(_numbers))
                    await client.get(f"/statuses?q={quote(next(words))}&until={until:%Y-%m-%dT%H:%M:%SZ}")
                    counted[0] += 1
        counted[1] += 1


def searched(contender: Contender, address: str, tokens: list[str], counted: list[int]) -> Contender:
    """Return the same one while others search."""

    async def turn(seconds: float) -> Turn:
        searches = [asyncio.create_task(search(address, token, counted)) for token in tokens]
        try:
            return await contender.turn(seconds)
        finally:
            for each in searches:
                each.cancel()
            await asyncio.gather(*searches, return_exceptions=True)

    return Contender(f"while {SEARCHING} search", turn, "≥ 0.90")


async def measure(*, statuses: int, rounds: int, seconds: int, write: bool) -> None:
    """Measure, and show the table."""
    counted = [0, 0]
    with board() as running, tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            replica = await stack.enter_async_context(running.replica())
            token = await running.log_in(replica)
            await fill(running.url, statuses)
            await index(running.url)
            await pin_database(running.url)
            post = partial(poster, address=replica.address, token=token, kind="plain", folder=Path(folder))
            alone = post("posts alone")
            those = [alone, searched(alone, replica.address, [token] * SEARCHING, counted)]
            turns = await compare(those, rounds=rounds, seconds=seconds)
    heading = f"Plain posts, {statuses:,} statuses; {counted[0]} searches were answered, {counted[1]} turned away."
    show("searched", f"{heading}\n\n{rates(those, turns)}", write=write)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--statuses", type=int, default=300_000)
    options = parser.parse_args()
    rounds, seconds = (1, 2) if options.quick else (5, 4)
    uvloop.run(measure(statuses=options.statuses, rounds=rounds, seconds=seconds, write=options.write))
