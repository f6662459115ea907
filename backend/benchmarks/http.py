"""Requests a second: `GET /health`, the newest page of statuses, and pages that nobody has asked for before.

    uv run --directory backend python -m benchmarks.http [--quick] [--write] [--only health,newest,author]

100,000 statuses, the newest 50 with authors and references, 32 connections. The floor is a bare ASGI callable with the
bare driver and orjson (`floors.py`), the peers are in `peers.py`, and the board is as it is deployed: gunicorn, its
worker, all middleware, a login that is checked with each request.
"""

import asyncio
import importlib.util
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.filled import MEMBERS, fill
from benchmarks.rounds import Contender, Turn, arguments, compare, rates, show, wrk
from benchmarks.stand import Board, board, pin_database

STATUSES = 100_000
GOALS = {"health": "", "newest": "≥ 1.5", "author": "≥ 0.6"}
TITLES = {
    "health": "`GET /health`",
    "newest": "`GET /statuses`: the newest page",
    "author": "`GET /statuses?author=…`: 500 different pages in turn, so that none can be repeated",
}
PEERS = {
    "health": ("floors:app", "peers:starlette", "peers:litestar", "peers:fastapi"),
    "newest": ("floors:app", "peers:litestar", "peers:fastapi", "compressed"),
    "author": ("floors:app", "peers:fastapi", "compressed"),
}
NAMES = {
    "floors:app": "bare ASGI callable, asyncpg, orjson",
    "peers:starlette": "Starlette",
    "peers:litestar": "Litestar, asyncpg",
    "peers:fastapi": "FastAPI, ORM, pydantic",
    "board": "the board",
    "compressed": "the board, by gzip",
}
# wrk's own language. The authors' order is the same for everyone.
BY_AUTHOR = """
local n = 0
function request()
    n = n % {members} + 1
    return wrk.format("GET", "/api/v1/statuses?author=member-" .. n)
end
"""


@asynccontextmanager
async def servers(running: Board) -> AsyncIterator[tuple[dict[str, str], str]]:
    """Run everyone, and yield their addresses and an access token. Who is not asked costs nothing."""
    addresses = {}
    async with AsyncExitStack() as stack:
        replica = await stack.enter_async_context(running.replica())
        addresses["board"] = addresses["compressed"] = replica.address
        token = await running.log_in(replica)
        await fill(running.url, STATUSES)
        for app in ("floors:app", "peers:starlette", "peers:litestar", "peers:fastapi"):
            if app == "peers:litestar" and importlib.util.find_spec("litestar") is None:
                continue
            addresses[app] = await stack.enter_async_context(running.beside(f"benchmarks.{app}"))
        await pin_database(running.url)
        yield addresses, token


def contender(name: str, address: str, kind: str, token: str, script: Path) -> Contender:
    """Return one who answers one kind of request."""
    path = "health" if kind == "health" else "statuses"

    async def turn(seconds: float) -> Turn:
        url = f"http://{address}/api/v1/{path}"
        return wrk(
            url,
            seconds,
            token=token if name in {"board", "compressed"} and kind != "health" else None,
            script=script if kind == "author" else None,
            encoding="gzip" if name == "compressed" else None,
        )

    return Contender(NAMES[name], turn, GOALS[kind] if name == "board" else "")


async def measure(*, kinds: list[str], quick: bool, write: bool) -> None:
    """Measure, and show one table for each kind of request."""
    with board() as running, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "by_author.lua"
        script.write_text(BY_AUTHOR.format(members=MEMBERS))
        async with servers(running) as (addresses, token):
            for kind in kinds:
                those = [name for name in (*PEERS[kind], "board") if name in addresses]
                contenders = [contender(name, addresses[name], kind, token, script) for name in those]
                turns = await compare(contenders, rounds=1 if quick else 5, seconds=1 if quick else 3)
                show(f"http-{kind}", f"{TITLES[kind]}\n\n{rates(contenders, turns)}", write=write)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--only", default="health,newest,author", help="which tables, divided by commas")
    options = parser.parse_args()
    asyncio.run(measure(kinds=options.only.split(","), quick=options.quick, write=options.write))
