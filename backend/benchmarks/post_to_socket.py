"""From the post on one process to the open socket on another: how long, against a bare NOTIFY round trip.

    uv run --directory backend python benchmarks/post_to_socket.py [--rate 50] [--seconds 20]

Two replicas of one worker each, as they are deployed, on a throw-away PostgreSQL 17: each status is posted to one and
received from the other, from just before the POST until the frame is read. The floor is a NOTIFY from one bare asyncpg
connection to another on the same server, measured in turn with it. Times are milliseconds.
"""

import argparse
import asyncio
import json
import os
import platform
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import asyncpg
import httpx
from websockets.asyncio.client import connect

from app import embedded

BACKEND = Path(__file__).resolve().parent.parent
PASSWORD = "lanterns over a quiet harbour"
READY_WITHIN = 30.0


def quantile(values: list[float], share: float) -> float:
    """Return the value below which this share lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def pss(pid: int) -> float:
    """Return the memory of a process in MB, what it shares counted by its share."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@asynccontextmanager
async def replica(environment: dict[str, str]) -> AsyncIterator[tuple[str, int]]:
    """Run gunicorn with the shipped settings, and yield its address and process id."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", BACKEND.parent / "docker" / "gunicorn.conf.py"]
    process = subprocess.Popen(  # noqa: ASYNC220 -- it is started once, and is our own
        [*command, "--bind", f"127.0.0.1:{port}", "app.main:app"],
        cwd=BACKEND,
        env={**os.environ, **environment, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )
    try:
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as client,
            asyncio.timeout(READY_WITHIN),
        ):
            while not await is_ready(client):
                await asyncio.sleep(0.1)
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


async def is_ready(client: httpx.AsyncClient) -> bool:
    """Tell whether a replica is ready."""
    try:
        return (await client.get("/ready")).is_success
    except httpx.TransportError:
        return False


async def notify_round_trips(url: str, count: int) -> list[float]:
    """Return how long notifications take from one bare connection to another."""
    arrived: asyncio.Queue[float] = asyncio.Queue()
    listener, sender = await asyncpg.connect(url), await asyncpg.connect(url)
    await listener.add_listener("floor", lambda *_: arrived.put_nowait(time.perf_counter()))
    found = []
    for _ in range(count):
        started = time.perf_counter()
        await sender.execute("SELECT pg_notify('floor', '')")
        found.append((await arrived.get() - started) * 1000)
        await asyncio.sleep(0.01)
    await listener.close()
    await sender.close()
    return found


async def log_in(client: httpx.AsyncClient, code: str) -> str:
    """Make the first account, and return an access token."""
    account = {"username": "ada", "password": PASSWORD}
    made = await client.post("/auth/register", json={**account, "display_name": "Ada", "invite": code})
    made.raise_for_status()
    return str((await client.post("/auth/login", json=account)).json()["access_token"])


async def deliveries(here: str, there: str, token: str, *, rate: float, seconds: float) -> list[float]:
    """Post to one replica at a rate, and return how long each status took to a socket of the other."""
    started: dict[str, float] = {}
    found: list[float] = []
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        connect(f"ws://{there}/api/v1/live", compression=None) as follower,
        httpx.AsyncClient(base_url=f"http://{here}/api/v1", headers=headers) as client,
        asyncio.TaskGroup() as posts,
    ):
        await follower.send(json.dumps({"type": "auth", "token": token}))
        while json.loads(await follower.recv())["type"] != "ready":
            pass

        async def post(name: str) -> None:
            started[name] = time.perf_counter()
            (await client.post("/statuses", json={"message": name})).raise_for_status()

        async def receive(count: int) -> None:
            for _ in range(count):
                frame = await follower.recv()
                arrived = time.perf_counter()
                found.append((arrived - started[json.loads(frame)["data"]["message"]]) * 1000)

        count = int(rate * seconds)
        receiving = posts.create_task(receive(count))
        begun = time.perf_counter()
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            posts.create_task(post(f"status {number}"))
        await receiving
    return found


async def measure(rate: float, seconds: float) -> None:
    """Measure, and print the table."""
    with embedded.throwaway() as url:
        environment = {
            "DATABASE_URL": url,
            "JWT_SECRET": secrets.token_hex(32),
            "WEB_CONCURRENCY": "1",
            "LOG_LEVEL": "INFO",
        }
        statusboard = [Path(sys.executable).with_name("statusboard")]
        surroundings = {**os.environ, **environment}
        subprocess.run([*statusboard, "migrate"], cwd=BACKEND, env=surroundings, check=True, stdout=subprocess.DEVNULL)  # noqa: ASYNC221 -- before anything runs that it could hold up
        link = subprocess.run(  # noqa: ASYNC221 -- before anything runs that it could hold up
            [*statusboard, "setup-link"], cwd=BACKEND, env=surroundings, check=True, capture_output=True, text=True
        ).stdout.strip()
        async with replica(environment) as (here, first), replica(environment) as (there, _):
            async with httpx.AsyncClient(base_url=f"http://{here}/api/v1") as client:
                token = await log_in(client, link.partition("=")[2])
            await deliveries(here, there, token, rate=rate, seconds=2)  # until everything is warm
            floor = await notify_round_trips(url.replace("+asyncpg", ""), 200)
            found = await deliveries(here, there, token, rate=rate, seconds=seconds)
            floor += await notify_round_trips(url.replace("+asyncpg", ""), 200)
            memory = pss(children(first)[0])
    packages = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "uvicorn", "sqlalchemy", "asyncpg"))
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {packages}"
    print(f"{len(found)} statuses at {rate:g}/s; {machine}")
    print(f"{'':24} {'p50':>8} {'p99':>8} {'ratio p50':>10}")
    middle = statistics.median(floor)
    for name, values in (("NOTIFY, bare asyncpg", floor), ("post to socket", found)):
        p50 = statistics.median(values)
        print(f"{name:24} {p50:8.2f} {quantile(values, 0.99):8.2f} {p50 / middle:10.1f}")
    print(f"memory of a worker (PSS) {memory:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=50, help="statuses a second")
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.rate, arguments.seconds))
