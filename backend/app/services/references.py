"""GitHub references: one row for all statuses that speak of the same."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Reference, StatusReference
from app.models.columns import among
from app.schemas.statuses import ReferenceRead
from app.services import mentions
from app.services.mentions import Mention

# What makes a reference one and the same: owner and repository in lower case, and the number.
type Key = tuple[str, str, int]


def parse_key(name: str) -> Key:
    """Return the key of `owner/repo#12`, a name that the schema has checked."""
    owner, _, rest = name.lower().partition("/")
    repo, _, number = rest.partition("#")
    return owner, repo, int(number)


def is_at(key: Key) -> ColumnElement[bool]:
    """Say that a reference is the one with this key."""
    owner, repo, number = key
    return (func.lower(Reference.owner) == owner) & (func.lower(Reference.repo) == repo) & (Reference.number == number)


# What GitHub said of a reference may be this old when someone speaks of it again; then it is asked anew, and at once.
FRESH: Final = timedelta(minutes=5)

# The order in which every transaction locks references, so that none waits for another in a circle.
IN_ORDER: Final = (func.lower(Reference.owner), func.lower(Reference.repo), Reference.number)


def spoken_of(message: str) -> list[Mention]:
    """Return the references of a message, by the grammar in `mentions.py` and the settings."""
    host = settings.github_url.partition("://")[2]
    return mentions.find(message, host=host, repository=settings.GITHUB_REPOSITORY)


async def _refresh(db: AsyncSession, place: ColumnElement[bool]) -> None:
    """Have what is known of references, should it be old, fetched anew."""
    now = func.now()
    old = place & (Reference.fetched_at < now - FRESH) & (Reference.due_at > now + FRESH)
    locked = select(Reference.id).where(old).order_by(*IN_ORDER).with_for_update(key_share=True)
    await db.execute(
        update(Reference)
        .where(Reference.id.in_(locked.scalar_subquery()))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


async def _rows(db: AsyncSession, mentioned: Sequence[Mention]) -> list[Reference]:
    # Sorted, so that two posts with the same new references wait for each other and never in a circle.
    ordered = sorted(mentioned, key=lambda mention: mention.key)
    values = [{"owner": m.owner, "repo": m.repo, "number": m.number} for m in ordered]
    new = await db.scalars(upsert(Reference).values(values).on_conflict_do_nothing().returning(Reference.id))
    place = or_(*(is_at(m.key) for m in ordered))
    if len(new.all()) < len(ordered):
        await _refresh(db, place)
    # Shared locks: none of them changes until what this transaction says of them is in the log.
    found = await db.scalars(select(Reference).where(place).order_by(*IN_ORDER).with_for_update(read=True))
    by_key = {reference.key: reference for reference in found}
    return [by_key[mention.key] for mention in mentioned]


async def hold(db: AsyncSession, *, status_id: int) -> None:
    """Keep the references of a status as they are until this transaction ends."""
    linked = select(StatusReference.reference_id).where(StatusReference.status_id == status_id)
    await db.execute(
        select(Reference.id).where(Reference.id.in_(linked)).order_by(*IN_ORDER).with_for_update(read=True)
    )


async def link(db: AsyncSession, *, status_id: int, mentioned: Sequence[Mention]) -> list[ReferenceRead]:
    """Note which references a new status speaks of, and return them in the order written."""
    if not mentioned:
        return []
    rows = await _rows(db, mentioned)
    links = [{"status_id": status_id, "position": n, "reference_id": row.id} for n, row in enumerate(rows)]
    await db.execute(insert(StatusReference), links)
    return [ReferenceRead.model_validate(row) for row in rows]


async def relink(db: AsyncSession, *, status_id: int, mentioned: Sequence[Mention]) -> list[ReferenceRead]:
    """Note which references an edited status speaks of now."""
    await db.execute(delete(StatusReference).where(StatusReference.status_id == status_id))
    return await link(db, status_id=status_id, mentioned=mentioned)


async def of_statuses(db: AsyncSession, status_ids: list[int]) -> dict[int, list[ReferenceRead]]:
    """Return the references of many statuses, each status's in the order written, in one query."""
    found: dict[int, list[ReferenceRead]] = defaultdict(list)
    if status_ids:
        query = (
            select(StatusReference.status_id, Reference)
            .join(Reference, Reference.id == StatusReference.reference_id)
            .where(among(StatusReference.status_id, status_ids))
            .order_by(StatusReference.status_id, StatusReference.position)
        )
        for status_id, reference in await db.execute(query):
            found[status_id].append(ReferenceRead.model_validate(reference))
    return found
