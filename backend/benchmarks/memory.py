"""What the board takes: to import, for four workers, and for each open socket.

    uv run --directory backend python -m benchmarks.memory [--quick] [--write]

The floor of the import is that of its five main libraries: FastAPI, SQLAlchemy, asyncpg, uvicorn and Alembic, of which
the last is loaded by who migrates alone. Memory is what /proc says: shared pages by their share (PSS)
for the workers, the growth of the resident set for sockets.
"""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time

from benchmarks.idle_sockets import open_sockets
from benchmarks.rounds import arguments, show, table
from benchmarks.stand import Board, board, memory
from tests.deployed import BACKEND

WITHOUT_ALEMBIC = "import fastapi, sqlalchemy.orm, sqlalchemy.ext.asyncio, asyncpg, uvicorn, uvloop, httptools"
LIBRARIES = f"{WITHOUT_ALEMBIC}, alembic.command"
APP = "import app.main, app.server.gunicorn_worker"
WORKERS = 4


def import_time(code: str, environment: dict[str, str]) -> float:
    """Return the milliseconds that a new Python takes for it."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=BACKEND, env={**os.environ, **environment}, check=True)
    return (time.perf_counter() - started) * 1000


def imports(rounds: int) -> list[float]:
    """Return the milliseconds of the libraries, of those but Alembic, and of the app, measured in turn."""
    environment = {"JWT_SECRET": "only-for-benchmarks-0123456789abcdef"}
    codes = (LIBRARIES, WITHOUT_ALEMBIC, APP)
    found = [[import_time(code, environment) for code in codes] for _ in range(rounds + 1)][1:]
    return [statistics.median(times) for times in zip(*found, strict=True)]


async def of_workers(running: Board) -> tuple[str, float]:
    """Return a token, and the PSS of gunicorn and its four workers in MB once each of them has worked."""
    async with running.replica(workers=WORKERS, pinned=False) as replica:
        token = await running.log_in(replica)
        for _ in range(20):
            async with replica.client(token) as client:
                for _ in range(10):
                    (await client.post("/statuses", json={"message": "Reviewed octo/api#12"})).raise_for_status()
                    (await client.get("/statuses")).raise_for_status()
                    (await client.get("/board")).raise_for_status()
        return token, sum(memory(pid) for pid in (replica.pid, *replica.workers))


async def of_sockets(running: Board, token: str, count: int) -> float:
    """Return the KB that each of so many idle sockets takes of a worker."""
    async with running.replica() as replica:
        for follower in await open_sockets(replica.address, token, 10):  # until everything is warm
            follower.close()
        (worker,) = replica.workers
        before = memory(worker, "Rss")
        followers = await open_sockets(replica.address, token, count)
        await asyncio.sleep(2)
        each = (memory(worker, "Rss") - before) * 1024 / count
        for follower in followers:
            follower.close()
        return each


async def measure(*, rounds: int, sockets: int, write: bool) -> None:
    """Measure, and show the table."""
    libraries, without_alembic, app = imports(rounds)
    with board() as running:
        token, workers = await of_workers(running)
        each = await of_sockets(running, token, sockets)
    rows = [
        ("importing its five main libraries", f"{libraries:.0f} ms", "1.00", ""),
        ("of that: but for Alembic", f"{without_alembic:.0f} ms", f"{without_alembic / libraries:.2f}", ""),
        ("importing the board", f"{app:.0f} ms", f"**{app / libraries:.2f}**", "≤ 1.25"),
        (f"gunicorn and {WORKERS} workers, PSS", f"{workers:.0f} MB", "", "≤ 280 MB"),
        (f"an idle socket, of {sockets:,}", f"{each:.1f} KB", "", "≤ 32 KB"),
    ]
    show("memory", table("what | measured | ratio | goal", rows), write=write)


if __name__ == "__main__":
    options = arguments(__doc__).parse_args()
    count = 1000 if options.quick else 5000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, count + 1000), most))
    asyncio.run(measure(rounds=2 if options.quick else 15, sockets=count, write=options.write))
