"""From the post on one process to the open socket on another: how long, against a bare NOTIFY round trip.

    uv run --directory backend python benchmarks/post_to_socket.py [--rate 50] [--seconds 20]

Two replicas of one worker each, as they are deployed, on a throw-away PostgreSQL 17: each status is posted to one and
received from the other, from just before the POST until the frame is read. The floor is a NOTIFY from one bare asyncpg
connection to another on the same server, measured in turn with it. Times are milliseconds.
"""

import argparse
import asyncio
import json
import statistics
import time

import asyncpg
from stand import Replica, board, machine, memory
from websockets.asyncio.client import connect


def quantile(values: list[float], share: float) -> float:
    """Return the value below which this share lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


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


async def deliveries(here: Replica, there: Replica, token: str, *, rate: float, seconds: float) -> list[float]:
    """Post to one replica at a rate, and return how long each status took to a socket of the other."""
    started: dict[str, float] = {}
    found: list[float] = []
    async with (
        connect(f"ws://{there.address}/api/v1/live", compression=None) as follower,
        here.client(token) as client,
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
    with board() as running:
        floor_url = running.url.replace("+asyncpg", "")
        async with running.replica() as here, running.replica() as there:
            token = await running.log_in(here)
            await deliveries(here, there, token, rate=rate, seconds=2)  # until everything is warm
            floor = await notify_round_trips(floor_url, 200)
            found = await deliveries(here, there, token, rate=rate, seconds=seconds)
            floor += await notify_round_trips(floor_url, 200)
            used = memory(here.workers[0])
    print(f"{len(found)} statuses at {rate:g}/s; {machine()}")
    print(f"{'':24} {'p50':>8} {'p99':>8} {'ratio p50':>10}")
    middle = statistics.median(floor)
    for name, values in (("NOTIFY, bare asyncpg", floor), ("post to socket", found)):
        p50 = statistics.median(values)
        print(f"{name:24} {p50:8.2f} {quantile(values, 0.99):8.2f} {p50 / middle:10.1f}")
    print(f"memory of a worker (PSS) {used:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=50, help="statuses a second")
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.rate, arguments.seconds))
