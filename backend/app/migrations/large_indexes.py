"""Indexes on tables that grow. PostgreSQL builds them while people post, which no transaction can do.

Nothing depends on them but the speed of what they are for.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app import advisory_locks

LARGE_INDEXES: Final = {
    "ix_statuses_terms": "ON statuses USING gin (terms) WHERE terms IS NOT NULL",
    "ix_statuses_without_terms": "ON statuses (id) WHERE terms IS NULL",
}

# Waiting for the lock would hold up the other process: building waits for all transactions that began before.
_LOCK: Final = text("SELECT pg_try_advisory_lock(:lock)")
_UNLOCK: Final = text("SELECT pg_advisory_unlock(:lock)")
_IS_VALID: Final = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


async def build(connection: AsyncConnection) -> None:
    """Build those that are missing, or were left unfinished, unless another process does. It may take minutes.

    Args:
        connection: one that commits each statement by itself.
    """
    lock = {"lock": advisory_locks.BUILD_INDEXES}
    if not await connection.scalar(_LOCK, lock):
        return
    for name, definition in LARGE_INDEXES.items():
        is_valid = await connection.scalar(_IS_VALID, {"name": name})
        if is_valid is False:
            await connection.execute(text(f"DROP INDEX CONCURRENTLY {name}"))
        if not is_valid:
            await connection.execute(text(f"CREATE INDEX CONCURRENTLY {name} {definition}"))
    await connection.execute(_UNLOCK, lock)
