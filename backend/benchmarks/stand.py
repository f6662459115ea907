"""What every benchmark starts: a throw-away PostgreSQL 17, and the board as it is deployed."""

import asyncio
import os
import platform
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import httpx

from app import embedded

BACKEND = Path(__file__).resolve().parent.parent
PASSWORD = "lanterns over a quiet harbour"
READY_WITHIN = 30.0
PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "asyncpg")


def machine() -> str:
    """Return what was measured on, and with what."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{os.cpu_count()} processors, Python {platform.python_version()}, PostgreSQL 17, {packages}"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def memory(pid: int, kind: str = "Pss") -> float:
    """Return the memory of a process in MB: `Pss`, what it shares counted by its share, or `Rss`, all of it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024


def processor_time(pid: int) -> float:
    """Return the seconds that a process has kept a processor busy."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Replica:
    """A running replica: where it is, and its workers' process ids."""

    address: str
    process: int

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return [int(child) for child in Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()]

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """Return a client of its API."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=f"http://{self.address}/api/v1", headers=headers, timeout=30)


class Board:
    """A migrated database with one account, and the replicas that are started on it."""

    def __init__(self, url: str, **environment: str) -> None:
        self.url = url
        self._environment = {
            **os.environ,
            "DATABASE_URL": url,
            "JWT_SECRET": secrets.token_hex(32),
            "LOG_LEVEL": "INFO",
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

    @asynccontextmanager
    async def replica(self, *, workers: int = 1) -> AsyncIterator[Replica]:
        """Run gunicorn with the shipped settings until the block ends."""
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "--config", BACKEND.parent / "docker" / "gunicorn.conf.py"]
        process = subprocess.Popen(  # noqa: ASYNC220 -- before anything runs that it could hold up
            [*command, "--bind", f"127.0.0.1:{port}", "app.main:app"],
            cwd=BACKEND,
            env={**self._environment, "PORT": str(port), "WEB_CONCURRENCY": str(workers)},
            stdout=subprocess.DEVNULL,
        )
        replica = Replica(f"127.0.0.1:{port}", process.pid)
        try:
            async with asyncio.timeout(READY_WITHIN), replica.client() as client:
                while not await _is_ready(client):
                    await asyncio.sleep(0.1)
            yield replica
        finally:
            process.terminate()
            process.wait()

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


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/ready")).is_success
    except httpx.TransportError:
        return False


@contextmanager
def board(**environment: str) -> Iterator[Board]:
    """Yield a board with these settings, on a PostgreSQL that lives as long as the block."""
    with embedded.throwaway() as url:
        yield Board(url, **environment)
