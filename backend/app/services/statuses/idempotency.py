"""Keys that make posting a status safe to repeat, each for 24 hours.

The key is a unique row in the post's own transaction (`posting.py`): a retry that comes while the first is under way
waits for it in the database, and gets its answer.
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
    """Return what tells one post from another under the same key: what it says, not how its JSON was written."""
    return hashlib.sha256(data.model_dump_json().encode()).digest()


async def forget_answers(db: AsyncSession, *, status_id: int) -> None:
    """Take the text of a deleted status out of the answers; its keys stay taken."""
    await db.execute(update(IdempotencyKey).where(IdempotencyKey.status_id == status_id).values(answer=None))
