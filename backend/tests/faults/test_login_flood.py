"""Somebody tries passwords, many a second, on every worker of every replica."""

import asyncio
import random
import re
import time
from collections import Counter

import httpx
import orjson
import pytest

from app.services.identity.attempts import BY_ADDRESS, BY_NAME
from tests.deployed import Replica
from tests.faults.conftest import SMALL, Run
from tests.faults.probe import CHECKS, password_checks
from tests.faults.stand import Stand
from tests.faults.traffic import quantile, traffic
from tests.faults.watch import watching
from tests.processes import memory

NAMES = [f"member-{number}" for number in range(1, 9)] + ["nobody"]
ADDRESSES = ["192.0.2.1", "192.0.2.2", "198.51.100.7"]
MEGABYTE = 1e6
ROUNDS = 20
REFUSED, LIMITED = httpx.codes.UNAUTHORIZED, httpx.codes.TOO_MANY_REQUESTS


class Guesser:
    """One connection, over which one guess after the other is sent."""

    def __init__(self, replica: Replica, answers: Counter[int]) -> None:
        self._replica, self._answers = replica, answers
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def guess(self) -> None:
        """Try one password, from an address that the replica is told by a proxy. The password tells whose it is."""
        name, address = random.choice(NAMES), random.choice(ADDRESSES)
        body = orjson.dumps({"username": name, "password": f"{name} from {address}"})
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._replica.port)
        reader, writer = self._streams
        writer.write(
            b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"X-Forwarded-For: %b\r\nContent-Length: %d\r\n\r\n%b" % (address.encode(), len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None
        await reader.readexactly(int(length[1]))
        self._answers[int(head.split(maxsplit=2)[1])] += 1

    def close(self) -> None:
        """Go away."""
        if self._streams is not None:
            self._streams[1].transport.abort()


async def flood(stand: Stand, rate: float, seconds: float) -> Counter[int]:
    """Try so many a second, answered or not, and return how often each status was the answer.

    Each guess takes a connection that is free, or a new one, so that slow answers do not slow it down.
    """
    answers: Counter[int] = Counter()
    free: list[Guesser] = []
    guessers: list[Guesser] = []

    async def guess() -> None:
        if free:
            guesser = free.pop(random.randrange(len(free)))
        else:
            guessers.append(guesser := Guesser(stand.any_replica(), answers))
        await guesser.guess()
        free.append(guesser)

    began = time.monotonic()
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(began + number / rate - time.monotonic())
                group.create_task(guess())
    finally:
        for guesser in guessers:
            guesser.close()
    return answers


@pytest.mark.fault(
    "login flood",
    small={"sockets": 20, "rate": 10, "logins": 40, "seconds": 3},
    full={"sockets": 50, "rate": 20, "logins": 200, "seconds": 30},
    mutations={"wide_limits": {}, "no_queue_of_attempts": {"logins": 200}},
)
async def test_a_flood_of_guesses_checks_few_passwords(stand: Stand, run: Run):
    """The limits hold over all workers together, however many guesses are under way; the others' board goes on."""
    size = run.size
    (stand.folder / CHECKS).write_text("")
    async with traffic(stand, sockets=size.sockets, rate=size.rate) as board:
        (member,) = await stand.members(1)
        await board.goes_on(1)
        before = most = memory(stand.workers)
        async with watching(stand, "/statuses", token=member.token) as others:
            flooding = asyncio.create_task(flood(stand, size.logins, size.seconds))
            while not flooding.done():
                await asyncio.wait([flooding], timeout=1)
                most = max(most, memory(stand.workers))
            answers = flooding.result()
            for _ in range(ROUNDS):
                # A busy machine has checked few of them by now.
                if not answers[LIMITED]:
                    answers += await flood(stand, size.logins, 1)

    checks = password_checks(stand.folder)
    by_address = Counter[str]()
    for guessed, count in checks.items():
        by_address[guessed.rpartition(" ")[2]] += count
    assert answers[LIMITED] > 0, "nobody was limited"
    assert answers[REFUSED] > 0, "nobody was refused"
    assert set(answers) <= {REFUSED, LIMITED, httpx.codes.SERVICE_UNAVAILABLE}, answers
    assert max(checks.values()) <= BY_NAME[0], checks.most_common(3)
    assert max(by_address.values()) <= BY_ADDRESS[0], by_address
    assert answers[REFUSED] <= checks.total()
    # A 503 says that something took too long; a scaled-down run asserts no times.
    late = {httpx.codes.SERVICE_UNAVAILABLE} if run.case == SMALL else set()
    assert {answer.status for answer in others} - late == {httpx.codes.OK}
    run.is_exact(board.verdict)
    run.measured("checks of a name and address", max(checks.values()), "", at_most=5)
    run.measured("GET /statuses (p99)", 1000 * quantile([answer.took for answer in others], 0.99), "ms", at_most=300)
    run.measured("memory of all workers up by", (most - before) / MEGABYTE, "MB", at_most=150)
    run.numbers.append(", ".join(f"{count} answers {status}" for status, count in sorted(answers.items())))
