"""Asking a path of every replica again and again, each time over a new connection, as a health check does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx

from tests.faults.replica import Replica
from tests.faults.stand import Stand

EVERY = 0.2  # seconds
PATIENCE = 20.0  # seconds


class Answer(NamedTuple):
    """When it was asked for, how many seconds it took, and its status; 0 where there was none."""

    at: float
    took: float
    status: int


@asynccontextmanager
async def watching(stand: Stand, path: str, *, every: float = EVERY, token: str = "") -> AsyncIterator[list[Answer]]:
    """Yield the list to which answers are added until the block ends; with a token a member asks."""
    answers: list[Answer] = []
    headers = {"Connection": "close"} | ({"Authorization": f"Bearer {token}"} if token else {})

    async def ask(client: httpx.AsyncClient, replica: Replica) -> None:
        began = time.monotonic()
        try:
            status = (await client.get(replica.url + path, headers=headers)).status_code
        except httpx.HTTPError:
            status = 0
        answers.append(Answer(began, time.monotonic() - began, status))

    async def watch(group: asyncio.TaskGroup, client: httpx.AsyncClient) -> None:
        while True:
            for replica in stand.replicas:
                group.create_task(ask(client, replica))
            await asyncio.sleep(every)

    async with httpx.AsyncClient(timeout=PATIENCE) as client, asyncio.TaskGroup() as group:
        watcher = group.create_task(watch(group, client))
        yield answers
        watcher.cancel()
