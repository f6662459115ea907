"""Posting: requests a second, against the same statements on a bare connection, and with the feed on.

    uv run --directory backend python -m benchmarks.posts [--quick] [--write]

Each post has an idempotency key of its own. *Plain* ones speak of nothing, *linked* ones of a reference, one of 500.
The floor (`post_floors.py`) is a bare callable that runs the very statements of the board, with its wake-up, and
without its checks. *With the feed on* two sockets follow the board, and each must get exactly what was committed; the
floor of that is the board without any wake-up.
"""

import asyncio
import resource
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import asyncpg

from benchmarks.filled import fill
from benchmarks.idle_sockets import open_sockets
from benchmarks.rounds import Contender, Turn, arguments, compare, rates, show, wrk
from benchmarks.stand import Board, board, pin_database, plain_url, run_sql
from tests.deployed import Replica

STATUSES = 100_000
FOLLOWERS = 2
# A socket begins with what was said within an hour, and here that is more than anyone says.
AGE = "UPDATE statuses SET created_at = created_at - interval '1 day' WHERE created_at > now() - interval '1 hour'"
MESSAGES = {"plain": "Reviewed the pull request about keyset pagination", "linked": "Reviewed octo/repo-1#"}
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
function request()
    n = n + 1
    wrk.headers["Idempotency-Key"] = "{key}-" .. n
    return wrk.format(nil, nil, nil, '{{"message":"{message}' .. (n % 500 + 1) .. '"}}')
end
"""


def poster(name: str, address: str, token: str, *, kind: str, folder: Path, goal: str = "") -> Contender:
    """Return one who takes posts of a kind."""

    async def turn(seconds: float) -> Turn:
        script = folder / "post.lua"
        message = MESSAGES[kind] if kind == "linked" else f"{MESSAGES[kind]} "
        script.write_text(SCRIPT.format(key=secrets.token_hex(8), message=message))
        return await asyncio.to_thread(wrk, f"http://{address}/api/v1/statuses", seconds, token=token, script=script)

    return Contender(name, turn, goal)


@asynccontextmanager
async def followed(running: Board, replica: Replica, token: str) -> AsyncIterator[None]:
    """Have sockets follow while the block runs, and see whether each has got all that was committed."""
    connection = await asyncpg.connect(plain_url(running.url))
    # The last posts of a turn are committed although wrk has hung up.
    await asyncio.sleep(0.5)
    await connection.execute(AGE)
    followers = await open_sockets(replica.address, token, FOLLOWERS)
    before = await connection.fetchval("SELECT seq FROM feed_head")
    yield
    await asyncio.sleep(0.5)
    committed = await connection.fetchval("SELECT seq FROM feed_head") - before
    await connection.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while any(follower.events < committed for follower in followers):
                await asyncio.sleep(0.05)
    received = [follower.events for follower in followers]
    assert set(received) == {committed}, f"{received} were received, {committed} were committed"
    for follower in followers:
        follower.close()


def with_feed(contender: Contender, running: Board, replica: Replica, token: str) -> Contender:
    """Return the same one while sockets follow."""

    async def turn(seconds: float) -> Turn:
        async with followed(running, replica, token):
            return await contender.turn(seconds)

    return Contender("the board, followed", turn, "≥ 0.80")


async def measure(*, quick: bool, write: bool) -> None:
    """Measure, and show the tables."""
    rounds, seconds = (1, 1) if quick else (5, 3)
    with board() as running, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            replica = await stack.enter_async_context(running.replica())
            token = await running.log_in(replica)
            await fill(running.url, STATUSES)
            bare = await stack.enter_async_context(running.beside("benchmarks.post_floors:app"))
            await pin_database(running.url)
            for kind in ("plain", "linked"):
                post = partial(poster, token=token, kind=kind, folder=folder)
                floor = post("bare ASGI callable, the same statements", bare)
                those = [floor, post("the board", replica.address, goal="≥ 0.7")]
                turns = await compare(those, rounds=rounds, seconds=seconds)
                await run_sql(running.url, "VACUUM feed_head", "CHECKPOINT")
                show(f"posts-{kind}", f"{kind.capitalize()} posts\n\n{rates(those, turns)}", write=write)
            silent = await stack.enter_async_context(running.replica(app="benchmarks.relay:silent"))
            post = partial(poster, token=token, kind="plain", folder=folder)
            alone = post("the board without wake-ups", silent.address)
            those = [alone, with_feed(post("", replica.address), running, replica, token)]
            turns = await compare(those, rounds=rounds, seconds=seconds)
            show("posts-feed", f"Plain posts with the feed on\n\n{rates(those, turns)}", write=write)


if __name__ == "__main__":
    options = arguments(__doc__).parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    asyncio.run(measure(quick=options.quick, write=options.write))
