"""Secrets that stand in files."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import Settings
from app.refusals import explain
from app.secret_files import LARGEST, SECRETS

VALUES = {
    "DATABASE_URL": "postgresql+asyncpg://u:hunter2@h/b",
    "JWT_SECRET": "a-secret-of-the-test-0123456789abcdef",
    "JWT_SECRET_PREVIOUS": "hunter2-of-last-year",
    "GITHUB_TOKEN": "ghp_hunter2",
    "GITHUB_WEBHOOK_SECRET": "hunter2 with a space",
    "SETUP_PASSWORD": "hunter2 hunter2 hunter2",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting out of the environment but one that must be set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JWT_SECRET", VALUES["JWT_SECRET"])


def refused(env_file: Path | None = None) -> str:
    """Return what is said of settings that are refused."""
    with pytest.raises(ValidationError) as raised:
        Settings(_env_file=env_file)
    text = explain(raised.value)
    assert "hunter2" not in text + str(raised.value)
    assert text.count("\n") == 0
    return text


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_stand_in_a_file(name: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without the line break that editors and `echo` put at its end."""
    (tmp_path / "secret").write_bytes((VALUES[name] + end).encode())
    monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))

    assert getattr(Settings(_env_file=None), name) == VALUES[name]


def test_a_file_may_be_named_in_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The environment precedes it, and then the file isn't looked at."""
    (tmp_path / "token").write_text("ghp_1")
    (tmp_path / ".env").write_text(f"GITHUB_TOKEN_FILE={tmp_path / 'token'}\nJWT_SECRET_FILE=/nowhere\n")

    assert Settings(_env_file=tmp_path / ".env").GITHUB_TOKEN == "ghp_1"

    monkeypatch.setenv("GITHUB_TOKEN", "ghp_2")

    assert Settings(_env_file=tmp_path / ".env").GITHUB_TOKEN == "ghp_2"


def test_a_secret_is_not_set_twice_in_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nobody could say which of the two counts."""
    (tmp_path / ".env").write_text("GITHUB_TOKEN=hunter2\nGITHUB_TOKEN_FILE=/nowhere\n")

    assert refused(tmp_path / ".env") == "GITHUB_TOKEN_FILE is set beside GITHUB_TOKEN: set only one of them"

    monkeypatch.setenv("JWT_SECRET_FILE", "/nowhere")

    assert refused() == "JWT_SECRET_FILE is set beside JWT_SECRET: set only one of them"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read: No such file or directory"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff", "isn't text in UTF-8"),
        (b"x" * (LARGEST + 1), "is too large for a secret"),
    ],
)
def test_a_file_that_can_not_be_used_is_named(content: bytes | None, said: str, tmp_path: Path, monkeypatch):
    """By its variable, and without anything of what it holds."""
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("GITHUB_TOKEN_FILE", str(tmp_path / "secret"))

    assert refused().startswith("GITHUB_TOKEN_FILE names a file that ")
    assert refused().endswith(said)


def test_what_a_file_holds_is_checked_as_any_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A wrong address of a database is refused, whichever way it came."""
    (tmp_path / "url").write_text("mysql://u:hunter2@h/b")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))

    assert refused().startswith("DATABASE_URL must start with")


def test_without_a_secret_and_a_file_the_secret_is_missing(monkeypatch: pytest.MonkeyPatch):
    """As if there were no files."""
    monkeypatch.delenv("JWT_SECRET")

    assert refused().startswith("JWT_SECRET is not set.")
