"""Migrates a database to the newest revision, with Alembic."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app import advisory_locks
from app.migrations import known


def config() -> Config:
    """Return Alembic's configuration. There is no alembic.ini."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return alembic


async def upgrade(url: str) -> None:
    """Migrate the database at `url` to the newest revision, or do nothing if it is newer than this code."""

    def run(connection: Connection) -> None:
        # If two processes migrate at once, the second one waits here.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": advisory_locks.MIGRATE})
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known():
            return
        alembic = config()
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")

    engine = create_async_engine(url, connect_args={"timeout": 5, "server_settings": {"timezone": "UTC"}})
    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


def upgrade_sync(url: str) -> None:
    """Do the same as `upgrade`, outside an event loop."""
    asyncio.run(upgrade(url))
