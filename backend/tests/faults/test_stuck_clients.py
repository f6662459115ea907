"""Clients that never read."""

import time

import pytest

from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.stuck import backed_up, get_stuck, until_backed_up
from tests.faults.traffic import quantile, traffic
from tests.processes import memory

MEGABYTE = 1e6


@pytest.mark.fault(
    "clients that never read",
    small={"stuck": 10, "sockets": 20, "rate": 50, "warm_up": 0, "seconds": 2},
    full={"stuck": 50, "sockets": 50, "rate": 50, "warm_up": 10, "seconds": 45},
    mutations={"no_send_limit": {"rate": 50, "seconds": 50}},
)
async def test_those_who_never_read_harm_nobody(stand: Stand, run: Run):
    """Their sends back up and are given up; the others have their statuses as ever."""
    size = run.size
    # What workers take when they are new is not the doing of those who are stuck.
    async with traffic(stand, sockets=size.sockets, rate=size.rate) as board:
        await board.goes_on(size.warm_up)
    await stand.prepare(run.mutation)
    async with traffic(stand, sockets=size.sockets, rate=size.rate) as board:
        await board.goes_on(1)
        before = most = memory(stand.workers)
        began = time.monotonic()
        clients = await get_stuck(stand, await stand.members(size.stuck))
        await until_backed_up(clients)
        gone_after = float("inf")
        while time.monotonic() - began < size.seconds:
            await board.goes_on(0.5)
            if gone_after == float("inf"):
                most = max(most, memory(stand.workers))
                if not backed_up(clients):
                    gone_after = time.monotonic() - began
    for client in clients:
        client.close()

    run.is_exact(board.verdict)
    run.measured("delay of the others (p99)", 1000 * quantile(board.delays, 0.99), "ms", at_most=500)
    run.measured("all gone after", gone_after, "s", at_most=45, shows="no_send_limit")
    run.measured("memory of all workers up by", (most - before) / MEGABYTE, "MB", at_most=20)
