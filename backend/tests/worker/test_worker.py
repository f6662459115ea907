"""`statusboard worker`, the second process type: it works beside the board, and may be killed at any point."""

import asyncio
import signal
import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.services.feed import follower
from app.services.github import poller
from app.worker.process import SIGN_OF_LIFE
from tests import canaries
from tests.clock import let_pass, until_another_process_asks
from tests.fake_github import TOKEN, FakeGitHub, stalls
from tests.patience import LONG
from tests.personas import Persona
from tests.servers import receive, receive_until, serve, until
from tests.subprocesses import STATUSBOARD, running


def worker(
    database_url: str,
    github_url: str,
    *,
    command: tuple[str, ...] = ("worker",),
    code: str = STATUSBOARD,
    **environment: str,
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Run a worker in a process of its own, with GITHUB_TOKEN, until the block ends."""
    settings = {
        "DATABASE_URL": database_url,
        "GITHUB_API_URL": github_url,
        "GITHUB_TOKEN": TOKEN,
        "LOG_LEVEL": "DEBUG",
    }
    return running(*command, code=code, **settings | environment)


async def stopped(process: asyncio.subprocess.Process) -> tuple[int, str]:
    """End a worker as an orchestrator does, and return its exit code and its log."""
    process.send_signal(signal.SIGTERM)
    out, _ = await process.communicate()
    assert process.returncode is not None
    assert canaries.telling(out.decode().splitlines()) == [], "a secret was logged"
    return process.returncode, out.decode()


async def test_a_new_reference_has_its_title_within_three_seconds(
    github: FakeGitHub, database_url: str, ada: Persona, monkeypatch
):
    """On every open board, from a worker that looks each second and is no part of the server; it stops when told to."""
    monkeypatch.setattr(follower, "POLL", 3600)  # nothing but the worker's notification brings it
    github.put("octo/api#12", title="Cache the parse tree")
    async with (
        worker(database_url, github.url) as process,
        serve() as server,
        server.follow(ada.token) as socket,
    ):
        await receive_until(socket, "ready")
        await ada.post("octo/api#1")
        *_, first = [await receive(socket) for _ in range(2)]
        await ada.post("octo/api#12")
        events = [await receive(socket) for _ in range(2)]
        code, log = await stopped(process)

    assert (first["kind"], events[1]["kind"]) == ("reference.changed", "reference.changed")
    assert events[1]["data"]["title"] == "Cache the parse tree"
    assert code == 0
    assert '"level":"ERROR"' not in log


async def test_a_worker_that_is_killed_loses_nothing(
    github: FakeGitHub, database_url: str, ada: Persona, db: AsyncSession
):
    """The next one asks for what it had taken, when its turn would have been over, and for nothing twice."""
    for number in range(1, 21):
        github.put(f"octo/api#{number}")
    await ada.post(" ".join(f"octo/api#{number}" for number in range(1, 21)))
    github.mood = stalls(30)
    async with worker(database_url, github.url):
        await until(lambda: len(github.requests) == 1)
    github.mood = None
    async with worker(database_url, github.url) as process:
        await until_another_process_asks()
        meanwhile = len(github.requests)
        await let_pass(db, poller.TURN)
        await until(lambda: len(github.requests) == 2)
        await until_another_process_asks()
        await stopped(process)

    assert (meanwhile, len(github.requests)) == (1, 2)
    assert github.requests[0].places == github.requests[1].places


async def test_what_is_under_way_is_finished_before_the_end(github: FakeGitHub, database_url: str, ada: Persona):
    """A worker that is told to stop while GitHub thinks writes down what it says."""
    github.put("octo/api#12")
    is_told = asyncio.Event()

    async def thinks(request, writer) -> bool:
        await is_told.wait()
        writer.write(github.answer(request))
        return True

    github.mood = thinks
    await ada.post("octo/api#12")
    async with worker(database_url, github.url) as process:
        await until(lambda: len(github.requests) == 1)
        process.send_signal(signal.SIGTERM)
        is_told.set()
        code = await process.wait()
    reference = (await ada.client.get("/api/v1/references/octo/api/12")).json()["reference"]

    assert (code, reference["state"]) == (0, "open")


async def test_up_has_a_worker_in_it(github: FakeGitHub, database_url: str, ada: Persona, tmp_path: Path):
    """One process is all that a first look needs; it stops as usual."""
    github.put("octo/api#12")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    async with worker(database_url, github.url, command=("up", "--port", port), HOME=str(tmp_path)) as process:
        await ada.post("octo/api#12")
        await until(lambda: bool(github.requests))
        code, log = await stopped(process)

    assert (code, "Traceback" in log) == (0, False)


async def test_without_a_token_it_waits_and_logs_no_error(
    github: FakeGitHub, database_url: str, ada: Persona, tmp_path: Path
):
    """So that an orchestrator has nothing to restart: it goes on showing that it lives."""
    sign = tmp_path / SIGN_OF_LIFE
    await ada.post("octo/api#12")
    async with worker(database_url, github.url, GITHUB_TOKEN="", TMPDIR=str(tmp_path)) as process:
        for _ in range(2):
            await until(sign.exists)
            sign.unlink()
        code, log = await stopped(process)

    assert code == 0
    assert "Titles are off" in log
    assert '"level":"WARNING"' not in log
    assert '"level":"ERROR"' not in log
    assert github.requests == []


async def test_an_orchestrator_sees_that_it_lives(github: FakeGitHub, database_url: str, tmp_path: Path):
    """It touches a file again and again, also where it has nothing to do; one that stands still does not."""
    sign = tmp_path / SIGN_OF_LIFE
    async with worker(database_url, github.url, GITHUB_TOKEN="", TMPDIR=str(tmp_path)):
        await until(sign.exists)
        sign.unlink()
        await until(sign.exists)

    assert sign.stat().st_mode & 0o077 == 0


async def test_a_sign_of_life_follows_no_link(github: FakeGitHub, database_url: str, tmp_path: Path):
    """In a folder for everyone, the link may be somebody else's, and lead anywhere."""
    (tmp_path / SIGN_OF_LIFE).symlink_to(tmp_path / "elsewhere")
    async with worker(database_url, github.url, GITHUB_TOKEN="", TMPDIR=str(tmp_path)) as process:
        async with asyncio.timeout(LONG):
            while b"can't write its sign of life" not in await process.stdout.readline():
                pass

    assert not (tmp_path / "elsewhere").exists()


async def test_without_a_database_it_waits_and_says_so_once(github: FakeGitHub):
    """It needs nothing in order to start, and tries again and again. Each job says so for itself."""
    tried: list[asyncio.StreamWriter] = []

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tried.append(writer)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as nobody:
        port = nobody.sockets[0].getsockname()[1]
        nowhere = f"postgresql+asyncpg://nobody:nothing@127.0.0.1:{port}/nowhere?ssl=disable"
        async with worker(nowhere, github.url, LOG_LEVEL="INFO") as process:
            await until(lambda: len(tried) > 5)
            code, log = await stopped(process)

    assert code == 0
    assert [log.count(f"The job {job} is waiting for the database") for job in ("github", "reports")] == [1, 1]


async def test_a_job_that_ignores_its_end_does_not_keep_the_process(github: FakeGitHub, database_url: str):
    """It is cut off, since asyncio would wait for it; the log names it."""
    code = """
import asyncio
from app.cli import main
from app.services import housekeeping
from app.worker import process, runner

async def ignore(_db):
    print("It has begun.", flush=True)
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

housekeeping.tidy = ignore
process.STOP_WITHIN = runner.CANCEL_WITHIN = 0.1
runner.LONGEST_START = 0
main()
"""
    async with worker(database_url, github.url, code=code) as process, asyncio.timeout(LONG):
        while b"It has begun." not in await process.stdout.readline():
            pass
        status, log = await stopped(process)

    assert status == 1
    assert "The worker stops although these jobs can't be cancelled: housekeeping" in log
