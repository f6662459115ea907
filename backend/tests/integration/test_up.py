"""`statusboard up` for real: from nothing to a board, and back."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.config import Settings
from app.embedded import programs

pytestmark = pytest.mark.skipif(programs.PACKAGE is None, reason="the image, where PostgreSQL is not installed")

try:
    socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    HAS_IPV6 = True
except OSError:
    HAS_IPV6 = False

# The command as it is, but for the two places that a test must leave alone.
COMMAND = """
import importlib, pathlib, sys
from app import embedded
from app.cli import main
home = pathlib.Path(sys.argv.pop(1))
embedded.home = lambda: home
importlib.import_module("app.cli.up").ENV_FILE = pathlib.Path("/nonexistent")
main()
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data directory that another account can reach, for root's sake."""
    with tempfile.TemporaryDirectory(prefix="statusboard up ", dir="/tmp") as place:
        Path(place).chmod(0o755)
        yield Path(place) / "home"


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def statusboard(home) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command with no setting in the environment."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 -- ours
            [sys.executable, "-c", COMMAND, str(home), *arguments],
            env={name: value for name, value in os.environ.items() if name not in Settings.model_fields},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def read_until(process: subprocess.Popen[str], phrase: str) -> str:
    """Return what the command has printed, up to the line with this phrase."""
    printed = ""
    for line in process.stdout:
        printed += line
        if phrase in line:
            return printed
    raise AssertionError(f"it ended without saying {phrase!r}:\n{printed}")


def end(process: subprocess.Popen[str], number: signal.Signals) -> int:
    process.send_signal(number)
    process.communicate(timeout=20)
    return process.returncode


def register(address: str, code: str) -> httpx.Response:
    ada = {"username": "ada", "display_name": "Ada", "password": "correct horse battery", "invite": code}
    return httpx.post(f"{address}/api/v1/auth/register", json=ada)


def log_in(address: str) -> httpx.Response:
    credentials = {"username": "ada", "password": "correct horse battery"}
    claims = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    return httpx.post(f"{address}/api/v1/auth/login", json=credentials, headers=claims)


def test_from_nothing_to_a_board_and_back(home, statusboard, free_port):
    """The first start prints the set-up link; after it was used, the next start knows the account and prints none."""
    address = f"http://localhost:{free_port}"
    first = statusboard("up", "--port", str(free_port))
    code = re.search(rf"{address}/#setup=(\S+)", read_until(first, "#setup="))[1]
    link = statusboard("setup-link").communicate()[0]
    created = register(address, code)
    code_of_first = end(first, signal.SIGINT)

    second = statusboard("up", "--port", str(free_port))
    printed = read_until(second, "The board is at")
    login = log_in(address)
    by_ipv6 = [httpx.get(f"http://[::1]:{free_port}/api/v1/health").status_code] if HAS_IPV6 else [200]
    rival = statusboard("up").communicate()[0]
    code_of_second = end(second, signal.SIGTERM)

    assert created.status_code == 201
    assert link.strip() == f"{address}/#setup={code}"
    assert login.json()["access_token"]
    # Of what any account here can say of a client, nothing counts.
    assert not any(name.startswith("__Host-") for name in login.cookies)
    assert by_ipv6 == [200]
    assert "#setup=" not in printed
    assert "Another `statusboard up` is running" in rival
    assert (code_of_first, code_of_second) == (0, 0)
    assert not (home / "data/postmaster.pid").exists()


def test_a_port_in_use_is_named(home, statusboard):
    """The sentence says which port, and how to take another; PostgreSQL ends with the command."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = statusboard("up", "--port", str(port))
        printed = process.communicate(timeout=20)[0]

    assert f"Can't use port {port}: Address already in use" in printed
    assert "--port 8001" in printed
    assert process.returncode == 1
    assert not (home / "data/postmaster.pid").exists()


def test_a_killed_postgresql_ends_the_board(home, statusboard, free_port):
    """The board does not go on without its database: it says so, and the next start recovers."""
    board = statusboard("up", "--port", str(free_port))
    read_until(board, "The board is at")
    os.kill(int((home / "data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    printed = board.communicate(timeout=20)[0]

    assert "PostgreSQL has stopped unexpectedly" in printed
    assert board.returncode == 1
