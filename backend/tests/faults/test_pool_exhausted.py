"""Every connection of a replica's pools is taken, and nobody gives one back."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
import pytest

from tests.deployed import Replica
from tests.faults.checker import Event
from tests.faults.conftest import Run
from tests.faults.probe import HOLD_POOL
from tests.faults.stand import Member, Stand
from tests.faults.traffic import traffic
from tests.processes import signal_all

UNAVAILABLE = httpx.codes.SERVICE_UNAVAILABLE
EVERY = 0.05  # seconds
PATIENCE = 30.0  # seconds


class Answer(NamedTuple):
    """When it was asked for, how many seconds it took, its status (0: none came), and its `Retry-After`."""

    at: float
    took: float
    status: int
    retry_after: str | None


@asynccontextmanager
async def asking(replica: Replica, member: Member, *requests: tuple[str, str]) -> AsyncIterator[list[Answer]]:
    """Ask a replica one thing or another, steadily, until the block ends; yield the list of answers."""
    answers: list[Answer] = []

    async def ask(client: httpx.AsyncClient, method: str, path: str) -> None:
        began = time.monotonic()
        body = {"username": "nobody", "password": "nothing"} if method == "POST" else None
        try:
            answer = await client.request(method, replica.url + path, json=body)
            status, retry_after = answer.status_code, answer.headers.get("Retry-After")
        except httpx.HTTPError:
            status, retry_after = 0, None
        answers.append(Answer(began, time.monotonic() - began, status, retry_after))

    async def ask_on(group: asyncio.TaskGroup, client: httpx.AsyncClient) -> None:
        while True:
            group.create_task(ask(client, *random.choice(requests)))
            await asyncio.sleep(EVERY)

    headers = {"Authorization": f"Bearer {member.token}", "Connection": "close"}
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE) as client, asyncio.TaskGroup() as group:
        asker = group.create_task(ask_on(group, client))
        yield answers
        asker.cancel()


@pytest.mark.fault(
    "the pools of one replica exhausted",
    small={"sockets": 20, "rate": 20, "seconds": 4, "pace": 0.2},
    full={"sockets": 100, "rate": 20, "seconds": 30, "pace": 1},
    mutations={"patient_pool": {}},
)
async def test_without_a_free_connection_the_answer_comes_soon(stand: Stand, run: Run):
    """It is 503, and says when to ask again. The feed has a connection of its own, and goes on."""
    size = run.size
    exhausted = stand.replicas[0]
    async with traffic(stand, sockets=size.sockets, rate=size.rate, pace=size.pace) as board:
        (member,) = await stand.members(1)
        await board.goes_on(1)
        signal_all(exhausted.workers, HOLD_POOL)
        await board.goes_on(0.5)
        taken = time.monotonic()
        questions = ("GET", "/statuses"), ("GET", "/board"), ("POST", "/auth/login")
        async with (
            asking(exhausted, member, *questions) as answers,
            asking(exhausted, member, ("GET", "/health")) as calm,
        ):
            await board.goes_on(size.seconds)
            served = [reader for reader in board.readers.all if reader.replica is exhausted and reader.is_live]
            given_back = time.monotonic()
            signal_all(exhausted.workers, HOLD_POOL)
        await board.goes_on(1)

    meanwhile = [answer for answer in answers if answer.at + answer.took < given_back]
    assert meanwhile, "nobody was answered before the connections came back"
    assert {answer.status for answer in meanwhile} == {UNAVAILABLE}, meanwhile
    assert all(int(answer.retry_after or 0) > 0 for answer in meanwhile)
    assert {answer.status for answer in calm} == {httpx.codes.OK}
    assert served, "nobody followed the board there"
    assert all(
        any(
            taken < reader.applied_at.get(event.seq, 0) < given_back for event in reader.log if isinstance(event, Event)
        )
        for reader in served
        if reader.timed
    ), "the feed stood still"
    run.is_exact(board.verdict)
    run.measured("503 after", max(answer.took for answer in meanwhile), "s", at_most=2.5)
    run.measured("slowest /health", max(answer.took for answer in calm), "s", at_most=1)
