"""The embedded PostgreSQL for real: it finds its data again, lets no one else in, and ends with its process."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from app import embedded
from app.embedded import programs
from tests.patience import LONG

pytestmark = pytest.mark.skipif(programs.PACKAGE is None, reason="the image, where PostgreSQL is not installed")

HOLD = """
import sys, pathlib
from app import embedded
with embedded.{kind} as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """A place that another account can reach, for root's sake, with a path that needs quoting."""
    with tempfile.TemporaryDirectory(prefix="ada's board (ü) ", dir="/tmp") as place:
        Path(place).chmod(0o755)
        yield Path(place) / "data home"


async def ask(url: str, statement: str) -> object:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


def folder_of(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def server_of(directory: Path) -> int:
    return int((directory / "data/postmaster.pid").read_text().split()[0])


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_server(pid: int) -> bool:
    return Path(f"/proc/{pid}/cwd").exists()  # a dead one that nobody has waited for has none


def wait_for(condition) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {LONG} s"
        time.sleep(0.02)


def hold(kind: str) -> tuple[subprocess.Popen[str], str]:
    """Start a process that runs an embedded server until its standard input ends."""
    command = [sys.executable, "-c", HOLD.format(kind=kind)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- ours
    return holder, holder.stdout.readline().strip()


def bury(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()


async def test_data_is_found_again(directory):
    """What was written is there at the next start, and nothing runs in between."""
    with embedded.postgres(directory) as url:
        await ask(url, "CREATE TABLE note AS SELECT 'still here' AS words")
    between = embedded.running(directory)
    with embedded.postgres(directory) as url:
        found = await ask(url, "SELECT words FROM note")

    assert between is None
    assert found == "still here"


async def test_nothing_listens_but_a_socket_in_a_private_folder(directory):
    """There is no TCP port, and the folder of the socket is closed to others and gone in the end."""
    with embedded.postgres(directory) as url:
        addresses = await ask(url, "SHOW listen_addresses")
        folder = folder_of(url)
        mode = stat.S_IMODE(folder.stat().st_mode)

    assert addresses == ""
    assert mode == 0o700
    assert not folder.exists()


def test_nothing_can_be_read_held_or_replaced_by_another_account():
    """Whatever the umask, and whatever an earlier version left; only the programs are for everyone, to run them."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        home = Path(place) / "new/home"
        home.mkdir(parents=True)
        for left in ("lock", "postgresql.log"):
            (home / left).touch()
            (home / left).chmod(0o666)
        before = os.umask(0)
        try:
            with embedded.postgres(home) as url:
                made = [*home.iterdir(), *folder_of(url).iterdir(), folder_of(url)]
                open_to_others = {
                    path.name
                    for path in made
                    if not path.is_symlink() and path.stat().st_mode & 0o077 and not path.name.startswith("postgresql-")
                }
                writable = {path for path in home.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022}
        finally:
            os.umask(before)

    # The socket is in a folder that is closed.
    assert {name for name in open_to_others if not name.startswith(".s.PGSQL")} == set()
    assert writable == set()


def test_folders_on_the_way_are_made_for_their_owner_alone(tmp_path):
    """Who may write to one of them could replace what is in it."""
    home = tmp_path / "share/deep/statusboard"
    before = os.umask(0)
    try:
        embedded.make_folder(home)
    finally:
        os.umask(before)

    assert not any(folder.stat().st_mode & 0o066 for folder in (home, *home.parents[:2]))


async def test_the_system_says_who_calls(directory):
    """Whoever gets to the socket has one role, and no password opens another."""
    with embedded.postgres(directory) as url:
        role = await ask(url, "SELECT session_user::text")
        with pytest.raises(DBAPIError, match=r"no pg_hba\.conf entry"):
            await ask(url.replace("//statusboard@", "//postgres:guess@"), "SELECT 1")

    assert role == "statusboard"


async def test_the_users_environment_changes_nothing(directory, monkeypatch):
    """Neither a locale that this machine lacks nor variables of PostgreSQL's own get through."""
    for name, value in {
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "xx",
        "PGPORT": "1",
        "PGDATA": "/x",
        "TZ": "Asia/Tokyo",
    }.items():
        monkeypatch.setenv(name, value)
    with embedded.throwaway() as url:
        folded = await ask(url, "SELECT lower('ÄI') || upper('öi') || current_setting('timezone')")

    assert folded == "äiÖIUTC"


def test_a_second_one_on_the_same_data_is_refused(directory):
    """The second start ends in a sentence, and the first goes on."""
    with embedded.postgres(directory) as url:
        with pytest.raises(embedded.EmbeddedPostgresError, match="Another `statusboard up`"):
            embedded.postgres(directory).__enter__()

        assert embedded.running(directory) == url


def test_it_ends_when_its_process_is_killed(directory):
    """A kill -9 leaves neither a server nor its folder."""
    holder, url = hold(f"postgres(pathlib.Path({str(directory)!r}))")
    server = server_of(directory)
    bury(holder)

    wait_for(lambda: not is_server(server) and not folder_of(url).exists())


def test_a_throwaway_database_is_gone_when_its_process_is_killed():
    """A kill -9 of a test run leaves nothing in /tmp."""
    holder, url = hold("throwaway()")
    existed = (folder_of(url) / "data/PG_VERSION").exists()
    bury(holder)

    assert existed
    wait_for(lambda: not folder_of(url).exists())


@pytest.mark.skipif(sys.platform != "linux", reason="finds the shell by /proc")
async def test_a_leftover_is_stopped_by_the_next_start(directory):
    """Where the shell that guards the server was killed as well, the next start ends the server first."""
    holder, url = hold(f"postgres(pathlib.Path({str(directory)!r}))")
    server, (shell,) = server_of(directory), children_of(holder.pid)
    for pid in (*(set(children_of(shell)) - {server}), shell):
        os.kill(pid, signal.SIGKILL)
    bury(holder)
    alive = is_server(server)
    with embedded.postgres(directory) as url_of_next:
        assert await ask(url_of_next, "SELECT 1") == 1

    assert alive
    assert not is_server(server)
    shutil.rmtree(folder_of(url))


async def test_the_loss_of_the_server_is_told_and_survived(directory):
    """When the server is killed, `lost` is called; what was committed is there at the next start."""
    lost = threading.Event()
    with embedded.postgres(directory, lost.set) as url:
        await ask(url, "CREATE TABLE committed AS SELECT 1")
        os.kill(server_of(directory), signal.SIGKILL)
        told = lost.wait(10)
    with embedded.postgres(directory) as url:
        found = await ask(url, "SELECT count(*) FROM committed")

    assert told
    assert found == 1


def test_an_orderly_end_is_no_loss(directory):
    """`lost` is not called when the context ends."""
    lost = threading.Event()
    with embedded.postgres(directory, lost.set):
        pass

    assert not lost.wait(0.2)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with PostgreSQL."""
    process = subprocess.Popen(["/bin/sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only there is the number looked up")
async def test_a_number_that_is_someone_elses_now_is_ignored(directory, bystander):
    """After a crash and a reboot, the server's number may be another program's, which is left alone."""
    with embedded.postgres(directory):
        left = (directory / "data/postmaster.pid").read_text()
    number = left.split()[0]
    (directory / "data/postmaster.pid").write_text(left.replace(number, str(bystander.pid), 1))
    with embedded.postgres(directory) as url:
        found = await ask(url, "SELECT 1")

    assert found == 1
    assert bystander.poll() is None


def test_data_of_another_version_is_left_alone(directory):
    """Data of PostgreSQL 16 gets a sentence that says what to do."""
    with embedded.postgres(directory):
        pass
    version = directory / "data/PG_VERSION"
    version.write_text("16\n")
    try:
        with pytest.raises(embedded.EmbeddedPostgresError, match="belongs to PostgreSQL 16, but this is PostgreSQL 17"):
            embedded.postgres(directory).__enter__()
    finally:
        version.write_text("17\n")
