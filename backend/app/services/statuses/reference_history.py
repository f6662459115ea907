"""Every status that mentions a reference."""

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ReferenceNotFound
from app.models import Reference, Status, StatusReference, User
from app.schemas.statuses import ReferenceHistory, ReferenceRead
from app.services.feed import log as feed_log
from app.services.statuses import searches
from app.services.statuses.reading import cursor_at, read_cursor, read_statuses, select_statuses
from app.services.statuses.references import Key, is_at
from app.services.transactions import snapshot


async def read(db: AsyncSession, key: Key, *, reader: User, limit: int, cursor: str | None) -> ReferenceHistory:
    """Return a reference, and a page of the statuses that mention it, oldest first.

    Raises:
        ReferenceNotFound: no status ever has.
        InvalidCursor: the cursor is damaged.
        SearchTooSlow: it took too long.
        TooBusy: too many searches are running.
    """
    async with searches.search(reader.id):
        return await _read(db, key, limit=limit, cursor=cursor)


@snapshot
async def _read(db: AsyncSession, key: Key, *, limit: int, cursor: str | None) -> ReferenceHistory:
    await db.execute(text(searches.limit()))
    reference = await db.scalar(select(Reference).where(is_at(key)))
    if reference is None:
        raise ReferenceNotFound
    linked = select(StatusReference.status_id).where(StatusReference.reference_id == reference.id)
    query = select_statuses().where(Status.id.in_(linked))
    if cursor is not None:
        query = query.where(tuple_(Status.created_at, Status.id) > read_cursor(cursor))
    position = await feed_log.head(db)
    statuses = await read_statuses(db, query.order_by(Status.created_at, Status.id).limit(limit + 1))
    page = statuses[:limit]
    return ReferenceHistory(
        reference=ReferenceRead.model_validate(reference),
        items=page,
        next_cursor=cursor_at(page[-1].created_at, page[-1].id) if len(statuses) > limit else None,
        position=str(position),
    )
