"""Keys that make posting a status safe to repeat, for 24 hours each.

The key is a unique row in the post's own transaction (`posting.py`). A retry that arrives while the first request is
running waits for it in the database, and gets its answer.
"""

import hashlib
from datetime import timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import IdempotencyKey
from app.schemas.statuses import StatusCreate

LIFETIME: Final = timedelta(hours=24)


def fingerprint(data: StatusCreate) -> bytes:
    """Return a hash of what a post says, however its JSON was written. It tells posts with the same key apart."""
    return hashlib.sha256(data.model_dump_json().encode()).digest()


async def forget_answers(db: AsyncSession, *, status_id: int) -> None:
    """Remove the text of a deleted status from the stored answers. Its keys stay in use."""
    await db.execute(update(IdempotencyKey).where(IdempotencyKey.status_id == status_id).values(answer=None))
