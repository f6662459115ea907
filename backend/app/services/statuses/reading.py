"""How a status is read: the query, the rows, and the cursors of lists by time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidCursor, StatusNotFound
from app.models import Status, User
from app.schemas.statuses import ReferenceRead, StatusRead
from app.services import cursors
from app.services.statuses import references
from app.services.transactions import snapshot

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

type StatusRows = Select[*tuple[Any, ...]]


def select_statuses() -> StatusRows:
    """Return the query for everything that `status_of` needs. Callers add conditions."""
    status = (Status.id, Status.message, Status.category, Status.created_at, Status.edited_at)
    return select(*status, User.username, User.display_name, User.kind).join(User, User.id == Status.author_id)


def status_of(row: Sequence[Any], references: list[ReferenceRead]) -> StatusRead:
    """Return the status in a row with the columns of `select_statuses`."""
    status_id, message, category, created_at, edited_at, username, display_name, kind = row
    status = {
        "id": status_id,
        "author": {"username": username, "display_name": display_name, "kind": kind},
        "message": message,
        "category": category,
        "references": references,
        "created_at": created_at,
        "edited_at": edited_at,
    }
    return StatusRead.model_validate(status)


async def read_statuses(db: AsyncSession, query: StatusRows) -> list[StatusRead]:
    """Run a query made from `select_statuses`, and return its statuses with their references: two queries in all."""
    rows = (await db.execute(query)).all()
    linked = await references.of_statuses(db, [row.id for row in rows])
    return [status_of(row, linked.get(row.id, [])) for row in rows]


async def read_one(db: AsyncSession, status_id: int) -> StatusRead:
    """Return one status, in the session's current transaction.

    Raises:
        StatusNotFound: no status has this id.
    """
    found = await read_statuses(db, select_statuses().where(Status.id == status_id))
    if not found:
        raise StatusNotFound
    return found[0]


@snapshot
async def find(db: AsyncSession, status_id: int) -> StatusRead:
    """Return one status.

    Raises:
        StatusNotFound: no status has this id.
    """
    return await read_one(db, status_id)


def cursor_at(created_at: datetime, status_id: int) -> str:
    """Return the cursor of a list by time, after the status with this time and id."""
    return cursors.write((created_at - EPOCH) // MICROSECOND, status_id)


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """Return the time and id that were given to `cursor_at`.

    Raises:
        InvalidCursor: the cursor is damaged.
    """
    microseconds, status_id = cursors.read(cursor, values=2)
    try:
        return EPOCH + microseconds * MICROSECOND, status_id
    except OverflowError as error:
        raise InvalidCursor from error
