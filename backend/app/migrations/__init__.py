"""The database's schema as a chain of steps (Alembic), inside the package so that the image can migrate."""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

# Of two processes that migrate at once, the second waits here. Any number will do, so long as it stays the same.
MIGRATION_LOCK: Final = 7_305_820_114_962_001


def config() -> Config:
    """Return Alembic's configuration; there is no alembic.ini."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return alembic


def head() -> str:
    """Return the newest revision that this code knows."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    assert revision is not None
    return revision


def known() -> frozenset[str]:
    """Return every revision that this code knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())


async def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest revision, or leave it where it is if it is newer than this code."""

    def run(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
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
    """Do what `upgrade` does, where no event loop runs."""
    asyncio.run(upgrade(url))
