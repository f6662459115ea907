"""The board in this very process, which talks to the person who started it instead of writing a log."""

import asyncio
import errno
import logging.config
import socket
from contextlib import AsyncExitStack, ExitStack, suppress

import click
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from app.cli import first_admin
from app.config import settings
from app.database import AsyncSessionLocal, async_engine
from app.errors import BoardError, DatabaseUnavailable
from app.logs import dict_config
from app.migrations.upgrade import upgrade_sync
from app.server.listeners import bound_sending, times_over
from app.server.uvicorn_settings import UVICORN_SETTINGS
from app.services.identity import setup
from app.worker.process import running_jobs


class Server(uvicorn.Server):
    """uvicorn's server, which says where the board is once it answers, and runs a worker too."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._worker = AsyncExitStack()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer."""
        await super().startup(sockets)
        click.echo(f"The board is at http://localhost:{settings.PORT} (Ctrl+C stops it)")
        async with AsyncSessionLocal() as db:
            with suppress(DatabaseUnavailable):  # then a missing link is the lesser problem
                if link := await setup.link(db):
                    click.echo(f"It has no account yet. Create the first one at {link}")
        await self._worker.enter_async_context(running_jobs(stop_within=0))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop answering. What the worker has begun is begun again at the next start."""
        await self._worker.aclose()
        await super().shutdown(sockets)


def serve() -> None:
    """Migrate the database, and serve the board until a signal ends it.

    Raises:
        click.ClickException: the secret is refused, the port is taken, or the database doesn't answer.
    """
    if problem := settings.why_secret_is_refused():
        raise click.ClickException(problem)
    logging.config.dictConfig(_readable_logs())
    with ExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in _listen(settings.PORT)]
        _migrate()
        server = Server(uvicorn.Config("app.main:app", **UVICORN_SETTINGS | {"forwarded_allow_ips": _proxies()}))
        server.run(sockets=[again for listener in listeners for again in times_over(listener)])


def _proxies() -> str:
    """Return the trusted proxies: none, unless they are set. Any account on this machine connects from 127.0.0.1."""
    return settings.FORWARDED_ALLOW_IPS if "FORWARDED_ALLOW_IPS" in settings.model_fields_set else ""


def _readable_logs() -> dict[str, object]:
    config = dict_config(settings.LOG_LEVEL)
    config["formatters"]["json"] = {"format": "%(levelname)s %(message)s"}
    return config


def _listen(port: int) -> list[socket.socket]:
    """Listen only on this machine: by IPv4 and, if it has it, by IPv6, because `localhost` may mean either."""
    listeners = []
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            listeners.append(_listener(family, host, port))
        except OSError as error:
            if family is socket.AF_INET6 and error.errno != errno.EADDRINUSE:
                continue
            for listener in listeners:
                listener.close()
            raise click.ClickException(
                f"Can't use port {port}: {error.strerror}. For another one: `statusboard up --port 8001`."
            ) from error
    return listeners


def _listener(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        bound_sending(listener)
    except OSError:
        listener.close()
        raise
    return listener


async def _create_first_admin() -> None:
    try:
        await first_admin.create()
    finally:
        await async_engine.dispose()  # the server has an event loop of its own


def _migrate() -> None:
    try:
        upgrade_sync(settings.DATABASE_URL)
        asyncio.run(_create_first_admin())
    except BoardError as error:
        raise click.ClickException(error.text) from error
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", error)
        raise click.ClickException(f"The database can't be reached or migrated: {reason}") from error
