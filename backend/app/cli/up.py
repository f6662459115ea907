"""`statusboard up`: the whole board in one process, with its own PostgreSQL, for a machine without Docker."""

import os
import secrets
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final, NoReturn

import click
from dotenv import dotenv_values
from pydantic import ValidationError

from app import embedded
from app.refusals import explain
from app.secret_files import SUFFIX

# `app.config` defines this too, but importing it reads the settings, which are complete only after `up` has prepared
# them.
ENV_FILE: Final = Path(__file__).resolve().parents[2] / ".env"


def up(port: int | None = None) -> None:
    """Run the board on this machine until a signal ends it. Missing settings are created, and reused at the next start.

    Raises:
        click.ClickException: the board doesn't start, or its PostgreSQL stopped. The text is a sentence for people.
    """
    _end_in_order()
    lost = threading.Event()
    try:
        with environment(port, lost):
            from app.cli import foreground  # noqa: PLC0415 -- it reads the settings, which are complete only now

            foreground.serve()
    except embedded.EmbeddedPostgresError as error:
        raise click.ClickException(str(error)) from error
    except ValidationError as error:
        raise click.ClickException(explain(error)) from None
    except SystemExit:
        if not lost.is_set():
            raise
        raise click.ClickException(
            f"PostgreSQL has stopped unexpectedly; {embedded.home() / 'postgresql.log'} may say why. "
            "Nothing that was posted is lost: start the board again."
        ) from None


def use_running_board() -> None:
    """Let another command use the board that `up` runs on this machine, unless the settings name another one."""
    home, configured = embedded.home(), _configured()
    if _is_set("DATABASE_URL", configured) or (url := embedded.running(home)) is None:
        return
    os.environ["DATABASE_URL"] = url
    for variable in ("JWT_SECRET", "PUBLIC_URL"):
        if not _is_set(variable, configured) and (kept := _kept(home, variable)):
            os.environ[variable] = kept


def _end_in_order() -> None:
    """Let signals unwind the stack instead of killing the process. Closing the terminal counts as SIGTERM."""

    def end(_number: int, _frame: object) -> NoReturn:
        raise SystemExit(0)

    def hang_up(_number: int, _frame: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup sets it
        signal.signal(signal.SIGHUP, hang_up)


def _configured() -> dict[str, str]:
    """Return the settings from the environment and, behind it, `backend/.env`. An empty variable counts as unset."""
    found = {name: value for name, value in dotenv_values(ENV_FILE).items() if value}
    return found | {name: value for name, value in os.environ.items() if value}


def _is_set(name: str, configured: Mapping[str, str]) -> bool:
    """Tell whether a setting has a value, or a file with it."""
    return name in configured or f"{name}{SUFFIX}" in configured


@contextmanager
def environment(port: int | None, lost: threading.Event) -> Iterator[None]:
    """Complete the environment that `app.config` reads, with a database that lives as long as the context."""
    configured = _configured()
    if port is not None:
        os.environ["PORT"] = configured["PORT"] = str(port)
    if "PUBLIC_URL" not in configured and configured.get("PORT", "").isdecimal():
        os.environ["PUBLIC_URL"] = configured["PUBLIC_URL"] = f"http://localhost:{configured['PORT']}"
    os.environ["LOG_LEVEL"] = configured.get("LOG_LEVEL", "WARNING")
    with nullcontext() if _is_set("DATABASE_URL", configured) else _own_database(lost, configured):
        if not _is_set("JWT_SECRET", configured):
            os.environ["JWT_SECRET"] = _secret(embedded.home())
        yield


@contextmanager
def _own_database(lost: threading.Event, configured: Mapping[str, str]) -> Iterator[None]:
    with _database(embedded.home(), lost) as url:
        os.environ["DATABASE_URL"] = url
        keep(embedded.home(), "PUBLIC_URL", configured.get("PUBLIC_URL", ""))
        yield


@contextmanager
def _database(home: Path, lost: threading.Event) -> Iterator[str]:
    def lose() -> None:
        lost.set()
        os.kill(os.getpid(), signal.SIGTERM)

    click.echo(f"Starting PostgreSQL, with its data in {home}")
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]  # otherwise the driver would use PGSSLMODE and similar variables
    with embedded.postgres(home, lose) as url:
        yield url


def _secret(home: Path) -> str:
    """Return the secret that was generated at the first start."""
    return _kept(home, "JWT_SECRET") or keep(home, "JWT_SECRET", secrets.token_urlsafe(48))


def _kept(home: Path, variable: str) -> str | None:
    try:
        return (home / variable.lower()).read_text()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise click.ClickException(f"Can't read {error.filename}: {error.strerror}.") from error


def keep(home: Path, variable: str, value: str) -> str:
    """Write a value into a file beside the data that only its owner can read."""
    try:
        embedded.make_folder(home)
        with embedded.private(home / variable.lower()) as file:
            file.write(value)
    except OSError as error:
        raise click.ClickException(f"Can't store {variable} in {home}: {error.strerror}.") from error
    return value
