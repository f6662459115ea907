"""Whether this process can do its work, and otherwise what it waits for."""

import functools
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import migrations
from app.errors import DatabaseUnavailable
from app.services.transactions import autocommit

type Missing = Literal["database", "migrations", "listener"]


@functools.cache
def _outdated_revisions() -> frozenset[str]:
    return migrations.known() - {migrations.head()}


@autocommit
async def _has_versions(db: AsyncSession) -> bool:
    return await db.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")) is True


@autocommit
async def _revision(db: AsyncSession) -> str | None:
    revision: str | None = await db.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


async def is_migrated(db: AsyncSession) -> bool:
    """Tell whether the database has everything that this code needs. A database newer than the code does.

    Raises:
        DatabaseUnavailable: it can't be reached.
    """
    if not await _has_versions(db):
        return False
    revision = await _revision(db)
    return revision is not None and revision not in _outdated_revisions()


async def missing(db: AsyncSession, *, listening: bool) -> list[Missing]:
    """Return what the process waits for. If that is nothing, it is ready."""
    found: list[Missing] = []
    try:
        if not await is_migrated(db):
            found.append("migrations")
    except DatabaseUnavailable:
        found.append("database")
    if not listening:
        found.append("listener")
    return found
