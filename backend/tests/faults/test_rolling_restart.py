"""A rolling restart, as for an upgrade: by HUP, and replica by replica, with clients that hold on."""

import asyncio
import signal
import time
from collections.abc import Iterable

import pytest

from tests.deployed import Replica
from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.stuck import get_stuck, until_backed_up
from tests.faults.traffic import quantile, traffic
from tests.processes import is_running

RESTART = 1012
LENGTH = 480  # of the messages
FULL = 48 * 1024  # bytes that wait in the kernel for a client that is stuck for good
LONGEST = 40.0  # seconds


async def hang_up(replica: Replica) -> float:
    """Have gunicorn load everything anew, and return after how many seconds the last old worker was gone."""
    old = replica.workers
    replica.signal(signal.SIGHUP)
    return await until_gone(old)


async def until_gone(pids: Iterable[int]) -> float:
    """Wait for the end of processes, and return how many seconds that took."""
    began = time.monotonic()
    while any(is_running(pid) for pid in pids) and time.monotonic() - began < LONGEST:
        await asyncio.sleep(0.05)
    return time.monotonic() - began


@pytest.mark.fault(
    "rolling restart, with clients that are stuck",
    small={"sockets": 40, "rate": 20, "stuck": 0, "by": "HUP", "pace": 0.2},
    full={"sockets": 1000, "stuck": 5, "by": "HUP, TERM", "pace": 1},
    mutations={"no_farewell": {}, "no_stop_limit": {"stuck": 5, "rate": 40}},
)
async def test_a_restart_tells_everyone_to_come_back(stand: Stand, run: Run):
    """Each socket gets 1012, each worker is gone in time, and no request gets anything but an answer or a 503."""
    size = run.size
    before = set(stand.workers)
    gone = []
    async with traffic(stand, sockets=size.sockets, rate=size.rate, length=LENGTH, pace=size.pace) as board:
        stuck = await get_stuck(stand, await stand.members(size.stuck))
        await until_backed_up(stuck, FULL)
        # What the kernel does not take is in the worker's own memory, and the worker wants to be rid of it.
        await board.goes_on(4 if stuck else 1)
        for replica in stand.replicas if "TERM" in size.by else stand.replicas[:1]:
            gone.append(await hang_up(replica))
            await replica.until_ready(60)
        if "TERM" in size.by:
            for replica in stand.replicas:
                gone.append(await replica.stop())
                await replica.start()
        await board.goes_on(1)
    for client in stuck:
        client.close()

    codes = board.readers.codes
    assert before.isdisjoint(stand.workers) or "TERM" not in size.by
    assert len(codes) > 0, "nobody was connected"
    run.is_exact(board.verdict)
    assert set(codes) == {RESTART}, f"closed with {set(codes)}"
    run.measured("last worker gone after", max(gone), "s", at_most=25, shows="no_stop_limit")
    run.measured("every socket back (p99)", quantile(board.readers.outages, 0.99), "s", at_most=10)
