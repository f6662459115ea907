"""The settings: their names, types and defaults, where they come from, and what is refused."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import Settings
from tests.subprocesses import run_python

SECRET = "a-secret-of-the-test-0123456789abcdef"

# As backend-scaffold.md has them, and behind them the board's own.
DEFAULTS = {
    "DATABASE_URL": "postgresql+asyncpg://user:pass@localhost:5432/statusboard",
    "JWT_ACCESS_EXPIRE_MINUTES": 30,
    "JWT_REFRESH_EXPIRE_DAYS": 7,
    "CORS_ORIGINS": "http://localhost:3000",
    "WS_INITIAL_HOURS": 1,
    "GITHUB_TOKEN": None,
    "LOG_LEVEL": "INFO",
    "PUBLIC_URL": "http://localhost:8000",
    "ALLOWED_HOSTS": None,
    "FORWARDED_ALLOW_IPS": "127.0.0.1",
    "REGISTRATION": "invite",
    "PORT": 8000,
    "WEB_CONCURRENCY": None,
    "DB_POOL_SIZE": 8,
    "WS_MAX_SOCKETS": 10_000,
    "WS_MAX_SOCKETS_PER_MEMBER": 64,
    "JWT_SECRET_PREVIOUS": None,
    "SETUP_USERNAME": None,
    "SETUP_PASSWORD": None,
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_WEBHOOK_SECRET": None,
    "GITHUB_REPOSITORIES": None,
    "GITHUB_REPOSITORY": None,
    "REVISION": "unknown",
}
TYPES = {
    "DATABASE_URL": str,
    "JWT_SECRET": str,
    "JWT_ACCESS_EXPIRE_MINUTES": int,
    "JWT_REFRESH_EXPIRE_DAYS": int,
    "CORS_ORIGINS": str,
    "WS_INITIAL_HOURS": int,
    "GITHUB_TOKEN": str | None,
    "LOG_LEVEL": str,
}
PRINT = "from app.config import settings; print(settings.model_dump_json())"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting but the one that must be set out of the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JWT_SECRET", SECRET)


def settings(**changes: str) -> Settings:
    """Return the settings of an environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changes.items():
            patch.setenv(name, value)
        return Settings(_env_file=None)


def imported(backend: Path, cwd: Path = Path("/"), **environment: str) -> dict:
    """Return the settings as a process has them that imports `app.config`."""
    process = run_python(PRINT, backend=backend, cwd=cwd, **environment)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def refusal(**changes: str) -> str:
    """Return the text of the error that an environment raises."""
    with pytest.raises(ValidationError) as raised:
        settings(**changes)
    return str(raised.value)


def test_only_the_secret_must_be_set():
    """All else has a default, and nothing has one that is not written down here."""
    assert settings().model_dump() == DEFAULTS | {"JWT_SECRET": SECRET}


@pytest.mark.parametrize("name", TYPES)
def test_each_variable_of_the_scaffold_has_its_type(name):
    """Their checks stand beside the type, not in its place."""
    assert Settings.model_fields[name].annotation == TYPES[name]


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("DATABASE_URL", "postgresql+asyncpg://b:p%40ss@[::1]:6000/b", "postgresql+asyncpg://b:p%40ss@[::1]:6000/b"),
        ("DATABASE_URL", "postgresql+asyncpg:///b?host=/run/pg", "postgresql+asyncpg:///b?host=/run/pg"),
        ("JWT_SECRET", "test-secret", "test-secret"),
        ("JWT_ACCESS_EXPIRE_MINUTES", "1", 1),
        ("JWT_REFRESH_EXPIRE_DAYS", "30", 30),
        ("CORS_ORIGINS", "https://a.example", "https://a.example"),
        ("WS_INITIAL_HOURS", "24", 24),
        ("GITHUB_TOKEN", "ghp_x", "ghp_x"),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_LEVEL", "Critical", "CRITICAL"),
        ("PUBLIC_URL", "https://board.example:8443/", "https://board.example:8443"),
        ("FORWARDED_ALLOW_IPS", "*", "*"),
        ("FORWARDED_ALLOW_IPS", "::1, 172.16.0.0/12", "::1, 172.16.0.0/12"),
        ("ALLOWED_HOSTS", " board.lan , *.example.com,", "board.lan,*.example.com"),
        ("REGISTRATION", "open", "open"),
        ("PORT", "65535", 65535),
        ("WEB_CONCURRENCY", "3", 3),
    ],
)
def test_the_environment_sets_each_variable(name, value, read):
    """A word in any case, a URL with a slash at its end: what is meant is what is read."""
    assert getattr(settings(**{name: value}), name) == read


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("http://localhost:3000", ["http://localhost:3000"]),
        (" https://a.example ,https://b.example:8443", ["https://a.example", "https://b.example:8443"]),
        (",,https://a.example,", ["https://a.example"]),
        ("http://[::1]:3000", ["http://[::1]:3000"]),
        (" , ", []),
    ],
)
def test_origins_are_split_on_commas(value, origins):
    """Spaces around them and empty ones are dropped."""
    assert settings(CORS_ORIGINS=value).cors_origins_list == origins


@pytest.mark.parametrize("name", [*DEFAULTS, "JWT_SECRET"])
def test_an_empty_variable_counts_as_unset(name):
    """As Compose passes those on that are not set; so an empty secret is a missing one."""
    if name == "JWT_SECRET":
        assert "JWT_SECRET" in refusal(JWT_SECRET="")
    else:
        assert getattr(settings(**{name: ""}), name) == DEFAULTS[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:hunter2@localhost/b"),
        ("DATABASE_URL", "postgresql+psycopg://u:hunter2@localhost/b"),
        ("DATABASE_URL", "sqlite+aiosqlite:///hunter2"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "postgresql+asyncpg://u:hunter2@localhost:port/b"),
        ("DATABASE_URL", "postgresql+asyncpg://u:hunter2@localhost:54x32/b"),
        ("LOG_LEVEL", "hunter2"),
        ("LOG_LEVEL", "WARN"),
        ("LOG_LEVEL", "20"),
        ("LOG_LEVEL", "NOTSET"),
        ("JWT_ACCESS_EXPIRE_MINUTES", "0"),
        ("JWT_ACCESS_EXPIRE_MINUTES", "-30"),
        ("JWT_ACCESS_EXPIRE_MINUTES", "hunter2"),
        ("JWT_ACCESS_EXPIRE_MINUTES", "1.5"),
        ("JWT_ACCESS_EXPIRE_MINUTES", "9" * 30),
        ("JWT_REFRESH_EXPIRE_DAYS", "0"),
        ("WS_INITIAL_HOURS", "0"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("WEB_CONCURRENCY", "0"),
        ("DB_POOL_SIZE", "3"),
        ("WS_MAX_SOCKETS", "0"),
        ("WS_MAX_SOCKETS_PER_MEMBER", "0"),
        ("REGISTRATION", "hunter2"),
        ("FORWARDED_ALLOW_IPS", "hunter2"),
        ("FORWARDED_ALLOW_IPS", "127.0.0.1,hunter2.example"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.0/33"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1/24"),
        ("FORWARDED_ALLOW_IPS", "*,10.0.0.1"),
        ("ALLOWED_HOSTS", "https://hunter2.example"),
        ("ALLOWED_HOSTS", "hunter2.example:8000"),
        ("ALLOWED_HOSTS", "Hunter2.example"),
        ("ALLOWED_HOSTS", "board.lan, hunter2.*"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "*hunter2.example"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "https://hunter2.example,*"),
        ("CORS_ORIGINS", "hunter2.example"),
        ("CORS_ORIGINS", "https://hunter2.example/"),
        ("CORS_ORIGINS", "https://hunter2.example/path"),
        ("CORS_ORIGINS", "https://Hunter2.example"),
        ("CORS_ORIGINS", "https://u:hunter2@board.example"),
        ("CORS_ORIGINS", "https://*.hunter2.example"),
        ("CORS_ORIGINS", "ftp://hunter2.example"),
        ("CORS_ORIGINS", "https://hunter2.example:0"),
        ("CORS_ORIGINS", "https://hunter2.example:65536"),
        ("CORS_ORIGINS", "https://hunter2.example:443"),
        ("CORS_ORIGINS", "https://a.example,http://127.1"),
        ("CORS_ORIGINS", "https://hunter2.example https://b.example"),
        ("PUBLIC_URL", "hunter2.example"),
        ("PUBLIC_URL", "https://hunter2.example/board"),
        ("PUBLIC_URL", "https://hunter2.example//"),
        ("PUBLIC_URL", "javascript:hunter2"),
        ("PUBLIC_URL", "http://hunter2.example:80/"),
        ("PUBLIC_URL", "http://[0:0:0:0:0:0:0:1]:8000"),
        ("GITHUB_API_URL", "https://hunter2.example:443/api/v3"),
        ("GITHUB_API_URL", "https://Hunter2.example/api/v3"),
        ("GITHUB_API_URL", "https://hunter2.example//api"),
        ("GITHUB_API_URL", "https://hunter2.example/api\n/v3"),
    ],
)
def test_a_bad_value_is_named_and_not_shown(name, value):
    """The error says which variable; neither its value nor the secret is repeated."""
    text = refusal(**{name: value})

    assert name in text
    assert "hunter2" not in text.lower()
    assert SECRET not in text
    assert "input_value" not in text


def test_every_bad_value_is_named_at_once():
    """Nobody mends one after another."""
    text = refusal(JWT_SECRET="", LOG_LEVEL="LOUD", PORT="x")

    assert all(name in text for name in ("JWT_SECRET", "LOG_LEVEL", "PORT"))


def test_secrets_are_not_in_the_settings_repr():
    """What is printed in a traceback or by a debugger shows none of them."""
    shown = repr(settings(DATABASE_URL="postgresql+asyncpg://u:hunter2@h/b", GITHUB_TOKEN="ghp_hunter2"))

    assert SECRET not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("change-me", "is still the example value"),
        ("x" * 64, "is one character repeated"),
        ("test-secret", None),
        (SECRET, None),
    ],
)
def test_a_server_refuses_a_secret_that_anyone_knows(secret, problem):
    """The settings themselves accept it, for tests and tools."""
    reason = settings(JWT_SECRET=secret).why_secret_is_refused()

    if problem is None:
        assert reason is None
    else:
        assert reason is not None
        assert problem in reason
        assert "openssl rand -hex 32" in reason


@pytest.mark.parametrize(("secret", "short"), [("x" * 31, True), ("ä" * 16, False), ("x" * 32, False)])
def test_a_secret_is_short_under_32_bytes(secret, short):
    """Bytes, not characters."""
    assert settings(JWT_SECRET=secret).secret_is_short is short


def test_without_a_secret_importing_fails(backend_copy: Path):
    """A pydantic ValidationError that names the variable, whether it is missing or empty."""
    for environment in ({}, {"JWT_SECRET": ""}):
        process = run_python("import app.config", backend=backend_copy, **environment)
        assert process.returncode == 1
        assert "ValidationError: 1 validation error for Settings\nJWT_SECRET\n  Field required" in process.stderr


def test_a_bad_value_in_the_file_is_not_shown(backend_copy: Path):
    """The traceback of a failed import ends in somebody's log."""
    (backend_copy / ".env").write_text(f"JWT_SECRET={SECRET}\nDATABASE_URL=mysql://u:hunter2@h/b\n")

    process = run_python("import app.config", backend=backend_copy)

    assert "DATABASE_URL" in process.stderr
    assert "hunter2" not in process.stderr
    assert SECRET not in process.stderr


def test_the_file_in_backend_is_read_whatever_the_working_directory(backend_copy: Path, tmp_path: Path):
    """And the `.env` of the directory where someone happens to be is not."""
    (backend_copy / ".env").write_text('JWT_SECRET="from the file"\nPORT=8100\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("JWT_SECRET=wrong\nPORT=1\n")

    found = [imported(backend_copy, cwd) for cwd in (elsewhere, backend_copy, Path("/"))]

    assert [(settings["JWT_SECRET"], settings["PORT"]) for settings in found] == [("from the file", 8100)] * 3


def test_the_environment_wins_over_the_file(backend_copy: Path):
    """Variable by variable; one that is empty counts as unset, so the file has it; unknown keys are ignored."""
    (backend_copy / ".env").write_text(
        "# A comment, as in .env.example\nJWT_SECRET=from-the-file\nexport LOG_LEVEL=debug\nPORT=8100\n"
        "WS_INITIAL_HOURS=\nPUBLISH=127.0.0.1:8000\nPOSTGRES_PASSWORD=hunter2\n"
    )

    found = imported(backend_copy, JWT_SECRET="from-the-environment", PORT="", WEB_CONCURRENCY="2", UNKNOWN="x")

    assert found["JWT_SECRET"] == "from-the-environment"
    assert (found["LOG_LEVEL"], found["PORT"], found["WS_INITIAL_HOURS"]) == ("DEBUG", 8100, 1)
    assert found["WEB_CONCURRENCY"] == 2
    assert found.keys() == Settings.model_fields.keys()


def test_without_a_file_the_environment_is_enough(backend_copy: Path):
    """As in the image."""
    assert imported(backend_copy, JWT_SECRET=SECRET)["JWT_SECRET"] == SECRET


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://github.example.com/api/v3/", "https://github.example.com"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com"),
        ("http://127.0.0.1:9999", "http://127.0.0.1:9999"),
    ],
)
def test_where_github_is(url, web):
    """People find it at another address than programs."""
    assert settings(GITHUB_API_URL=url).github_url == web


@pytest.mark.parametrize(
    "url",
    ["http://github.example.com/api/v3", "github.com", "https://", "https://u:p@github.com", "https://x/?y", "ftp://x"],
)
def test_what_is_no_github(url):
    """Over plain HTTP the token could be read on its way."""
    with pytest.raises(ValidationError, match="GITHUB_API_URL"):
        settings(GITHUB_API_URL=url)


def test_the_token_of_github_is_one_word():
    """A line break at its end, as files have it, is taken off."""
    assert settings(GITHUB_TOKEN=" ghp_abc\n").GITHUB_TOKEN == "ghp_abc"
    with pytest.raises(ValidationError, match="GITHUB_TOKEN") as refused:
        settings(GITHUB_TOKEN="ghp_abc def")
    assert "def" not in str(refused.value)


@pytest.mark.parametrize(
    ("globs", "shown"),
    [
        ("octo/api", {"octo/api"}),
        ("OCTO/*", {"octo/api", "Octo/web"}),
        (" octo/w?b , acme/* ", {"Octo/web", "acme/api"}),
        ("*/*", {"octo/api", "Octo/web", "acme/api"}),
        ("*/api", {"octo/api", "acme/api"}),
        ("", set()),
    ],
)
def test_private_repositories_that_are_shown(globs, shown):
    """Globs over owner and name, without regard to case; none by default."""
    made = settings(GITHUB_REPOSITORIES=globs)

    assert {name for name in ("octo/api", "Octo/web", "acme/api") if made.shows_private(name)} == shown


@pytest.mark.parametrize("globs", ["octo", "*", "octo/api web", "octo/[ab]", "https://github.com/octo/api"])
def test_what_is_no_list_of_repositories(globs):
    """A name without its owner would show more, or less, than was meant."""
    with pytest.raises(ValidationError, match="GITHUB_REPOSITORIES"):
        settings(GITHUB_REPOSITORIES=globs)


@pytest.mark.parametrize("name", ["octo", "octo/*", "octo/api#1", "-x/y"])
def test_what_is_no_repository(name):
    """One is meant, by its whole name."""
    with pytest.raises(ValidationError, match="GITHUB_REPOSITORY"):
        settings(GITHUB_REPOSITORY=name)


@pytest.mark.parametrize("value", ["2.0", "1_0", "+1", "1e1", "٢", "0x2", "-1"])
@pytest.mark.parametrize(
    "name", ["WEB_CONCURRENCY", *(name for name, value in DEFAULTS.items() if isinstance(value, int))]
)
def test_a_number_is_written_in_plain_digits(name, value):
    """As gunicorn, Compose and the health check read the same variables."""
    with pytest.raises(ValidationError, match=name):
        settings(**{name: value})
