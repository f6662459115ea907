"""Keys that make posting a status safe to repeat, each for 24 hours.

The key is a unique row in the post's own transaction: a retry that comes while the first is under way waits for it in
the database, and gets its answer.
"""

import hashlib
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import IdempotencyKeyReused, StatusNotFound
from app.models import IdempotencyKey
from app.schemas.statuses import StatusCreate, StatusRead

LIFETIME: Final = timedelta(hours=24)


def _fingerprint(data: StatusCreate) -> bytes:
    return hashlib.sha256(data.model_dump_json().encode()).digest()


async def claim(db: AsyncSession, *, author_id: int, key: str, data: StatusCreate) -> StatusRead | None:
    """Take the key for this post and return None, or return the answer that an earlier post under it got.

    Raises:
        IdempotencyKeyReused: the earlier post said something else.
        StatusNotFound: what the earlier post said has been deleted since.
    """
    fingerprint = _fingerprint(data)
    fresh = {"request_hash": fingerprint, "status_id": None, "answer": None, "created_at": func.clock_timestamp()}
    statement = (
        insert(IdempotencyKey)
        .values(author_id=author_id, key=key, **fresh)
        .on_conflict_do_update(
            index_elements=[IdempotencyKey.author_id, IdempotencyKey.key],
            set_=fresh,
            where=IdempotencyKey.created_at < func.clock_timestamp() - LIFETIME,
        )
        .returning(IdempotencyKey.key)
    )
    if await db.scalar(statement) is not None:
        return None
    row = select(IdempotencyKey.request_hash, IdempotencyKey.answer)
    known_hash, answer = (
        await db.execute(row.where(IdempotencyKey.author_id == author_id, IdempotencyKey.key == key))
    ).one()
    if known_hash != fingerprint:
        raise IdempotencyKeyReused
    if answer is None:
        raise StatusNotFound("This status was posted, and has been deleted since.")
    return StatusRead.model_validate_json(answer)


async def keep(db: AsyncSession, *, author_id: int, key: str, status_id: int, answer: str) -> None:
    """Keep the post's answer (JSON) with its key."""
    kept = update(IdempotencyKey).where(IdempotencyKey.author_id == author_id, IdempotencyKey.key == key)
    await db.execute(kept.values(status_id=status_id, answer=answer))


async def forget_answers(db: AsyncSession, *, status_id: int) -> None:
    """Take the text of a deleted status out of the answers; its keys stay taken."""
    await db.execute(update(IdempotencyKey).where(IdempotencyKey.status_id == status_id).values(answer=None))
