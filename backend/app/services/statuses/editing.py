"""Editing a status, and deleting it."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import EditedMeanwhile, EditWindowClosed, Forbidden, NotTheAuthor, StatusNotFound
from app.models import Status, User
from app.models.status import Category
from app.models.user import Role
from app.schemas.statuses import StatusRead, StatusUpdate
from app.services.feed import log as feed_log
from app.services.feed.log import NewEvent
from app.services.identity import members
from app.services.statuses import blockers, idempotency, reference_grammar, references, terms
from app.services.statuses.reading import MICROSECOND, read_one
from app.services.transactions import transaction

EDIT_WINDOW: Final = timedelta(minutes=15)


async def _cleared(db: AsyncSession, status: StatusRead) -> list[NewEvent]:
    ids = await blockers.clear(db, status_id=status.id)
    return [NewEvent(blockers.CLEARED, status_id, status.model_dump_json()) for status_id in ids]


async def _lock(db: AsyncSession, status_id: int, *, to_delete: bool = False) -> tuple[Status, datetime]:
    # An edit lets others still refer to the row. A deletion must wait until they have.
    query = select(Status, func.clock_timestamp()).where(Status.id == status_id)
    query = query.with_for_update(of=Status, key_share=not to_delete)
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise StatusNotFound
    status, now = row
    return status, now


async def _undoes_another(db: AsyncSession, status: Status, changes: StatusUpdate, new: dict[str, Any]) -> bool:
    """Tell whether another edit has changed one of these fields since the status that the editor saw.

    The log has the text of that time. If it doesn't have it, any field may have changed.
    """
    if "edited_at" not in changes.model_fields_set or changes.edited_at == status.edited_at:
        return False
    payload = await feed_log.said(db, status_id=status.id, edited_at=changes.edited_at)
    said = {} if payload is None else json.loads(payload)
    return any(said.get(field) != getattr(status, field) for field in new)


@transaction
async def edit(db: AsyncSession, *, editor: User, status_id: int, changes: StatusUpdate) -> StatusRead:
    """Edit a status, up to 15 minutes after it was posted. An edit that changes nothing makes no event.

    Raises:
        StatusNotFound: no status has this id.
        NotTheAuthor: somebody else posted it.
        EditWindowClosed: it is older.
        EditedMeanwhile: another edit changed the same field since the one that the editor saw.
    """
    status, now = await _lock(db, status_id)
    if status.author_id != editor.id:
        raise NotTheAuthor
    if now - status.created_at > EDIT_WINDOW:
        raise EditWindowClosed
    given = changes.model_dump(include={"message", "category"}, exclude_unset=True, exclude_none=True)
    new = {field: value for field, value in given.items() if getattr(status, field) != value}
    if await _undoes_another(db, status, changes, new):
        raise EditedMeanwhile
    if new:
        # Always later than the previous edit, whatever the clock says, because clients use it to tell which version is
        # newer.
        edited_at = func.greatest(func.clock_timestamp(), Status.edited_at + MICROSECOND)
        await db.execute(update(Status).where(Status.id == status_id).values(**new, edited_at=edited_at))
        if "message" in new:
            # In a second step, since a message that changes loses its terms.
            found = terms.as_tsvector(new["message"])
            await db.execute(update(Status).where(Status.id == status_id).values(terms=found))
            await references.relink(db, status_id=status_id, mentioned=reference_grammar.mentioned_in(new["message"]))
        else:
            await references.hold_linked(db, status_id=status_id)
        await members.hold(db, User.id == editor.id)
    answer = await read_one(db, status_id)
    if new:
        events = [NewEvent("status.edited", status_id, answer.model_dump_json())]
        if Category.BLOCKED in {status.category, answer.category}:
            # Even if this edit clears nothing: another transaction may announce a cleared blocker before this edit, or
            # after it.
            events += await _cleared(db, answer)
        await feed_log.append_all(db, events)
    return answer


@transaction
async def remove(db: AsyncSession, *, remover: User, status_id: int) -> None:
    """Delete a status. Its text is also removed from the feed's history, and from the answers stored for retries.

    Raises:
        StatusNotFound: no status has this id.
        Forbidden: the caller is neither its author nor an admin.
    """
    status, _ = await _lock(db, status_id, to_delete=True)
    if status.author_id != remover.id and remover.role != Role.ADMIN:
        raise Forbidden("Only its author or an admin can delete a status.")
    payload = json.dumps({"id": status_id})
    await idempotency.forget_answers(db, status_id=status_id)
    await feed_log.redact(db, status_id=status_id, payload=payload)
    await db.execute(delete(Status).where(Status.id == status_id))
    await feed_log.append(db, kind="status.deleted", subject_id=status_id, payload=payload)
