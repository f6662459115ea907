"""Blockers: what a blocked status waits for, and when it has come."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.reference import OVER
from app.models.status import Category
from app.schemas.statuses import ReferenceRead, StatusRead

CLEARED: Final = "blocker.cleared"

LOCK: Final = 7_305_820_114_962_003

# A blocked status of someone who has not moved on, all of whose references are over. The primary key of
# `cleared_blockers` lets each be noted once; a status that is just being deleted is left alone (FOR KEY SHARE).
CLEAR: Final = text("""
    INSERT INTO cleared_blockers (status_id)
    SELECT s.id FROM statuses s JOIN users u ON u.id = s.author_id
    WHERE s.category = 'blocked' AND NOT u.disabled
      AND s.id = ANY(:candidates)
      AND EXISTS (SELECT FROM status_references l WHERE l.status_id = s.id)
      AND NOT EXISTS (
        SELECT FROM status_references l JOIN github_references r ON r.id = l.reference_id
        WHERE l.status_id = s.id AND coalesce(r.state, '') <> ALL(:over)
      )
      AND NOT EXISTS (
        SELECT FROM statuses later
        WHERE later.author_id = s.author_id AND later.category <> 'blocked'
          AND (later.created_at, later.id) > (s.created_at, s.id)
      )
    FOR KEY SHARE OF s
    ON CONFLICT DO NOTHING
    RETURNING status_id
""")

CANDIDATES: Final = text("""
    SELECT DISTINCT l.status_id FROM status_references l JOIN statuses s ON s.id = l.status_id
    WHERE l.reference_id = ANY(:changed) AND s.category = 'blocked'
""")

WAIT_FOR_OTHERS: Final = text("SELECT pg_advisory_xact_lock(:lock)")


def waits_for(status: StatusRead) -> list[ReferenceRead]:
    """Return those of a blocked status's references that are not merged or closed."""
    return [reference for reference in status.references if reference.state not in OVER]


def is_cleared(status: StatusRead) -> bool:
    """Tell whether a status says that it is blocked, and all that it waits for is merged or closed."""
    return status.category is Category.BLOCKED and bool(status.references) and not waits_for(status)


async def clear(db: AsyncSession, *, changed: list[int] | None = None, status_id: int | None = None) -> list[int]:
    """Note the blockers that are cleared now and were not before, and return their statuses' ids.

    Each is returned once in its life, whoever notices. Of two transactions that each bring the last but one thing that
    a blocker waits for, the second waits here until the first has committed, and so sees both.

    Args:
        db: a transaction that has changed what the blockers wait for.
        changed: references whose state has changed to one that is over.
        status_id: a status that was posted or edited.
    """
    await db.execute(WAIT_FOR_OTHERS, {"lock": LOCK})
    candidates = [status_id] if status_id is not None else list(await db.scalars(CANDIDATES, {"changed": changed}))
    if not candidates:
        return []
    return list(await db.scalars(CLEAR, {"candidates": candidates, "over": list(OVER)}))
