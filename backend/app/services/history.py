"""Everything ever said about a reference."""

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ReferenceNotFound
from app.models import Reference, Status, StatusReference
from app.schemas.statuses import ReferenceHistory, ReferenceRead
from app.services import feed
from app.services.references import Key, is_at
from app.services.statuses import cursor_at, read_cursor, read_statuses, select_statuses
from app.services.transactions import snapshot


@snapshot
async def read(db: AsyncSession, key: Key, *, limit: int, cursor: str | None) -> ReferenceHistory:
    """Return a reference, and a page of the statuses that speak of it, the oldest first.

    Raises:
        ReferenceNotFound: nobody ever has.
        InvalidCursor: the cursor is damaged.
    """
    reference = await db.scalar(select(Reference).where(is_at(key)))
    if reference is None:
        raise ReferenceNotFound
    linked = select(StatusReference.status_id).where(StatusReference.reference_id == reference.id)
    query = select_statuses().where(Status.id.in_(linked))
    if cursor is not None:
        query = query.where(tuple_(Status.created_at, Status.id) > read_cursor(cursor))
    position = await feed.head(db)
    statuses = await read_statuses(db, query.order_by(Status.created_at, Status.id).limit(limit + 1))
    page = statuses[:limit]
    return ReferenceHistory(
        reference=ReferenceRead.model_validate(reference),
        items=page,
        next_cursor=cursor_at(page[-1].created_at, page[-1].id) if len(statuses) > limit else None,
        position=str(position),
    )
