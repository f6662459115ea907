"""How cost grows: with the statuses of a board, its members, its open sockets, and the workers that serve it.

    uv run --directory backend python -m benchmarks.growth [--quick] [--write] [--only statuses,members,sockets,workers]
        [--sizes 10000,100000,1000000]

One request at a time but for the workers' table, whose 32 connections ask as fast as they are answered. No page is at
hand: each asks for another moment until which it looks, or comes after a post. Nor is the board, where nothing else is
said: with a query, its route makes it anew.
"""

import asyncio
import itertools
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from benchmarks.filled import COMMON, RARE, fill
from benchmarks.idle_sockets import open_sockets
from benchmarks.posts import poster
from benchmarks.rounds import arguments, show, table, wrk
from benchmarks.stand import board, pin_database, quantile, run_sql
from benchmarks.wire import Wire

MEMBERS = (5, 50, 500)
SOCKETS = (10, 100, 1000, 10_000)
WORKERS = (1, 2, 4)
FILES = 12_000

FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
PAGES = {
    "the newest page": "/statuses?",
    "of an author": "/statuses?author=member-7&",
    "of a category": "/statuses?category=planning&",
    "of a reference": "/statuses?reference=octo/repo-7%2347&",
    "with a common word": f"/statuses?q={COMMON}&",
    "with a rare word": f"/statuses?q={RARE}&",
}
BOARD, BOARD_MADE_ANEW = "/board", "/board?anew"
POST = {"message": "Reviewed octo/repo-7#47"}
# So many members, and a status of today from each.
EVERYONE = """
    INSERT INTO users (username, display_name, password_hash)
    SELECT 'member-' || n, 'Member ' || n, 'x' FROM generate_series(1, {members}) AS n
"""
STATUS_EACH = """
    INSERT INTO statuses (author_id, message, category)
    SELECT id, 'Reviewing what ' || username || ' has left, then pairing on the feed', 'in-progress' FROM users
"""


async def timed(work: Callable[[], Awaitable[object]], count: int) -> list[float]:
    """Return the milliseconds of each of so many times, the first tenth being left out."""
    took = []
    for _ in range(count + count // 10):
        started = time.perf_counter()
        await work()
        took.append((time.perf_counter() - started) * 1000)
    return took[count // 10 :]


def middle_and_late(took: list[float]) -> str:
    """Return the median and the 99th percentile as a cell."""
    return f"{statistics.median(took):.2f} ({quantile(took, 0.99):.1f})"


async def of_statuses(sizes: list[int], count: int) -> str:
    """Return the table of what is asked, at each number of statuses."""
    columns: list[list[str]] = []
    moments = itertools.count()

    def asking(client: Wire, path: str) -> Callable[[], Awaitable[object]]:
        async def ask() -> None:
            until = FUTURE + timedelta(seconds=next(moments))
            await client.get(f"{path}until={until:%Y-%m-%dT%H:%M:%SZ}")

        return ask

    with board() as running:
        async with running.replica() as replica:
            token = await running.log_in(replica)
            for before, size in itertools.pairwise([0, *sizes]):
                await fill(running.url, size, first=before + 1)
                await pin_database(running.url)
                async with Wire(replica.address, token) as client:
                    column = [await timed(asking(client, path), count) for path in PAGES.values()]
                    column.append(await timed(lambda client=client: client.get(BOARD_MADE_ANEW), count))
                    column.append(await timed(lambda client=client: client.post("/statuses", POST), count))
                columns.append([middle_and_late(took) for took in column])
    names = [*PAGES, "`GET /board`, 500 members", "a post with a reference"]
    heading = " | ".join(["p50 (p99) ms", *(f"{size:,}" for size in sizes)])
    return table(heading, [[name, *cells] for name, cells in zip(names, zip(*columns, strict=True), strict=True)])


async def of_members(count: int) -> str:
    """Return the table of the board, at each number of members."""
    rows = []
    for members in MEMBERS:
        with board() as running:
            async with running.replica() as replica:
                token = await running.log_in(replica)
                await run_sql(running.url, EVERYONE.format(members=members), STATUS_EACH, "VACUUM ANALYZE")
                await pin_database(running.url)
                async with Wire(replica.address, token) as client:
                    size = len(await client.get(BOARD)) / 1000
                    took = [
                        await timed(lambda client=client, path=path: client.get(path), count)
                        for path in (BOARD_MADE_ANEW, BOARD)
                    ]
        rows.append((members, f"{size:.0f}", *map(middle_and_late, took)))
    return table("members | KB | `GET /board`, p50 (p99) ms | repeated", rows)


async def of_sockets(sizes: tuple[int, ...], count: int) -> str:
    """Return the table of how soon a post is at the last of so many sockets, which are all of one worker."""
    rows = []
    with board() as running:
        async with running.replica() as replica:
            token = await running.log_in(replica)
            for size in sizes:
                followers = await open_sockets(replica.address, token, size)
                async with Wire(replica.address, token) as client:

                    async def post(client: Wire = client, followers: list = followers) -> None:
                        seen = followers[0].events + 1
                        await client.post("/statuses", {"message": "Reviewed the pull request"})
                        for follower in followers:
                            while follower.events < seen:
                                follower.arrived.clear()
                                await follower.arrived.wait()

                    took = await timed(post, count)
                for follower in followers:
                    follower.close()
                rows.append((f"{size:,}", middle_and_late(took)))
                await asyncio.sleep(1)
    return table("sockets | from the post to the last, p50 (p99) ms", rows)


async def of_workers(seconds: float) -> str:
    """Return the table of how much several workers do; they, PostgreSQL and the load share all processors."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for workers in WORKERS:
            with board() as running:
                async with running.replica(workers=workers, pinned=False) as replica:
                    token = await running.log_in(replica)
                    await fill(running.url, 10_000)
                    newest = wrk(f"http://{replica.address}/api/v1/statuses", seconds, token=token)
                    post = poster("", replica.address, token, kind="plain", folder=Path(folder))
                    posted = await post.turn(seconds)
            rows.append((workers, *(f"{turn.rate:.0f} ({turn.p99:.0f})" for turn in (newest, posted))))
    return table("web processes | the newest page, per second (p99 ms) | plain posts", rows)


async def measure(*, kinds: list[str], sizes: list[int], quick: bool, write: bool) -> None:
    """Measure, and show the tables."""
    count = 30 if quick else 200
    if "statuses" in kinds:
        show("growth-statuses", await of_statuses(sizes, count), write=write)
    if "members" in kinds:
        show("growth-members", await of_members(count), write=write)
    if "sockets" in kinds:
        show("growth-sockets", await of_sockets(SOCKETS[: 3 if quick else 4], count // 4), write=write)
    if "workers" in kinds:
        show("growth-workers", await of_workers(1 if quick else 5), write=write)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--only", default="statuses,members,sockets,workers", help="which tables, divided by commas")
    parser.add_argument("--sizes", default="", help="numbers of statuses, divided by commas")
    options = parser.parse_args()
    usual = "10000,100000" if options.quick else "10000,100000,1000000"
    numbers = [int(size) for size in (options.sizes or usual).split(",")]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, FILES), most))
    uvloop.run(measure(kinds=options.only.split(","), sizes=numbers, quick=options.quick, write=options.write))
