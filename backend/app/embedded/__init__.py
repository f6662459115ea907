"""An embedded PostgreSQL 17, for `statusboard up` and for tests on a machine without Docker.

It listens only on a Unix socket in a private folder, and the operating system identifies its callers (`peer`), so there
is no port to attack and no password to keep. A shell runs between this process and the server. It stops the server when
this process ends, in whatever way.
"""

import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from app.embedded.files import make_folder, private
from app.embedded.programs import VERSION, Account, EmbeddedPostgresError, Programs, ask, explain

__all__ = ["EmbeddedPostgresError", "home", "make_folder", "postgres", "private", "running", "throwaway"]

NAME: Final = "statusboard"  # of the role and of the database
STOP_SECONDS: Final = 30

# The server must stop when this process ends, even if it is killed with -9: then our end of the shell's standard input
# closes. $0 is the server's folder. The shell's `&` replaces standard input, so file descriptor 3 is used.
GUARD: Final = """
exec 3<&0
"$@" 3<&- & server=$!
(read -r _ <&3; kill -INT $server) 2>/dev/null & reader=$!
wait $server; status=$?
kill $reader 2>/dev/null; rm -rf -- "$0"; exit $status
"""


def home() -> Path:
    """Return the folder in which a board with the embedded database keeps its data. Other accounts can reach root's."""
    if os.geteuid() == 0:
        return Path("/var/lib/statusboard")
    try:
        user = Path.home()
    except RuntimeError:  # an account without a name has no home either
        user = Path("/nonexistent")
    if sys.platform == "darwin":
        return user / "Library/Application Support/Statusboard"
    configured = Path(os.environ.get("XDG_DATA_HOME", ""))  # by its specification, a relative path must be ignored
    return (configured if configured.is_absolute() else user / ".local/share") / "statusboard"


@contextmanager
def postgres(directory: Path, lost: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Run PostgreSQL on the data in `directory`, which is created if missing, and yield the database's URL.

    `lost` is called in another thread if the server ends unexpectedly.

    Raises:
        EmbeddedPostgresError: it doesn't start, or another process runs it on the same data.
    """
    with ExitStack() as stack:
        with _plain_words(directory):
            _make(directory)
            stack.enter_context(_lock(directory))
            programs = Programs.find(directory, Account.for_data(directory / "data"))
            data = _data(directory, programs)
            _stop_leftover(data)
            folder = stack.enter_context(_private_folder(programs.account))
            process = stack.enter_context(_server(programs, data, folder, directory / "postgresql.log"))
        threading.Thread(target=_watch, args=(process, lost), daemon=True).start()
        yield _url(folder)


@contextmanager
def throwaway() -> Iterator[str]:
    """Run PostgreSQL on an empty, temporary database that syncs nothing to disk, and yield its URL.

    Raises:
        EmbeddedPostgresError: it doesn't start.
    """
    with ExitStack() as stack:
        with _plain_words(home()):
            _make(home())
            programs = Programs.find(home(), Account.for_data(home() / "data"))
            folder = stack.enter_context(_private_folder(programs.account))
            _create(programs, folder / "data", "--no-sync", "--set=fsync=off")
            stack.enter_context(_server(programs, folder / "data", folder, folder / "postgresql.log"))
        yield _url(folder)


def running(directory: Path) -> str | None:
    """Return the URL of the database that another process runs on the data in `directory`, or None."""
    data = directory / "data"
    pid, folder, status = _state(data)
    return _url(folder) if status == "ready" and _serves(pid, data) else None


def _url(folder: Path) -> str:
    # The port is part of the socket's name. Without it, the variable PGPORT would apply.
    return f"postgresql+asyncpg://{NAME}@/{NAME}?host={quote(str(folder))}&port=5432"


@contextmanager
def _plain_words(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = error.filename or directory  # a full disk has no name
        raise EmbeddedPostgresError(f"The embedded PostgreSQL can't use {place}: {error.strerror}.") from error


def _make(directory: Path) -> None:
    if re.search(r'["$`\\\n]', str(directory)):
        # initdb inserts paths into shell commands.
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL can't use {directory}, because the path contains a quote, dollar or backslash. "
            "Set XDG_DATA_HOME to another folder."
        )
    make_folder(directory)


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    with private(directory / "lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedPostgresError(
                f"Another `statusboard up` is running on the data in {directory}. Stop it first."
            ) from None
        yield


def _data(directory: Path, programs: Programs) -> Path:
    """Return the data folder, which is created completely or not at all."""
    data = directory / "data"
    if not data.exists():
        for abandoned in directory.glob("data.*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        unfinished = Path(tempfile.mkdtemp(prefix="data.", dir=directory))
        programs.account.own(unfinished)
        _create(programs, unfinished)
        unfinished.rename(data)
    if (version := (data / "PG_VERSION").read_text().strip()) != VERSION:
        raise EmbeddedPostgresError(
            f"The data in {data} belongs to PostgreSQL {version}, but this is PostgreSQL {VERSION}. Dump it with "
            f"PostgreSQL {version} and restore it here, or move it away to start with an empty board."
        )
    return data


def _create(programs: Programs, data: Path, *options: str) -> None:
    # The builtin provider sorts and folds the same way on every machine.
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    auth = ("--auth-local=peer", "--auth-host=scram-sha-256")
    programs.run("initdb", "-D", data, "-U", NAME, *locale, *auth, *options)
    programs.run("postgres", "--single", "-D", data, "postgres", text=f"CREATE DATABASE {NAME}")


@contextmanager
def _private_folder(account: Account) -> Iterator[Path]:
    """Create the folder of the socket, with rules that admit only this process's account.

    It is under /tmp, because a socket's path has at most 107 bytes (103 on macOS), and a home folder can be anywhere.
    """
    folder = Path(tempfile.mkdtemp(prefix="statusboard-", dir="/tmp"))
    try:
        rules = {"hba": f"local all {NAME} peer map=us\n", "ident": f'us "{_caller()}" {NAME}\n'}
        for name, rule in rules.items():
            with private(folder / name) as file:
                file.write(rule)
        for path in (folder / "hba", folder / "ident", folder):
            account.own(path)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _caller() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL needs an account that has a name, and user {os.geteuid()} has none."
        ) from None


@contextmanager
def _server(programs: Programs, data: Path, folder: Path, log: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the server for the duration of the context."""
    command = (programs.folder / "postgres", "-D", data, "-k", folder, "-h", "")
    rules = (f"--hba_file={folder}/hba", f"--ident_file={folder}/ident")
    with private(log) as output:
        process = programs.start("/bin/sh", "-c", GUARD, folder, *command, *rules, output=output.fileno())
    try:
        while _state(data)[1:] != (folder, "ready"):  # no time limit: after a crash the server first recovers
            if process.poll() is not None:
                raise EmbeddedPostgresError(explain(log.read_text(errors="replace")))
            time.sleep(0.02)
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGQUIT)
        process.wait()


def _watch(process: subprocess.Popen[str], lost: Callable[[], None]) -> None:
    process.wait()
    if process.stdin and not process.stdin.closed:
        lost()


def _state(data: Path) -> tuple[int, Path, str]:
    """Return what the last server on this data wrote about itself: its process, its socket's folder, its status."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), Path(lines[4]), lines[7].strip()
    except (OSError, IndexError, ValueError):
        return 0, Path(), "stopped"


def _serves(pid: int, data: Path) -> bool:
    """Tell whether this process is a server on this data. After a reboot the number may belong to any program."""
    if sys.platform != "linux":
        return f"{data} " in ask("ps", "-ww", "-o", "command=", "-p", str(pid))
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except OSError:
        return False


def _stop_leftover(data: Path) -> None:
    """Stop the server that a killed process left running on this data, if there is one."""
    pid, _, _ = _state(data)
    deadline = time.monotonic() + STOP_SECONDS
    while pid and _serves(pid, data):
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"A PostgreSQL from an earlier start (process {pid}) doesn't stop.")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    if pid and Path(f"/proc/{pid}").exists():
        # The number now belongs to another program. PostgreSQL doesn't check, and would take that for a server.
        (data / "postmaster.pid").unlink(missing_ok=True)
