"""Statuses: editing, deleting and finding what people said. Posting is in posting.py, pages are in status_pages.py."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import EditedMeanwhile, EditWindowClosed, Forbidden, InvalidCursor, NotTheAuthor, StatusNotFound
from app.models import Status, User
from app.models.status import Category
from app.models.user import Role
from app.schemas.statuses import ReferenceRead, StatusRead, StatusUpdate
from app.services import cursors
from app.services.feed import log as feed_log
from app.services.feed.log import NewEvent
from app.services.identity import members
from app.services.statuses import blockers, idempotency, references
from app.services.transactions import snapshot, transaction

EDIT_WINDOW: Final = timedelta(minutes=15)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

# Words in a search are parted as they are in the index (models/status.py), and stay together: `octo/api#12` is the
# phrase "octo api 12", also behind a minus. What stands in quotes is a phrase already.
SEARCH_PARTS: Final = "/#._:"
OF_PARTS: Final = re.compile(rf'"[^"]*"?|(?=[^\s"]*[{SEARCH_PARTS}])[^\s"-][^\s"]*')

type StatusRows = Select[*tuple[Any, ...]]


def select_statuses() -> StatusRows:
    """Return the query of all that `status_of` needs, for more conditions."""
    status = (Status.id, Status.message, Status.category, Status.created_at, Status.edited_at)
    return select(*status, User.username, User.display_name, User.kind).join(User, User.id == Status.author_id)


def status_of(row: Sequence[Any], references: list[ReferenceRead]) -> StatusRead:
    """Return the status that a row tells of, which has the columns of `select_statuses`."""
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
    """Run a query made from `select_statuses` and return its statuses with their references: two queries in all."""
    rows = (await db.execute(query)).all()
    linked = await references.of_statuses(db, [row.id for row in rows])
    return [status_of(row, linked.get(row.id, [])) for row in rows]


async def _read_one(db: AsyncSession, status_id: int) -> StatusRead:
    found = await read_statuses(db, select_statuses().where(Status.id == status_id))
    if not found:
        raise StatusNotFound
    return found[0]


async def _cleared(db: AsyncSession, status: StatusRead) -> list[NewEvent]:
    ids = await blockers.clear(db, status_id=status.id)
    return [NewEvent(blockers.CLEARED, status_id, status.model_dump_json()) for status_id in ids]


async def _lock(db: AsyncSession, status_id: int, *, to_delete: bool = False) -> tuple[Status, datetime]:
    # Whoever edits it lets others still refer to it; whoever deletes it has to wait until they have.
    query = select(Status, func.clock_timestamp()).where(Status.id == status_id)
    query = query.with_for_update(of=Status, key_share=not to_delete)
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise StatusNotFound
    status, now = row
    return status, now


async def _undoes_another(db: AsyncSession, status: Status, changes: StatusUpdate, new: dict[str, Any]) -> bool:
    """Tell whether one of the new fields has changed since the status that the editor saw.

    The log has what it said then. Where it doesn't know of that moment, any field may have changed.
    """
    if "edited_at" not in changes.model_fields_set or changes.edited_at == status.edited_at:
        return False
    payload = await feed_log.said(db, status_id=status.id, edited_at=changes.edited_at)
    said = {} if payload is None else json.loads(payload)
    return any(said.get(field) != getattr(status, field) for field in new)


@transaction
async def edit(db: AsyncSession, *, editor: User, status_id: int, changes: StatusUpdate) -> StatusRead:
    """Change what a status says, for 15 minutes after it was posted. A change of nothing is no event.

    Raises:
        StatusNotFound: there is none of this id.
        NotTheAuthor: somebody else said it.
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
        # Later than the edit before, whatever the clock says: clients know by it which of two versions is the newer.
        edited_at = func.greatest(func.clock_timestamp(), Status.edited_at + MICROSECOND)
        await db.execute(update(Status).where(Status.id == status_id).values(**new, edited_at=edited_at))
        if "message" in new:
            await references.relink(db, status_id=status_id, mentioned=references.spoken_of(new["message"]))
        else:
            await references.hold_linked(db, status_id=status_id)
        await members.hold(db, User.id == editor.id)
    answer = await _read_one(db, status_id)
    if new:
        events = [NewEvent("status.edited", status_id, answer.model_dump_json())]
        if Category.BLOCKED in {status.category, answer.category}:
            # Also where it clears nothing: whoever notices that it is cleared tells of it before this edit, or after.
            events += await _cleared(db, answer)
        await feed_log.append_all(db, events)
    return answer


@transaction
async def remove(db: AsyncSession, *, remover: User, status_id: int) -> None:
    """Delete a status. Its text is gone from the feed's history too, and from the answers kept for retries.

    Raises:
        StatusNotFound: there is none of this id.
        Forbidden: neither its author nor an admin asks.
    """
    status, _ = await _lock(db, status_id, to_delete=True)
    if status.author_id != remover.id and remover.role != Role.ADMIN:
        raise Forbidden("Only its author or an admin can delete a status.")
    payload = json.dumps({"id": status_id})
    await idempotency.forget_answers(db, status_id=status_id)
    await feed_log.redact(db, status_id=status_id, payload=payload)
    await db.execute(delete(Status).where(Status.id == status_id))
    await feed_log.append(db, kind="status.deleted", subject_id=status_id, payload=payload)


@snapshot
async def find(db: AsyncSession, status_id: int) -> StatusRead:
    """Return one status.

    Raises:
        StatusNotFound: there is none of this id.
    """
    return await _read_one(db, status_id)


def cursor_at(created_at: datetime, status_id: int) -> str:
    """Return the cursor of a list by time, for what follows on the status of this moment and id."""
    return cursors.write((created_at - EPOCH) // MICROSECOND, status_id)


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """Return the moment and id that `cursor_at` was given.

    Raises:
        InvalidCursor: the cursor is damaged.
    """
    microseconds, status_id = cursors.read(cursor, values=2)
    try:
        return EPOCH + microseconds * MICROSECOND, status_id
    except OverflowError as error:
        raise InvalidCursor from error


def search_words(q: str) -> str:
    """Return what people search for, parted into words as the index is."""
    phrases = OF_PARTS.sub(lambda found: found[0] if found[0].startswith('"') else f'"{found[0]}"', q)
    return phrases.translate(str.maketrans(SEARCH_PARTS, " " * len(SEARCH_PARTS)))
