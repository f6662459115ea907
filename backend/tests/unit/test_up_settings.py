"""What `statusboard up` makes for itself where nothing is configured."""

import os
import threading
from importlib import import_module

import pytest

from app import config, embedded

up = import_module("app.cli.up")  # the package's name for it is taken by the command


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty environment, and a data directory that is not there yet."""
    for variable in ("JWT_SECRET", "PUBLIC_URL", "PORT", "LOG_LEVEL"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://ada@db/board")
    monkeypatch.setattr(up, "ENV_FILE", tmp_path / ".env")
    monkeypatch.setattr(embedded, "home", lambda: tmp_path / "home")
    return tmp_path / "home"


def environment(port: int | None = None) -> dict[str, str]:
    with up.environment(port, threading.Event()):
        return dict(os.environ)


def test_up_reads_the_file_that_the_settings_read():
    """The path stands twice, since reading the settings comes later."""
    assert up.ENV_FILE == config.ENV_FILE


def test_the_secret_is_made_once(home):
    """The second start finds the secret of the first, which only its owner can read."""
    first, second = environment()["JWT_SECRET"], environment()["JWT_SECRET"]

    assert first == second
    assert len(first) == 64
    assert (home / "jwt_secret").stat().st_mode & 0o777 == 0o600


def test_what_is_configured_stays(home, monkeypatch):
    """A secret in `.env` is used, not replaced, and none is made."""
    up.ENV_FILE.write_text("JWT_SECRET=from-the-file\nPORT=8100\nDATABASE_URL=postgresql+asyncpg://bob@db/board\n")

    with up.environment(None, threading.Event()):
        found = config.Settings(_env_file=up.ENV_FILE)

    assert found.JWT_SECRET == "from-the-file"
    assert found.PUBLIC_URL == "http://localhost:8100"
    assert found.DATABASE_URL == "postgresql+asyncpg://ada@db/board"
    assert not home.exists()


def test_a_secret_in_a_file_is_configured_too(home, monkeypatch, tmp_path):
    """Neither a secret nor a database is made beside one that a file has."""
    for name, value in {"JWT_SECRET": "from-a-file", "DATABASE_URL": "postgresql://bob@db/board"}.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(name, "")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))

    with up.environment(None, threading.Event()):
        found = config.Settings(_env_file=None)

    assert (found.JWT_SECRET, found.DATABASE_URL) == ("from-a-file", "postgresql+asyncpg://bob@db/board")
    assert not home.exists()


def test_the_port_of_the_command_line_wins(home, monkeypatch):
    """`--port` decides the port, and with it the address in links."""
    monkeypatch.setenv("PORT", "8100")

    found = environment(port=8200)

    assert (found["PORT"], found["PUBLIC_URL"]) == ("8200", "http://localhost:8200")


def test_a_configured_database_is_not_replaced_by_the_running_board(home, monkeypatch):
    """Where DATABASE_URL is set, the other commands look for no board of `up`."""
    monkeypatch.setattr(embedded, "running", pytest.fail)

    up.use_running_board()


def test_other_commands_find_the_running_board(home, monkeypatch):
    """Where nothing is configured, they get the database, secret and address of the board that `up` runs."""
    environment(port=8300)
    up.keep(home, "PUBLIC_URL", "http://localhost:8300")
    for variable in ("DATABASE_URL", "JWT_SECRET", "PUBLIC_URL"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(embedded, "running", lambda _: "postgresql+asyncpg://statusboard@/statusboard?host=/tmp/x")

    up.use_running_board()

    assert os.environ["DATABASE_URL"].endswith("host=/tmp/x")
    assert os.environ["JWT_SECRET"] == (home / "jwt_secret").read_text()
    assert os.environ["PUBLIC_URL"] == "http://localhost:8300"
