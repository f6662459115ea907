"""Asking a path of every replica again and again, each time over a new connection, as a health check does.

It is done by a process of its own: the test's has thousands of sockets to serve, and would measure itself.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
import orjson

from tests.deployed import BACKEND
from tests.faults.stand import Stand

EVERY = 0.2  # seconds
PATIENCE = 20.0  # seconds


class Answer(NamedTuple):
    """When it was asked for, how many seconds it took, and its status; 0 where there was none."""

    at: float  # time.monotonic(), which all processes of a machine share
    took: float
    status: int


@asynccontextmanager
async def watching(stand: Stand, path: str, *, token: str = "") -> AsyncIterator[list[Answer]]:
    """Yield the list to which answers are added until the block ends; with a token a member asks."""
    answers: list[Answer] = []
    urls = [replica.url + path for replica in stand.replicas]
    watcher = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, token, *urls),
        cwd=BACKEND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert watcher.stdin is not None
    assert watcher.stdout is not None

    async def collect(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            answers.append(Answer(*orjson.loads(line)))  # noqa: PERF401 -- the block sees each as it comes

    collecting = asyncio.create_task(collect(watcher.stdout))
    try:
        while not answers:
            await asyncio.sleep(0.01)
        yield answers
    finally:
        watcher.stdin.close()
        await collecting
        await watcher.wait()


async def _ask(client: httpx.AsyncClient, url: str) -> None:
    began = time.monotonic()
    try:
        status = (await client.get(url)).status_code
    except httpx.HTTPError:
        status = 0
    sys.stdout.buffer.write(orjson.dumps([began, time.monotonic() - began, status], option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


async def _watch(token: str, urls: list[str]) -> None:
    headers = {"Connection": "close"} | ({"Authorization": f"Bearer {token}"} if token else {})
    is_over = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    async with httpx.AsyncClient(timeout=PATIENCE, headers=headers) as client, asyncio.TaskGroup() as group:
        while not is_over.done():
            for url in urls:
                group.create_task(_ask(client, url))
            await asyncio.wait([is_over], timeout=EVERY)


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1], sys.argv[2:]))
