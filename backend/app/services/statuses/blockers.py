"""Blockers: what a blocked status waits for, and when it is cleared."""

from typing import Final

from sqlalchemy import text

from app import advisory_locks
from app.models.reference import OVER
from app.models.status import Category
from app.schemas.statuses import ReferenceRead, StatusRead
from app.services.statements import Database, Statement

CLEARED: Final = "blocker.cleared"

# A blocked status whose author has posted no other category since, and whose references are all closed. The primary key
# of `cleared_blockers` lets each be announced once. A status that is just being deleted is skipped (FOR KEY SHARE).
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
    """Return a blocked status's references that aren't merged or closed."""
    return [reference for reference in status.references if reference.state not in OVER]


def is_cleared(status: StatusRead) -> bool:
    """Tell whether a status is blocked, and everything that it waits for is merged or closed."""
    return status.category == Category.BLOCKED and bool(status.references) and not waits_for(status)


async def wait_for_others(db: Database) -> None:
    """Wait until nobody else clears blockers, and keep others from it until the transaction ends.

    Before the log's lock, because others wait as long as that one is held.
    """
    await WAIT_FOR_OTHERS.run(db, {"lock": advisory_locks.END_BLOCKERS})


async def clear(db: Database, *, changed: list[int] | None = None, status_id: int | None = None) -> list[int]:
    """Store the blockers that are now cleared and weren't before, and return their statuses' ids.

    Each status is returned once in its life. If two transactions close the last two references of a blocker, the second
    one waits here until the first has committed, and so sees both.

    Args:
        db: a transaction that has changed what the blockers wait for.
        changed: references that were closed in it.
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
