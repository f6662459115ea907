"""What every benchmark starts: a throw-away PostgreSQL 17, the board as it is deployed, and others beside it.

Servers run on one processor, and PostgreSQL and the load on another, where there are two.
"""

import asyncio
import os
import platform
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg
import httpx

from app import embedded
from tests import deployed
from tests.deployed import BACKEND, Replica
from tests.processes import children, free_port

PASSWORD = "lanterns over a quiet harbour"
READY_WITHIN = 30.0
PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "asyncpg")

PROCESSORS = sorted(os.sched_getaffinity(0))
FOR_SERVERS, FOR_LOAD = PROCESSORS[0], PROCESSORS[-1]
PIN = ("taskset", "--cpu-list", str(FOR_SERVERS))


def machine() -> str:
    """Return what was measured on, when, and with what."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    today = datetime.now(UTC).date().isoformat()
    return f"{today}, {len(PROCESSORS)} processors, Python {platform.python_version()}, PostgreSQL 17, {packages}"


def memory(pid: int, kind: str = "Pss") -> float:
    """Return the memory of a process in MB: `Pss`, what it shares counted by its share, or `Rss`, all of it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024


def processor_time(pid: int) -> float:
    """Return the seconds that a process has kept a processor busy."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantile(values: list[float], share: float) -> float:
    """Return the value below which this share lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def plain_url(url: str) -> str:
    """Return the address of a database as the bare driver takes it."""
    return url.replace("+asyncpg", "")


async def run_sql(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    connection = await asyncpg.connect(plain_url(url))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def pin_database(url: str) -> None:
    """Have PostgreSQL run where the load does, the connections that are still to come included."""
    connection = await asyncpg.connect(plain_url(url))
    folder = Path(await connection.fetchval("SHOW data_directory"))
    await connection.close()
    postmaster = int((folder / "postmaster.pid").read_text().splitlines()[0])
    for pid in (postmaster, *children(postmaster)):
        with suppress(ProcessLookupError):  # one that has just ended
            os.sched_setaffinity(pid, {FOR_LOAD})


@asynccontextmanager
async def serving(command: list[str], environment: dict[str, str], port: int, path: str) -> AsyncIterator[None]:
    """Run a server until the block ends, which begins once it answers."""
    process = subprocess.Popen(  # noqa: ASYNC220 -- before anything runs that it could hold up
        command,
        cwd=BACKEND,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(READY_WITHIN), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            while not await _answers(client, path):
                if process.poll() is not None:
                    raise RuntimeError(f"{command} has ended")
                await asyncio.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


async def _answers(client: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await client.get(path)).is_success
    except httpx.TransportError:
        return False


def uvicorn_command(app: str, port: int) -> list[str]:
    """Return the command that serves an ASGI app with uvicorn, as lean as it gets."""
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error"]
    return [sys.executable, "-m", "uvicorn", "--port", str(port), *options, app]


class Board:
    """A migrated database with one account, and the replicas that are started on it."""

    def __init__(self, url: str, **environment: str) -> None:
        self.url = url
        self._environment = {
            **os.environ,
            "DATABASE_URL": url,
            "JWT_SECRET": secrets.token_hex(32),
            "LOG_LEVEL": "INFO",
            "WS_MAX_SOCKETS_PER_MEMBER": "10000",  # one member has all that are measured
            **environment,
        }
        self.statusboard("migrate")

    def statusboard(self, *arguments: str) -> str:
        """Run a command of the board and return what it prints."""
        command = [Path(sys.executable).with_name("statusboard"), *arguments]
        finished = subprocess.run(
            command, cwd=BACKEND, env=self._environment, check=True, capture_output=True, text=True
        )
        return finished.stdout.strip()

    def replica(self, *, workers: int = 1, pinned: bool = True, **options: str) -> AbstractAsyncContextManager[Replica]:
        """Run a replica until the block ends."""
        return deployed.replica(self._environment, workers=workers, before=PIN if pinned else (), **options)

    @asynccontextmanager
    async def beside(self, app: str, *, pinned: bool = True) -> AsyncIterator[str]:
        """Run another ASGI app on the board's database, by uvicorn alone, until the block ends; yield its address."""
        port = free_port()
        command = [*(PIN if pinned else ()), *uvicorn_command(app, port)]
        async with serving(command, self._environment, port, "/api/v1/health"):
            yield f"127.0.0.1:{port}"

    @contextmanager
    def worker(self, **environment: str) -> Iterator[None]:
        """Run a worker until the block ends, some of its settings being others."""
        command = [Path(sys.executable).with_name("statusboard"), "worker"]
        process = subprocess.Popen(
            command, cwd=BACKEND, env={**self._environment, **environment}, stdout=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()

    async def log_in(self, replica: Replica) -> str:
        """Make the first account, and return an access token."""
        account = {"username": "ada", "password": PASSWORD}
        code = self.statusboard("setup-link").partition("=")[2]
        async with replica.client() as client:
            made = await client.post("/auth/register", json={**account, "display_name": "Ada", "invite": code})
            made.raise_for_status()
            return str((await client.post("/auth/login", json=account)).json()["access_token"])


@contextmanager
def board(**environment: str) -> Iterator[Board]:
    """Yield a board with these settings, on a PostgreSQL that lives as long as the block."""
    with embedded.throwaway() as url:
        yield Board(url, **environment)
