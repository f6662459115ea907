"""Sockets that connect while statuses arrive: the seam between a snapshot and the events behind it."""

import asyncio

import pytest

from tests.faults.checker import Snapshot
from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import traffic


@pytest.mark.fault(
    "sockets that connect while statuses arrive",
    small={"sockets": 80, "rate": 40, "seconds": 3},
    full={"sockets": 2000, "rate": 100, "seconds": 15},
    mutations={"torn_snapshot": {}},
)
async def test_a_snapshot_and_what_follows_make_the_board(stand: Stand, run: Run):
    """Nothing is in both, and nothing in neither, wherever in the stream a socket begins."""
    size = run.size
    async with traffic(stand, sockets=0, rate=size.rate, patience=300) as board:
        for member in await stand.members(size.sockets):
            board.readers.add(member)
            await asyncio.sleep(size.seconds / size.sockets)

    beginnings = {log[0].seq for log in board.readers.logs if log and isinstance(log[0], Snapshot)}
    assert len(beginnings) > min(size.sockets, size.rate * size.seconds) / 5, "they began at the same few places"
    run.is_exact(board.verdict)
    assert board.verdict.readers == size.sockets
