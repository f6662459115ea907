"""Pages of lists that are sorted by id, newest first."""

from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.services import cursors


async def by_id(
    db: AsyncSession,
    query: Select[*tuple[Any, ...]],
    column: InstrumentedAttribute[int],
    *,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """Return the rows of one page, and the cursor of the next. The rows' first entity has the id.

    Raises:
        InvalidCursor: the cursor is damaged.
    """
    if cursor is not None:
        (last_id,) = cursors.read(cursor, values=1)
        query = query.where(column < last_id)
    rows = (await db.execute(query.order_by(column.desc()).limit(limit + 1))).all()
    page = list(rows[:limit])
    return page, cursors.write(page[-1][0].id) if len(rows) > limit else None
