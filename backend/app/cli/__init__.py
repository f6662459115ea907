"""The `statusboard` command.

Its help and `up` need no environment. So modules that read the settings are imported only by the commands that need
them.
"""

import asyncio
import logging.config
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from app import __version__
from app.cli.numbers import A_YEAR, Number, WholeNumber
from app.errors import BoardError


def _configure() -> None:
    """Read the settings, or exit with a sentence for each that is missing or wrong."""
    from app.cli.up import use_running_board  # noqa: PLC0415
    from app.refusals import explain  # noqa: PLC0415

    use_running_board()
    try:
        from app.config import settings  # noqa: PLC0415
    except ValidationError as error:
        raise click.ClickException(explain(error)) from None
    if (problem := settings.why_secret_is_refused()) is not None:
        raise click.ClickException(problem)


def _run[R](work: Coroutine[Any, Any, R]) -> R:
    try:
        return asyncio.run(work)
    except BoardError as error:
        raise click.ClickException(error.text) from error


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="statusboard")
def main() -> None:
    """Statusboard: people, their coding agents and their CI post one line about what they are doing.

    The commands read the same environment variables as the server. docs/settings.md lists them.
    """


@main.command()
@click.option("--port", type=WholeNumber(1, 65535), help="The port to serve on.  [default: $PORT, or 8000]")
def up(port: int | None) -> None:
    """Run the whole board here, with its own PostgreSQL.

    For a first look, or a small team without Docker. It creates a database and a JWT_SECRET unless they are
    configured, and uses them again at the next start. Ctrl+C stops it.
    """
    from app.cli.up import up as run  # noqa: PLC0415

    run(port)


@main.command()
def migrate() -> None:
    """Migrate the database to this version's schema. On a new board, also log the set-up link."""
    _configure()
    from app.cli import database  # noqa: PLC0415
    from app.config import settings  # noqa: PLC0415
    from app.logs import dict_config  # noqa: PLC0415

    logging.config.dictConfig(dict_config(settings.LOG_LEVEL))
    _run(database.migrate())


@main.command()
def worker() -> None:
    """Do the background work until a signal ends it: delete old data, ask GitHub for titles and states.

    Every board needs a worker, and several can run at once. Docker Compose starts one, and `statusboard up` includes
    one. `statusboard doctor` shows how its jobs are doing.
    """
    _configure()
    from app.config import settings  # noqa: PLC0415
    from app.logs import dict_config  # noqa: PLC0415
    from app.worker.process import run_until_stopped  # noqa: PLC0415

    logging.config.dictConfig(dict_config(settings.LOG_LEVEL))
    _run(run_until_stopped())


@main.command("setup-link")
def setup_link() -> None:
    """Print the link for creating the first account."""
    _configure()
    from app.cli import database  # noqa: PLC0415

    click.echo(_run(database.setup_link()))


@main.command("create-invite")
@click.option("--uses", type=WholeNumber(1, 1000), default=1, show_default=True, help="How many people can use it.")
@click.option(
    "--days", type=WholeNumber(1, 365), default=7, show_default=True, help="For how many days it can be used."
)
def create_invite(uses: int, days: int) -> None:
    """Print an invite link for creating accounts."""
    _configure()
    from app.cli import database  # noqa: PLC0415

    click.echo(_run(database.create_invite(uses=uses, days=days)))


@main.command("reset-password")
@click.argument("name")
def reset_password(name: str) -> None:
    """Print a link for NAME to set a new password.

    NAME is a username. The link works once, within an hour.
    """
    _configure()
    from app.cli import database  # noqa: PLC0415

    click.echo(_run(database.reset_password(name)))


@main.command()
@click.option("--once", is_flag=True, help="Fill the board, then exit.")
@click.option("--every", type=Number(0.1, 3600), default=20, show_default=True, help="Seconds between two posts.")
@click.option("--remove", is_flag=True, help="Remove the demo's people and everything they posted.")
@click.option("--people", type=WholeNumber(12, 300), default=12, hidden=True)
@click.option("--statuses", type=WholeNumber(1, 2000), hidden=True)
def demo(*, once: bool, every: float, remove: bool, people: int, statuses: int | None) -> None:
    """Fill an empty board with made-up people who keep posting.

    There are twelve of them, and Ctrl+C stops them. Their names end in "(demo)". A board on which somebody has already
    posted isn't changed.
    """
    _configure()
    from app.cli.demo import remove as remove_demo  # noqa: PLC0415
    from app.cli.demo import run  # noqa: PLC0415

    if remove:
        _run(remove_demo())
    else:
        _run(run(every=None if once else every, people=people, statuses=statuses))


@main.command()
@click.argument("reference")
@click.option(
    "--board",
    "url",
    envvar=["STATUSBOARD_URL", "PUBLIC_URL"],
    default="http://localhost:8000",
    show_default=True,
    show_envvar=True,
    help="The board's address.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False),
    help="A file that contains an API token with the scope `read`.",
)
@click.option("--login", "username", help="Log in with this username instead of a token. Asks for the password.")
@click.option("--timeout", type=Number(0, A_YEAR), help="Stop waiting after this many seconds.")
def wait(reference: str, url: str, token_file: str | None, username: str | None, timeout: float | None) -> None:
    """Wait until a reference is merged or closed.

    REFERENCE is octo/api#12, or its address. Somebody must already have mentioned it on the board. The API token is
    read from $STATUSBOARD_TOKEN, or from a file.

    \b
    Exit codes:
      0    merged; or closed, if it is an issue or a discussion
      3    closed without a merge, or as not planned
      4    never mentioned, not visible to the board, or deleted
      5    the board refused the token or the login
      124  --timeout has passed
    """  # noqa: D301 -- the character \b is how click is told to keep the lines
    from app.cli.wait import Login, parse  # noqa: PLC0415
    from app.cli.wait import wait as wait_for  # noqa: PLC0415

    place = parse(reference)
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url} isn't the address of a board, such as http://localhost:8000.")
    credential: str | Login
    if username is not None:
        credential = Login(username, click.prompt("Password", hide_input=True, err=True))
    else:
        credential = _api_token(token_file)
    code, why = asyncio.run(wait_for(place, url=url.rstrip("/"), credential=credential, timeout=timeout))
    click.echo(why, err=code != 0)
    raise SystemExit(code)


def _api_token(token_file: str | None) -> str:
    if token_file is None:
        token = os.environ.get("STATUSBOARD_TOKEN", "")
    else:
        token = Path(token_file).read_text(encoding="utf-8")
    if not (token := token.strip()).isascii() or not token:
        raise click.UsageError(
            "Set STATUSBOARD_TOKEN to an API token with the scope `read`, or use --token-file or --login."
        )
    return token


@main.command()
def doctor() -> None:
    """Check settings, database and worker, and say how to fix problems.

    Exits with 1 if there is a problem.
    """
    _configure()
    from app.cli.doctor import examine  # noqa: PLC0415

    if not _run(examine()):
        raise SystemExit(1)
