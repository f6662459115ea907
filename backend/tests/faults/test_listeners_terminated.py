"""Every connection that listens for news is terminated, again and again."""

import pytest

from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import quantile, traffic

TERMINATE = """
    SELECT pid, pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE application_name = 'statusboard listen'
"""


@pytest.mark.fault(
    "every LISTEN backend terminated each 2 s",
    small={"sockets": 20, "rate": 40, "seconds": 5, "every": 1, "pace": 0.2},
    full={"sockets": 100, "rate": 50, "seconds": 60, "every": 2, "pace": 1},
    mutations={"no_reconnect": {}},
)
async def test_a_feed_whose_connection_is_terminated_opens_another(stand: Stand, run: Run):
    """It reads what it missed, and its sockets notice nothing but a short delay."""
    terminated = set()
    async with traffic(stand, sockets=run.size.sockets, rate=run.size.rate, patience=run.size.seconds + 5) as board:
        for _ in range(int(run.size.seconds / run.size.every)):
            await board.goes_on(run.size.every)
            terminated |= {row["pid"] for row in await stand.query(TERMINATE) if row["done"]}

    assert len(terminated) >= len(stand.workers), "no listener was terminated"
    run.is_exact(board.verdict)
    run.measured("delay (p99)", quantile(board.delays, 0.99), "s", at_most=2)
