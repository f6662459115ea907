"""The disk under the database is full."""

import asyncio
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import traffic

ROOM = 48 << 20  # bytes that the disk has beyond what is there at first
CHUNK = 64 << 10
FULL = "No space left on device"


def mount(*arguments: str | Path) -> None:
    """Run mount or umount, or skip the test where that is not allowed."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands
    if done.returncode:
        pytest.skip(f"{arguments[0]} is not permitted here: {done.stderr.strip()}")


def move(postgres: Cluster, source: Path, target: Path) -> None:
    """Copy the data of a server that is stopped."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        postgres.programs.account.own(path)
    target.chmod(0o700)


@contextmanager
def small_disk(postgres: Cluster) -> Iterator[Path]:
    """Have the data directory on a small disk of its own, in memory, until the block ends."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    usual, disk = postgres.data, postgres.folder / "disk"
    disk.mkdir()
    postgres.stop()
    try:
        size = sum(path.stat().st_size for path in usual.rglob("*") if path.is_file()) + ROOM
        mount("mount", "-t", "tmpfs", "-o", f"size={size}", "statusboard-faults", disk)
        try:
            move(postgres, usual, disk / "data")
            postgres.data = disk / "data"
            postgres.start()
            yield disk
        finally:
            with suppress(OSError):
                postgres.stop()
            if postgres.data != usual:
                shutil.rmtree(usual)
                move(postgres, postgres.data, usual)
                (usual / "postmaster.pid").unlink(missing_ok=True)
                postgres.data = usual
            subprocess.run(["umount", "--lazy", disk], check=True)  # noqa: S603, S607 - what was mounted above
            disk.rmdir()
    finally:
        postgres.start()


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(CHUNK))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return ballast


def is_dead(postgres: Cluster) -> bool:
    """Tell whether the server has given up, as it does when it can't write its log."""
    try:
        os.kill(postgres.pid, 0)
    except (OSError, ValueError, IndexError):
        return True
    return False


async def stay_full(stand: Stand, disk: Path, seconds: float) -> Path:
    """Keep the disk full, also of what the server frees meanwhile."""
    ballast = fill(disk)
    for _ in range(int(seconds / 0.2)):
        await asyncio.sleep(0.2)
        fill(disk)
    return ballast


@pytest.mark.fault(
    "the data directory on a full disk",
    small={"sockets": 20, "rate": 40, "seconds": 3, "pace": 0.2},
    full={"sockets": 100, "rate": 100, "seconds": 30, "pace": 1},
    mutations={"full_disk_unknown": {}},
)
async def test_a_full_disk_loses_nothing(stand: Stand, run: Run):
    """What can't be written is answered by 503, and goes on once there is room: by itself, or after a restart."""
    size = run.size
    with small_disk(stand.postgres) as disk:
        await stand.start()
        log = stand.postgres.folder / "postgresql.log"
        written = log.stat().st_size
        async with traffic(stand, sockets=size.sockets, rate=size.rate, pace=size.pace) as board:
            await board.goes_on(1)
            before = len(board.posters.answered)
            ballast = await stay_full(stand, disk, size.seconds)
            answered = len(board.posters.answered) - before
            ballast.unlink()
            # Where the log itself had no room, the server has ended, and whatever runs it starts it again.
            gave_up = is_dead(stand.postgres)
            if gave_up:
                stand.postgres.revive()
            await board.writes_again(30)
            await board.goes_on(1)
        complaints = log.read_text(errors="replace")[written:].count(FULL)

    assert complaints > 0, "the disk was not full"
    assert board.posters.put_off, "nobody was told to come back"
    run.is_exact(board.verdict)
    run.numbers.append(
        f"{complaints} times no room, {len(board.posters.put_off)} answers 503, {answered} posts meanwhile"
    )
    run.numbers.append("PostgreSQL ended and was started again" if gave_up else "PostgreSQL lived on")
