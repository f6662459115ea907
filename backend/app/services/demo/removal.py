"""Removes the demo's people from any board, with everything they posted.

First they are disabled, so that they disappear from open boards at once and nobody can post as one of them. Then their
statuses are deleted one by one, as a person would do it. If this is interrupted, the next call continues.
"""

from contextlib import suppress
from typing import Final

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import LastAdmin, StatusNotFound
from app.models import ApiToken, IdempotencyKey, Invite, Reference, ResetCode, Session, Status, StatusReference, User
from app.models.columns import among
from app.models.reference import ReferenceKind
from app.models.user import Role
from app.schemas.statuses import ReferenceRead
from app.services.demo.filling import IS_DEMO, MADE_UP
from app.services.feed import log as feed_log
from app.services.feed.log import NewEvent
from app.services.github import changes
from app.services.identity import members
from app.services.statuses import editing
from app.services.statuses.references import IN_ORDER
from app.services.transactions import autocommit, transaction

AT_ONCE: Final = 100


async def remove(db: AsyncSession) -> tuple[int, int]:
    """Remove the demo's people. Return how many people and how many statuses there were.

    Args:
        db: a session with a longer time limit than a request has.

    Raises:
        LastAdmin: members would remain, but none who can administer the board.
    """
    people = {user.id: user for user in await _disable(db)}
    removed = 0
    while page := await _said_by(db, list(people)):
        for status_id, author_id in page:
            with suppress(StatusNotFound):  # somebody was faster
                await editing.remove(db, remover=people[author_id], status_id=status_id)
        removed += len(page)
    await _delete_accounts(db, list(people))
    return len(people), removed


@transaction
async def _disable(db: AsyncSession) -> list[User]:
    users = list(await db.scalars(select(User).where(IS_DEMO).order_by(User.id).with_for_update(key_share=True)))
    others = select(User.id).where(~IS_DEMO)
    admin = others.where(User.role == Role.ADMIN, ~User.disabled)
    if users and await db.scalar(select(exists(others) & ~exists(admin))):
        raise LastAdmin("All admins of this board belong to the demo. Make someone else an admin first.")
    events = []
    for user in users:
        if not user.disabled:
            user.disabled = True
            await members.end_access(db, user.id)
            events.append(members.changed(user))
    await db.flush()
    await feed_log.append_all(db, events)
    return users


@autocommit
async def _said_by(db: AsyncSession, people: list[int]) -> list[tuple[int, int]]:
    query = select(Status.id, Status.author_id).where(among(Status.author_id, people)).order_by(Status.id)
    return [(status_id, author_id) for status_id, author_id in await db.execute(query.limit(AT_ONCE))]


@transaction
async def _delete_accounts(db: AsyncSession, people: list[int]) -> None:
    await db.execute(delete(IdempotencyKey).where(among(IdempotencyKey.author_id, people)))
    for table in (ApiToken, Session, ResetCode):
        await db.execute(delete(table).where(among(table.user_id, people)))
    await db.execute(delete(ResetCode).where(ResetCode.created_by_id.in_(people)))
    ended = func.coalesce(Invite.revoked_at, func.clock_timestamp())
    theirs = update(Invite).where(Invite.created_by_id.in_(people))
    await db.execute(theirs.values(created_by_id=None, revoked_at=ended))
    await db.execute(delete(User).where(among(User.id, people)))
    await feed_log.append_all(db, await _forget_references(db))


async def _forget_references(db: AsyncSession) -> list[NewEvent]:
    """Delete what was made up. Return events for what others mention: it becomes a plain link, and GitHub is asked."""
    rows = await db.scalars(select(Reference).where(MADE_UP).order_by(*IN_ORDER).with_for_update())
    made_up = select(Reference.id).where(MADE_UP)  # the links of a whole board may be millions
    spoken_of = select(StatusReference.reference_id).where(StatusReference.reference_id.in_(made_up)).distinct()
    kept = set(await db.scalars(spoken_of))
    events = []
    for row in rows.all():
        if row.id not in kept:
            await db.delete(row)
            continue
        row.kind, row.title, row.state = ReferenceKind.UNKNOWN, None, None
        row.due_at = func.clock_timestamp()
        await db.flush()
        events.append(NewEvent(changes.CHANGED, row.id, ReferenceRead.model_validate(row).model_dump_json()))
    await db.flush()
    return events
