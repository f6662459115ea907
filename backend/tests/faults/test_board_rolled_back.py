"""The board is put back to what it was: by an older dump, or by an older copy of its data directory.

The board runs on meanwhile, as it does under an operator who forgets to stop it.
"""

import asyncio
import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import Ledger
from tests.faults.clients import Posters
from tests.faults.cluster import Cluster
from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import HEAD, Traffic, traffic

PATIENCE = 60.0  # seconds


def frozen_copy(postgres: Cluster) -> Path:
    """Copy the data directory as a snapshot of the disk does: all files of one instant."""
    postgres.freeze()
    try:
        return postgres.copy()
    finally:
        postgres.thaw()


def take_away(postgres: Cluster, by: str) -> None:
    """Have what is there now be gone."""
    if by == "dump":
        postgres.drop()
    else:
        postgres.stop()


def put_back(postgres: Cluster, by: str, backup: Path) -> None:
    """Have in its place what was there at the time of the backup."""
    if by == "dump":
        postgres.restore(backup)
    else:
        postgres.roll_back(backup)


def untouched(before: Ledger, after: Ledger) -> Ledger:
    """Return what a backup taken between the two must hold; what was under way at that time, it may hold."""
    said = {status_id: text for status_id, text in before.said.items() if after.said[status_id] == text}
    acknowledged = {key: status_id for key, status_id in before.acknowledged.items() if status_id in said}
    return Ledger(set(after.tried), acknowledged, said)


async def head(stand: Stand) -> int:
    """Return the log's height."""
    (row,) = await stand.query(HEAD)
    return row["seq"]


async def until_higher(stand: Stand, height: int) -> None:
    """Wait until the log is higher than it was."""
    async with asyncio.timeout(PATIENCE):
        while await head(stand) <= height:
            await asyncio.sleep(0.05)


async def roll_back(board: Traffic, run: Run, take_backup: Callable[[Cluster], Path]) -> tuple[int, int]:
    """Take a backup, go on, and put it back. Return the height of the log at the backup, and at its history's end."""
    stand, size = board.stand, run.size
    members = await stand.members(20)
    early, late = board.readers.all[:2]
    await board.goes_on(size.seconds)
    await board.readers.leave(early)
    known = copy.deepcopy(board.posters.ledger)
    low = await head(stand)
    backup = await asyncio.to_thread(take_backup, stand.postgres)
    await board.goes_on(size.seconds)
    await board.posters.end(PATIENCE)
    assert not board.posters.refusals, board.posters.refusals[:5]
    high = await head(stand)
    await board.readers.settle(high, 1)
    await board.readers.leave(late)

    await asyncio.to_thread(take_away, stand.postgres, size.by)
    ledger = untouched(known, board.posters.ledger)
    board.posters = Posters(stand, members, rate=size.rate, length=0)
    board.posters.ledger = ledger
    board.posters.begin()
    await board.goes_on(0.2)
    await asyncio.to_thread(put_back, stand.postgres, size.by, backup)
    await until_higher(stand, high)
    board.readers.wake(early)
    board.readers.wake(late)
    return low, high


def check(board: Traffic, run: Run, low: int, high: int) -> None:
    """All but the one who left before the backup were told to begin anew, once, and all have what the table has."""
    early, *others = board.readers.all
    run.is_exact(board.verdict, resets=len(others))
    assert low < high < board.verdict.events
    assert early.log[0].seq <= low
    assert {reader.resets for reader in others} == {1}
    assert early.resets == 0, "its position is of both histories"


@pytest.mark.fault(
    "an older dump restored",
    small={"by": "dump", "sockets": 20, "rate": 40, "seconds": 1, "pace": 0.1},
    full={"sockets": 200, "rate": 50, "seconds": 10, "pace": 1},
    mutations={"no_marks": {}},
)
async def test_a_dump_restored_resets_everyone(stand: Stand, run: Run):
    """Also one that was away until the log had passed its old height."""
    size = run.size
    async with traffic(stand, sockets=size.sockets, rate=size.rate, pace=size.pace, patience=PATIENCE) as board:
        low, high = await roll_back(board, run, Cluster.dump)

    check(board, run, low, high)


@pytest.mark.fault(
    "the data directory rolled back to a copy",
    small={"by": "copy", "sockets": 20, "rate": 40, "seconds": 1, "pace": 0.1},
    full={"sockets": 200, "rate": 50, "seconds": 10, "pace": 1},
    mutations={"no_marks": {}},
)
async def test_a_rolled_back_disk_resets_everyone(stand: Stand, run: Run):
    """As with a dump, and PostgreSQL itself does not know that it lives twice."""
    size = run.size
    async with traffic(stand, sockets=size.sockets, rate=size.rate, pace=size.pace, patience=PATIENCE) as board:
        low, high = await roll_back(board, run, frozen_copy)

    check(board, run, low, high)
