"""A worker is killed with -9, again and again."""

import os
import random
import signal

import pytest

from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import quantile, traffic


@pytest.mark.fault(
    "kill -9 of a worker",
    small={"sockets": 40, "rate": 30, "kills": 2, "every": 2, "pace": 0.2},
    full={"sockets": 500, "rate": 100, "kills": 10, "every": 4, "pace": 1},
    mutations={"no_catch_up": {}},
)
async def test_a_killed_worker_costs_nothing(stand: Stand, run: Run):
    """Its sockets come back with their last position, and its posters ask again with their keys."""
    killed = set()
    async with traffic(stand, sockets=run.size.sockets, rate=run.size.rate, pace=run.size.pace) as board:
        for _ in range(run.size.kills):
            await board.goes_on(run.size.every / 2)
            killed.add(pid := random.choice(stand.workers))
            os.kill(pid, signal.SIGKILL)
            await board.goes_on(run.size.every / 2)

    assert len(killed) == run.size.kills
    assert killed.isdisjoint(stand.workers)
    assert len(board.readers.outages) > 0, "nobody was connected to any of them"
    run.is_exact(board.verdict)
    run.measured("every socket back (p99)", quantile(board.readers.outages, 0.99), "s", at_most=10)
