"""Blockers: what a blocked status waits for, and when it has come."""

from typing import Final

from sqlalchemy import text

from app import advisory_locks
from app.models.reference import OVER
from app.models.status import Category
from app.schemas.statuses import ReferenceRead, StatusRead
from app.services.statements import Database, Statement

CLEARED: Final = "blocker.cleared"

# A blocked status of someone who has not moved on, all of whose references are over. The primary key of
# `cleared_blockers` lets each be noted once; a status that is just being deleted is left alone (FOR KEY SHARE).
CLEAR: Final = Statement.of(
    text("""
    INSERT INTO cleared_blockers (status_id)
    SELECT s.id FROM statuses s JOIN users u ON u.id = s.author_id
    WHERE s.category = 'blocked' AND NOT u.disabled
      AND s.id = ANY(CAST(:candidates AS bigint[]))
      AND EXISTS (SELECT FROM status_references l WHERE l.status_id = s.id)
      AND NOT EXISTS (
        SELECT FROM status_references l JOIN github_references r ON r.id = l.reference_id
        WHERE l.status_id = s.id AND coalesce(r.state, '') <> ALL(CAST(:over AS text[]))
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
)

CANDIDATES: Final = Statement.of(
    text("""
    SELECT DISTINCT l.status_id FROM status_references l JOIN statuses s ON s.id = l.status_id
    WHERE l.reference_id = ANY(CAST(:changed AS bigint[])) AND s.category = 'blocked'
    """)
)

WAIT_FOR_OTHERS: Final = Statement.of(text("SELECT pg_advisory_xact_lock(CAST(:lock AS bigint))"))


def waits_for(status: StatusRead) -> list[ReferenceRead]:
    """Return those of a blocked status's references that are not merged or closed."""
    return [reference for reference in status.references if reference.state not in OVER]


def is_cleared(status: StatusRead) -> bool:
    """Tell whether a status says that it is blocked, and all that it waits for is merged or closed."""
    return status.category == Category.BLOCKED and bool(status.references) and not waits_for(status)


async def wait_for_others(db: Database) -> None:
    """Wait until nobody else clears blockers, and keep others from it until the transaction ends.

    Before the log's lock, which is held for as long as the next one waits.
    """
    await WAIT_FOR_OTHERS.run(db, {"lock": advisory_locks.END_BLOCKERS})


async def clear(db: Database, *, changed: list[int] | None = None, status_id: int | None = None) -> list[int]:
    """Note the blockers that are cleared now and were not before, and return their statuses' ids.

    Each is returned once in its life, whoever notices. Of two transactions that each bring the last but one thing that
    a blocker waits for, the second waits here until the first has committed, and so sees both.

    Args:
        db: a transaction that has changed what the blockers wait for.
        changed: references whose state has changed to one that is over.
        status_id: a status that was posted or edited.
    """
    await wait_for_others(db)
    if status_id is None:
        candidates = [row["status_id"] for row in await CANDIDATES.run(db, {"changed": changed})]
    else:
        candidates = [status_id]
    if not candidates:
        return []
    return [row["status_id"] for row in await CLEAR.run(db, {"candidates": candidates, "over": list(OVER)})]
