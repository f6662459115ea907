"""All workers are killed at once, and all sockets come back."""

import signal
import time

import pytest

from tests.faults.conftest import Run
from tests.faults.probe import has_begun, most_beginnings
from tests.faults.stand import Stand
from tests.faults.traffic import quantile, traffic
from tests.faults.watch import watching
from tests.processes import signal_all


@pytest.mark.fault(
    "all workers killed, all sockets back at once",
    small={"sockets": 100, "rate": 10, "pace": 0.1},
    full={"sockets": 2000, "pace": 1},
    mutations={"everyone_at_once": {"sockets": 400, "pace": 0}},
)
async def test_a_crowd_that_comes_back_is_let_in_by_turns(stand: Stand, run: Run):
    """The workers stay responsive, and let a few sockets at a time ask the database."""
    before = stand.workers
    async with traffic(stand, sockets=run.size.sockets, rate=run.size.rate, pace=run.size.pace, patience=120) as board:
        await board.goes_on(1)
        async with watching(stand, "/health") as health:
            signal_all(before, signal.SIGKILL)
            killed = time.monotonic()
            while sum(has_begun(stand.folder, pid) for pid in set(stand.workers) - set(before)) < len(before):
                await board.goes_on(0.1)
            begun = time.monotonic()
            await board.readers.until_live(120)
            back = time.monotonic() - killed
        beginnings = most_beginnings(stand.folder, stand.workers)

    assert set(before).isdisjoint(stand.workers)
    assert len(board.readers.outages) >= run.size.sockets
    run.is_exact(board.verdict)
    run.measured("all live after", back, "s", at_most=30)
    # Until the new workers are there nobody can answer, and what came meanwhile waits for them in the kernel.
    took = [1000 * answer.took for answer in health if answer.at > begun]
    run.measured("workers there after", begun - killed, "s", at_most=30)
    run.measured("/health from then on (p99)", quantile(took, 0.99), "ms", at_most=200)
    run.measured("beginnings at a time in a worker", beginnings, "", at_most=8, shows="everyone_at_once")
