"""A PostgreSQL 17 of the stand's own: it may be stopped, killed, frozen, copied and rolled back."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import asyncpg

from app import embedded
from app.embedded.programs import Account, Programs
from tests.processes import children, free_port, signal_all

NAME: Final = "statusboard"
START_SECONDS: Final = 30
STOP_SECONDS: Final = 20


class Cluster:
    """A data directory and the server on it. It listens on 127.0.0.1 with a password, in a folder of its own."""

    def __init__(self, folder: Path, *settings: str) -> None:
        home = embedded.home()
        home.mkdir(parents=True, exist_ok=True)
        self.programs = Programs.find(home, Account.for_data(folder / "data"))
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.settings = settings
        self._password = secrets.token_hex(16)
        self._shell: subprocess.Popen[str] | None = None

    def url(self, port: int | None = None) -> str:
        """The address as `DATABASE_URL` has it; with the port of a proxy, the address behind that."""
        return f"postgresql+asyncpg://{NAME}:{self._password}@127.0.0.1:{port or self.port}/{NAME}"

    def create(self) -> None:
        """Make the data directory, with an empty database."""
        self.folder.parent.chmod(0o711)  # the server may run as another account
        self.data.mkdir(parents=True)
        password = self.folder / "password"
        password.write_text(self._password)
        for path in (self.folder, self.data, password):
            self.programs.account.own(path)
        self.programs.run(
            "initdb",
            *("-D", self.data, "-U", NAME, "--no-sync", "--encoding=UTF8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={password}"),
        )
        password.unlink()
        self.programs.run("postgres", "--single", "-D", self.data, "postgres", text=f"CREATE DATABASE {NAME}")

    def start(self) -> None:
        """Start the server and wait until it takes connections; after a crash it recovers first.

        It ends with this process, however that ends: see `embedded.GUARD`, whose folder to remove is none here.
        """
        log = (self.folder / "postgresql.log").open("ab")
        self._shell = self.programs.start(
            *("/bin/sh", "-c", embedded.GUARD, self.folder / "nothing"),
            *(self.programs.folder / "postgres", "-D", self.data, "-k", self.folder),
            *("-h", "127.0.0.1", "-p", str(self.port)),
            *(part for setting in self.settings for part in ("-c", setting)),
            output=log.fileno(),
        )
        log.close()
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._shell.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "postgresql.log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server: SIGQUIT is `pg_ctl -m immediate`, SIGINT is `-m fast`, SIGKILL is what nobody should do."""
        if self._shell is None:
            return
        server, backends = self.pid, children(self.pid)
        os.kill(server, how)
        self._shell.wait(STOP_SECONDS)
        if self._shell.stdin:
            self._shell.stdin.close()
        self._shell = None
        # After SIGKILL its backends end by themselves, and no new server starts before they have.
        while any(Path(f"/proc/{pid}").exists() for pid in backends):
            time.sleep(0.01)

    def restart(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server and start it again."""
        self.stop(how)
        self.start()

    def revive(self) -> None:
        """Start the server again that has ended by itself."""
        assert self._shell is not None
        self._shell.wait(STOP_SECONDS)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.start()

    def freeze(self) -> None:
        """Let the server and all its backends stand still, without closing anything."""
        signal_all([self.pid], signal.SIGSTOP)
        signal_all(children(self.pid), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        signal_all([*children(self.pid), self.pid], signal.SIGCONT)

    def copy(self) -> Path:
        """Copy the data directory, of a server that is stopped or not (a crash-consistent copy, as of a disk)."""
        copy = self.folder / f"copy-{secrets.token_hex(4)}"
        shutil.copytree(self.data, copy, ignore_dangling_symlinks=True)
        (copy / "postmaster.pid").unlink(missing_ok=True)
        return copy

    def roll_back(self, copy: Path) -> None:
        """Put a copy of the data in the place of the data, and start on it."""
        self.stop()
        shutil.rmtree(self.data)
        copy.rename(self.data)
        for path in (self.data, *self.data.rglob("*")):
            self.programs.account.own(path)
        self.data.chmod(0o700)
        self.start()

    def dump(self) -> Path:
        """Make a dump of the database, as `docs/backup.md` does."""
        dump = self.folder / f"dump-{secrets.token_hex(4)}"
        self._run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={self._conninfo(NAME)}")
        return dump

    def drop(self) -> None:
        """Drop the database, whoever uses it, and make an empty one, as `docs/backup.md` does before it restores."""
        maintenance = f"--maintenance-db={self._conninfo('postgres')}"
        self._run("dropdb", maintenance, "--force", NAME)
        self._run("createdb", maintenance, NAME)

    def restore(self, dump: Path) -> None:
        """Fill the empty database from a dump, as `docs/backup.md` does."""
        self._run("pg_restore", "--single-transaction", f"--dbname={self._conninfo(NAME)}", dump)

    def _conninfo(self, database: str) -> str:
        return f"postgresql://{NAME}:{self._password}@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        self.programs.run(str(self.programs.folder / program), *arguments)

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def _is_ready(self) -> bool:
        with suppress(OSError, IndexError):
            return (self.data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        return False


class OnCluster:
    """Something that stands on a cluster, which can be asked directly."""

    postgres: Cluster

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Connect to PostgreSQL as its superuser, past whatever stands between it and the board."""
        connection = await asyncpg.connect(self.postgres.url().replace("+asyncpg", ""))
        try:
            yield connection
        finally:
            await connection.close()

    async def query(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Return the rows of a query."""
        async with self.connection() as connection:
            return await connection.fetch(sql, *arguments)

    async def run(self, script: str) -> None:
        """Run statements in one transaction."""
        async with self.connection() as connection:
            await connection.execute(script)
