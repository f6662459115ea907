"""The path to the database is cut without a word: packets vanish, and nobody is told."""

import time

import pytest

from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import traffic
from tests.faults.watch import Answer, watching


def seconds_until_unready(answers: list[Answer], cut: float, mended: float) -> float:
    """Return when, after the cut, the last answer came that still said `ready`: asked for in between."""
    return max(
        (answer.at + answer.took - cut for answer in answers if answer.status == 200 and cut < answer.at < mended),
        default=0,
    )


@pytest.mark.fault(
    "the path to the database cut without a word",
    small={"sockets": 20, "rate": 20, "seconds": 2, "pace": 0.2},
    full={"sockets": 100, "rate": 20, "seconds": 60, "pace": 1},
    mutations={"no_heartbeat": {}},
)
async def test_a_silent_path_is_noticed_and_survived(stand: Stand, run: Run):
    """Whatever was open is dead and looks alive; the feed's heartbeat and the time limits find out."""
    size = run.size
    async with (
        traffic(stand, sockets=size.sockets, rate=size.rate, pace=size.pace) as board,
        watching(stand, "/health") as health,
        watching(stand, "/ready") as ready,
    ):
        await board.goes_on(1)
        cut_off = stand.proxy.cut()
        cut = time.monotonic()
        await board.goes_on(size.seconds)
        stand.proxy.mend()
        mended = time.monotonic()
        if not run.mutation:
            await stand.start()
        back = time.monotonic()
        await board.goes_on(1)

    assert cut_off > len(stand.workers)
    run.is_exact(board.verdict)
    assert {answer.status for answer in health} == {200}
    run.measured("ready until", seconds_until_unready(ready, cut, mended), "s", at_most=15)
    run.measured("all ready again after", back - mended, "s", at_most=15)
    run.measured("slowest /health", max(answer.took for answer in health), "s", at_most=1)
