"""What GitHub tells, on the board: how soon, in how many requests, and what posting costs meanwhile.

    uv run --directory backend python -m benchmarks.references [--references 500] [--sockets 1000]

Two replicas and a worker as they are deployed, on a throw-away PostgreSQL 17, and a GitHub on this machine that answers
at once (tests/fake_github.py): what is measured is the board's own part. The webhook goes to one replica, and the
sockets are on both.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.idle_sockets import open_sockets
from benchmarks.stand import Board, board, machine, quantile
from tests.deployed import Replica
from tests.fake_github import SECRET, TOKEN, FakeGitHub, delivery, fake_github, sign, stalls
from tests.processes import free_port

AT_ONCE = 20  # references in one status


@asynccontextmanager
async def follow(replica: Replica, token: str) -> AsyncIterator[ClientConnection]:
    """Follow a replica."""
    async with connect(f"ws://{replica.address}/api/v1/live", compression=None, max_size=None) as socket:
        await socket.send(json.dumps({"type": "auth", "token": token}))
        while json.loads(await socket.recv())["type"] != "ready":
            pass
        yield socket


async def changes(socket: ClientConnection, count: int) -> None:
    """Wait until so many references have changed."""
    while count:
        count -= json.loads(await socket.recv()).get("kind") == "reference.changed"


async def say(client: httpx.AsyncClient, message: str) -> float:
    """Post a status, and return how long it took in milliseconds."""
    started = time.perf_counter()
    (await client.post("/statuses", json={"message": message})).raise_for_status()
    return (time.perf_counter() - started) * 1000


async def many_at_once(running: Board, replica: Replica, token: str, hub: FakeGitHub, count: int) -> None:
    """So many new references, and then a worker."""
    names = [f"octo/many#{number + 1}" for number in range(count)]
    for name in names:
        hub.put(name)
    async with replica.client(token) as client, follow(replica, token) as socket:
        for first in range(0, count, AT_ONCE):
            await say(client, " ".join(names[first : first + AT_ONCE]))
        hub.requests.clear()
        started = time.perf_counter()
        with running.worker():
            await changes(socket, count)
            took = time.perf_counter() - started
            asking = time.monotonic() - hub.requests[0].at
    print(f"{count} new references, from the worker's start to the last title on a board {took:8.2f} s")
    print(f"  of that since the first request                                    {asking:8.2f} s")
    print(f"  references a second                                                {count / asking:8.0f}")
    print(f"  requests                                                           {len(hub.requests):8}")


async def one_at_a_time(replica: Replica, token: str, hub: FakeGitHub, count: int) -> None:
    """One new reference after the other, while a worker runs."""
    found = []
    async with replica.client(token) as client, follow(replica, token) as socket:
        for number in range(count):
            hub.put(f"octo/single#{number + 1}")
            await asyncio.sleep(0.37 * (number % 3))  # at any point of the worker's second
            started = time.perf_counter()
            await say(client, f"octo/single#{number + 1}")
            await changes(socket, 1)
            found.append(time.perf_counter() - started)
    print(f"from a post to its title, {count} posts: p50 {statistics.median(found):.2f} s, max {max(found):.2f} s")


async def by_webhook(here: Replica, there: Replica, token: str, sockets: int, times: int) -> None:
    """A merge, from just before GitHub tells it until the last of all sockets has it."""
    followers = await open_sockets(here.address, token, sockets // 2)
    followers += await open_sockets(there.address, token, sockets - sockets // 2)
    answered, last = [], []
    async with here.client(token) as client:
        await say(client, "octo/merged#1")
        for number in range(times):
            await asyncio.sleep(0.5)
            state = "closed" if number % 2 else "open"
            body = delivery("pull_request", "edited", "octo/merged#1", state=state, merged=bool(number % 2))
            headers = {
                "X-GitHub-Event": "pull_request",
                "X-GitHub-Delivery": str(number),
                "X-Hub-Signature-256": sign(body),
            }
            started = time.perf_counter()
            (await client.post("/github/webhook", content=body, headers=headers)).raise_for_status()
            answered.append((time.perf_counter() - started) * 1000)
            while min(follower.last for follower in followers) < started:
                await asyncio.sleep(0.005)
            last.append((max(follower.last for follower in followers) - started) * 1000)
    for follower in followers:
        follower.close()
    print(f"from a webhook to the last of {sockets} sockets, {times} times (milliseconds)")
    print(f"  answered      p50 {statistics.median(answered):8.1f}   max {max(answered):8.1f}")
    print(f"  at the last   p50 {statistics.median(last):8.1f}   max {max(last):8.1f}")


def _other_github(port: int, *, answers: bool) -> None:
    async def serve() -> None:
        async with fake_github(port) as hub:
            hub.mood = None if answers else stalls(10)
            await asyncio.Event().wait()

    asyncio.run(serve())


@contextmanager
def other_github(*, answers: bool) -> Iterator[str]:
    """Run a GitHub in a process of its own, so that it holds up nobody here, and yield its address."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(
        target=_other_github, args=(port,), kwargs={"answers": answers}
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


async def posting(running: Board, replica: Replica, token: str, count: int) -> None:
    """What posting costs without a worker, with one whom GitHub answers, and with one whom it lets wait."""
    print(f"{count} posts with a reference each (milliseconds)        p50      p99")

    def show(name: str, found: list[float]) -> None:
        print(f"  {name:40} {statistics.median(found):10.1f} {quantile(found, 0.99):8.1f}")

    async with replica.client(token) as client:
        await _posts(client, "warm", count)
        show("without a worker", await _posts(client, "without", count))
        for name, answers in (("GitHub answers", True), ("GitHub stalls", False)):
            with other_github(answers=answers) as url, running.worker(GITHUB_API_URL=url):
                await asyncio.sleep(3)
                show(name, await _posts(client, name.split()[1], count))
        show("without a worker, again", await _posts(client, "again", count))


async def _posts(client: httpx.AsyncClient, repo: str, count: int) -> list[float]:
    found = []
    for number in range(count):
        found.append(await say(client, f"octo/{repo}#{number + 1}"))
        await asyncio.sleep(0.005)
    return found


async def measure(references: int, sockets: int) -> None:
    """Measure, and print the tables."""
    print(machine())
    async with fake_github() as hub:
        settings = {"GITHUB_API_URL": hub.url, "GITHUB_TOKEN": TOKEN, "GITHUB_WEBHOOK_SECRET": SECRET}
        with board(**settings) as running:
            async with running.replica(pinned=False) as here, running.replica(pinned=False) as there:
                token = await running.log_in(here)
                await many_at_once(running, here, token, hub, references)
                with running.worker():
                    await asyncio.sleep(2)
                    await one_at_a_time(here, token, hub, 20)
                await by_webhook(here, there, token, sockets, 20)
                await posting(running, here, token, 500)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--references", type=int, default=500)
    parser.add_argument("--sockets", type=int, default=1000)
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    asyncio.run(measure(arguments.references, arguments.sockets))
