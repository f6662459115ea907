"""From the post on one process to the open socket on another: how long, against a bare NOTIFY round trip.

    uv run --directory backend python -m benchmarks.post_to_socket [--quick] [--write]

Two replicas of one worker each, as they are deployed, on a throw-away PostgreSQL 17: each status is posted to one and
received from the other, one after the other with a pause. The floor is a NOTIFY from one bare asyncpg connection to
another on the same server, measured in turn with it. The post's own part (request, login, transaction, commit) is
shown apart: the answer comes after the commit.
"""

import asyncio
import statistics
import time
from typing import NamedTuple

import asyncpg
import uvloop

from benchmarks.idle_sockets import Follower, open_sockets
from benchmarks.rounds import arguments, show, table
from benchmarks.stand import Replica, board, plain_url, quantile
from benchmarks.wire import Wire

PAUSE = 0.01  # seconds


class Delivery(NamedTuple):
    """Milliseconds from just before the POST to its answer, and to the frame on the socket."""

    answered: float
    delivered: float

    @property
    def after_answer(self) -> float:
        """How long after the answer the frame came; below zero where it was there first."""
        return self.delivered - self.answered


class Floor:
    """Two bare connections, of which one notifies the other."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[float] = asyncio.Queue()

    async def open(self, url: str) -> None:
        """Connect."""
        self._listener, self._sender = await asyncpg.connect(url), await asyncpg.connect(url)
        await self._listener.add_listener("floor", lambda *_: self._arrived.put_nowait(time.perf_counter()))

    async def round_trip(self) -> float:
        """Return how many milliseconds a notification took."""
        started = time.perf_counter()
        await self._sender.execute("SELECT pg_notify('floor', '')")
        return (await self._arrived.get() - started) * 1000


async def delivery(poster: Wire, follower: Follower, number: int) -> Delivery:
    """Post once, and wait until it has arrived."""
    follower.arrived.clear()
    started = time.perf_counter()
    await poster.post("/statuses", {"message": f"Reviewed the pull request, status {number}"})
    answered = time.perf_counter()
    await follower.arrived.wait()
    return Delivery((answered - started) * 1000, (follower.last - started) * 1000)


async def turns(here: Replica, there: Replica, token: str, url: str, count: int) -> tuple[list[float], list[Delivery]]:
    """Measure the floor and a delivery in turn, so many times."""
    floor = Floor()
    await floor.open(url)
    (follower,) = await open_sockets(there, token, 1)
    bare, found = [], []
    async with Wire(here.address, token) as poster:
        for number in range(count):
            bare.append(await floor.round_trip())
            await asyncio.sleep(PAUSE)
            found.append(await delivery(poster, follower, number))
            await asyncio.sleep(PAUSE)
    return bare[count // 10 :], found[count // 10 :]  # the first tenth warms up


async def measure(count: int, *, write: bool) -> None:
    """Measure, and print the table."""
    with board() as running:
        async with running.replica(pinned=False) as here, running.replica(pinned=False) as there:
            token = await running.log_in(here)
            bare, found = await turns(here, there, token, plain_url(running.url), count)
    p50, p99 = statistics.median(bare), quantile(bare, 0.99)

    def row(name: str, values: list[float], goal: str) -> tuple[str, ...]:
        middle, late = statistics.median(values), quantile(values, 0.99)
        return name, f"{middle:.2f}", f"{late:.2f}", f"**{middle / p50:.1f}**", f"{late / p99:.1f}", goal

    rows = [
        row("NOTIFY, bare asyncpg", bare, ""),
        row("from the post to the socket of another worker", [one.delivered for one in found], "≤ 3.0, ≤ 5"),
        row("of that: until the post is answered", [one.answered for one in found], ""),
        row("of that: after the answer", [one.after_answer for one in found], ""),
    ]
    show(
        "delivery",
        f"{len(found)} statuses, one at a time\n\n"
        + table("what | p50 ms | p99 ms | ratio p50 | p99 | to reach", rows),
        write=write,
    )


if __name__ == "__main__":
    options = arguments(__doc__).parse_args()
    uvloop.run(measure(300 if options.quick else 2000, write=options.write))
