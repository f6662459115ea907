"""Migrates a database to the newest revision, with Alembic."""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from app import advisory_locks
from app.config import settings
from app.errors import DatabaseUnavailable
from app.migrations import known, large_indexes

OLDEST_SERVER: Final = (17,)  # transaction_timeout, which the board relies on, is new in it

# A setting that each connection asks for. If it has no effect, neither have the time limits that keep writers from
# blocking each other (database.py). PgBouncer drops them, or refuses the connection. In its transaction mode it also
# loses notifications.
PROBE: Final = "idle_in_transaction_session_timeout"
PROBED: Final = "5min"
REFUSED_PROBE: Final = f"unsupported startup parameter: {PROBE}"
POOLER: Final = (
    "DATABASE_URL leads to a connection pooler such as PgBouncer, which drops the board's time limits and "
    "notifications. Use the address of PostgreSQL itself; providers call it the direct connection."
)


class UnusableServer(DatabaseUnavailable):
    """The board can't work on this server."""


def config() -> Config:
    """Return Alembic's configuration. There is no alembic.ini."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return alembic


def _check_server(connection: Connection) -> None:
    """Refuse a server on which the board can't work, before anything is migrated.

    Raises:
        UnusableServer: it is too old, or a pooler is in front of it.
    """
    found = connection.dialect.server_version_info or ()
    if found < OLDEST_SERVER:
        raise UnusableServer(
            f"The database is PostgreSQL {'.'.join(map(str, found))}. The board needs {OLDEST_SERVER[0]} or newer."
        )
    if connection.scalar(text(f"SHOW {PROBE}")) != PROBED:
        raise UnusableServer(POOLER)


async def upgrade(url: str) -> None:
    """Migrate the database at `url` to the newest revision, or do nothing if it is newer than this code.

    Raises:
        UnusableServer: the board can't work on this server.
    """

    def run(connection: Connection) -> bool:
        _check_server(connection)
        # If two processes migrate at once, the second one waits here.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": advisory_locks.MIGRATE})
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known():
            return False
        alembic = config()
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")
        return True

    given = {"timezone": "UTC", PROBE: PROBED}
    arguments = {**settings.database_arguments, "timeout": 5, "server_settings": given}
    engine = create_async_engine(url, connect_args=arguments)
    try:
        async with engine.begin() as connection:
            is_newest = await connection.run_sync(run)
        if is_newest:
            async with engine.connect() as plain:
                await large_indexes.build(await plain.execution_options(isolation_level="AUTOCOMMIT"))
    except DBAPIError as error:
        if REFUSED_PROBE in str(error.orig):
            raise UnusableServer(POOLER) from error
        raise
    finally:
        await engine.dispose()


def upgrade_sync(url: str) -> None:
    """Do the same as `upgrade`, outside an event loop."""
    asyncio.run(upgrade(url))
