"""From the post on one process to the open socket on another: how long, against a bare NOTIFY round trip.

    uv run --directory backend python -m benchmarks.post_to_socket [--quick] [--write]

Two replicas of one worker each, as they are deployed, on a throw-away PostgreSQL 17: each status is posted to one and
received from the other, one after the other with a pause. The floor is a NOTIFY from one bare asyncpg connection to
another on the same server. Between the two stands what is left without the board, `delivery_floor.py`: bare ASGI
callables on uvicorn, on a database of their own, that post by the board's own statement. All three are measured in
turn. The post's own part (request, login, transaction, commit) is shown apart: the answer comes after the commit.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg
import uvloop

from benchmarks.idle_sockets import Follower, open_sockets
from benchmarks.rounds import arguments, show, table
from benchmarks.stand import Board, board, plain_url, quantile
from benchmarks.wire import Wire

PAUSE = 0.01  # seconds
OF_BARE_CALLABLES = 1.35  # what a delivery may take of theirs


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


@dataclass
class Way:
    """Who posts to one process, and who follows another."""

    poster: Wire
    follower: Follower

    async def delivery(self, number: int) -> Delivery:
        """Post once, and wait until it has arrived."""
        self.follower.arrived.clear()
        started = time.perf_counter()
        await self.poster.post("/statuses", {"message": f"Reviewed the pull request, status {number}"})
        answered = time.perf_counter()
        await self.follower.arrived.wait()
        return Delivery((answered - started) * 1000, (self.follower.last - started) * 1000)


@asynccontextmanager
async def way(here: str, there: str, token: str = "") -> AsyncIterator[Way]:
    """Open a way from one process to another."""
    async with Wire(here, token) as poster:
        (follower,) = await open_sockets(there, token, 1)
        yield Way(poster, follower)
        follower.close()


@asynccontextmanager
async def bare_callables(running: Board) -> AsyncIterator[tuple[str, str]]:
    """Run two servers of the bare callable on a board's database, with somebody in it whom they post as."""
    async with running.replica() as replica:
        await running.log_in(replica)
    app = "benchmarks.delivery_floor:app"
    async with running.beside(app, pinned=False) as here, running.beside(app, pinned=False) as there:
        yield here, there


async def in_turn(floor: Floor, ways: list[Way], count: int) -> tuple[list[float], list[list[Delivery]]]:
    """Measure the floor and a delivery by each way in turn, so many times."""
    bare: list[float] = []
    found: list[list[Delivery]] = [[] for _ in ways]
    for number in range(count):
        bare.append(await floor.round_trip())
        await asyncio.sleep(PAUSE)
        for each, deliveries in zip(ways, found, strict=True):
            deliveries.append(await each.delivery(number))
            await asyncio.sleep(PAUSE)
    warm_up = count // 10
    return bare[warm_up:], [deliveries[warm_up:] for deliveries in found]


async def measure(count: int, *, write: bool) -> None:
    """Measure, and print the table."""
    floor, beside_it = Floor(), Floor()
    with board() as running, board() as beside:
        async with (
            running.replica(pinned=False) as here,
            running.replica(pinned=False) as there,
            bare_callables(beside) as (bare_here, bare_there),
        ):
            token = await running.log_in(here)
            await floor.open(plain_url(running.url))
            await beside_it.open(plain_url(beside.url))  # so that each NOTIFY has as many listeners to wake
            async with (
                way(bare_here, bare_there) as without_the_board,
                way(here.address, there.address, token) as with_it,
            ):
                bare, (least, found) = await in_turn(floor, [without_the_board, with_it], count)
    p50, p99 = statistics.median(bare), quantile(bare, 0.99)

    def row(name: str, values: list[float], goal: str = "") -> tuple[str, ...]:
        middle, late = statistics.median(values), quantile(values, 0.99)
        return name, f"{middle:.2f}", f"{late:.2f}", f"**{middle / p50:.1f}**", f"{late / p99:.1f}", goal

    goal = f"≤ {OF_BARE_CALLABLES * statistics.median(one.delivered for one in least) / p50:.1f}"
    rows = [
        row("NOTIFY, bare asyncpg", bare),
        row("bare ASGI callables, the same statement", [one.delivered for one in least]),
        row("from the post to the socket of another worker", [one.delivered for one in found], goal),
        row("of that: until the post is answered", [one.answered for one in found]),
        row("of that: after the answer", [one.after_answer for one in found]),
    ]
    show(
        "delivery",
        f"{len(found)} statuses, one at a time\n\n" + table("what | p50 ms | p99 ms | ratio p50 | p99 | goal", rows),
        write=write,
    )


if __name__ == "__main__":
    options = arguments(__doc__).parse_args()
    uvloop.run(measure(300 if options.quick else 2000, write=options.write))
