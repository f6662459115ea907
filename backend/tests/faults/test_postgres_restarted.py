"""PostgreSQL is restarted with `-m immediate`, which is a crash and a recovery."""

import asyncio
import time

import pytest

from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import traffic


@pytest.mark.fault(
    "PostgreSQL restarted with -m immediate",
    small={"sockets": 20, "rate": 50, "restarts": 2, "every": 1.5, "pace": 0.2},
    full={"sockets": 100, "rate": 100, "restarts": 10, "every": 4, "pace": 1},
    mutations={"lazy_commit": {"rate": 100, "restarts": 5}},
)
async def test_a_restart_of_the_database_costs_nothing(stand: Stand, run: Run):
    """What was acknowledged is there, and the board writes again as soon as the database does."""
    servers = {stand.postgres.pid}
    waits = []
    async with traffic(stand, sockets=run.size.sockets, rate=run.size.rate, pace=run.size.pace) as board:
        for _ in range(run.size.restarts):
            await board.goes_on(run.size.every)
            await asyncio.to_thread(stand.postgres.restart)
            back = time.monotonic()
            servers.add(stand.postgres.pid)
            await board.writes_again(30)
            waits.append(time.monotonic() - back)

    assert len(servers) == run.size.restarts + 1
    assert board.posters.attempts > len(board.posters.ledger.tried), "no post met a database that was away"
    run.is_exact(board.verdict)
    run.measured("writes again after", max(waits), "s", at_most=5)
