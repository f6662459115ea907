"""A replica of the board: gunicorn with the shipped settings, as the image runs it, on a port of its own.

What runs in the tests' own process is in `servers.py`.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from tests.processes import children, free_port, is_running, signal_all

HERE: Final = Path(__file__).parent
BACKEND: Final = HERE.parent
SETTINGS: Final = HERE / "gunicorn_conf.py"
API: Final = "/api/v1"
START_SECONDS: Final = 180
ANSWER_SECONDS: Final = 60
TLS: Final = httpx.create_ssl_context()  # unused, and takes longer to make than a request does
STOP_SECONDS: Final = 40


class Replica:
    """One gunicorn and its workers. `log` is the file of its lines."""

    def __init__(
        self,
        folder: Path,
        name: str,
        environment: dict[str, str],
        *,
        workers: int,
        app: str = "app.main:app",
        settings: Path = SETTINGS,
        before: Sequence[str] = (),
    ) -> None:
        """Prepare one that logs to a folder; `before` is a command that runs the command which follows it."""
        self.port = free_port()
        self.log = folder / f"{name}.log"
        self.size = workers
        self._folder = folder
        self._command: list[str | Path] = [*before, sys.executable, "-m", "gunicorn", "--config", settings, app]
        self._environment = environment | {"PORT": str(self.port), "WEB_CONCURRENCY": str(workers)}
        self.surroundings: dict[str, str] = {}  # further environment variables, from its next start on
        self._process: subprocess.Popen[bytes] | None = None
        self._looked_at = 0  # bytes of its log
        self.exit_code: int | None = None  # of the last that was stopped

    @property
    def is_started(self) -> bool:
        """Whether its gunicorn runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://{self.address}{API}"

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """Return a client of its API, with a token one that is logged in."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=ANSWER_SECONDS, verify=TLS)

    @property
    def pid(self) -> int:
        """The process id of gunicorn itself."""
        assert self._process is not None
        return self._process.pid

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers, oldest first."""
        return children(self.pid)

    def log_after(self, offset: int = 0) -> list[bytes]:
        """Return the lines that it has written since its log had this size."""
        return self.log.read_bytes()[offset:].split(b"\n")[:-1]

    def news(self) -> list[str]:
        """Return the lines that it has written since this was asked last."""
        lines = self.log_after(self._looked_at) if self.log.exists() else []
        self._looked_at += sum(len(line) + 1 for line in lines)
        return [line.decode(errors="replace") for line in lines]

    def complaints(self) -> set[str]:
        """Return what its log tells of exceptions and errors: the message, and the exception's last lines."""
        found = set()
        for line in self.log.read_text(errors="replace").splitlines():
            if not line.startswith("{"):
                found.add(line)
            elif (entry := orjson.loads(line)).get("exc_info") or entry["level"] == "ERROR":
                found.add("\n".join([entry["message"], *entry.get("exc_info", "").splitlines()[-3:]]))
        return found

    async def start(self, mutation: str = "") -> None:
        """Start it and wait until every worker is ready, with a mutation of `mutations.py` in each."""
        self.launch(mutation)
        await self.until_ready(START_SECONDS)

    def launch(self, mutation: str = "") -> None:
        """Start it without waiting."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the very program that the image runs
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(BACKEND),
                    "STAND_MUTATION": mutation,
                    "TMPDIR": tempfile.gettempdir(),
                    **self._environment,
                    **self.surroundings,
                },
            )

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Stop it, and return how many seconds that took."""
        if self._process is None:
            return 0.0
        workers = self.workers
        started = time.monotonic()
        self._process.send_signal(how)
        deadline = started + STOP_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        took = time.monotonic() - started
        if self._process.poll() is None:
            signal_all([*workers, self.pid], signal.SIGKILL)
            self._process.wait()
        self.exit_code = self._process.returncode
        self._process = None
        # After SIGKILL the workers see by themselves that they have no parent any more.
        while any(is_running(pid) for pid in workers):
            if time.monotonic() > deadline:
                signal_all(workers, signal.SIGKILL)
            await asyncio.sleep(0.05)
        return took

    def signal(self, number: signal.Signals) -> None:
        """Send gunicorn a signal."""
        os.kill(self.pid, number)

    async def is_ready(self) -> bool:
        """Ask `/ready` over a new connection, and so whichever worker takes it."""
        try:
            async with httpx.AsyncClient(timeout=3, verify=TLS) as client:
                return (await client.get(f"{self.url}/ready")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def until_ready(self, seconds: float) -> None:
        """Wait until as many workers as there should be are there, and `/ready` says so many times in a row."""
        async with asyncio.timeout(seconds):
            in_a_row = 0
            while in_a_row < 2 * self.size:
                good = len(self.workers) == self.size and await self.is_ready()
                in_a_row = in_a_row + 1 if good else 0
                if not good:
                    await asyncio.sleep(0.1)


@asynccontextmanager
async def replica(environment: dict[str, str], *, workers: int = 1, **options: Any) -> AsyncIterator[Replica]:
    """Run one until the block ends; see `Replica` for its options."""
    with tempfile.TemporaryDirectory(prefix="statusboard-replica-") as folder:
        running = Replica(Path(folder), "replica", environment, workers=workers, **options)
        try:
            await running.start()
            yield running
        finally:
            await running.stop()
