"""GitHub references: one row for all statuses that speak of the same."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Reference, StatusReference
from app.models.columns import among
from app.schemas.statuses import ReferenceRead
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


async def _rows(db: AsyncSession, mentions: Sequence[Mention]) -> list[Reference]:
    # Sorted, so that two posts with the same new references wait for each other and never in a circle.
    ordered = sorted(mentions, key=lambda mention: mention.key)
    values = [{"owner": m.owner, "repo": m.repo, "number": m.number} for m in ordered]
    await db.execute(upsert(Reference).values(values).on_conflict_do_nothing())
    found = await db.scalars(select(Reference).where(or_(*(is_at(m.key) for m in ordered))))
    by_key = {reference.key: reference for reference in found}
    return [by_key[mention.key] for mention in mentions]


async def link(db: AsyncSession, *, status_id: int, mentions: Sequence[Mention]) -> list[ReferenceRead]:
    """Note which references a new status speaks of, and return them in the order written."""
    if not mentions:
        return []
    rows = await _rows(db, mentions)
    links = [{"status_id": status_id, "position": n, "reference_id": row.id} for n, row in enumerate(rows)]
    await db.execute(insert(StatusReference), links)
    return [ReferenceRead.model_validate(row) for row in rows]


async def relink(db: AsyncSession, *, status_id: int, mentions: Sequence[Mention]) -> list[ReferenceRead]:
    """Note which references an edited status speaks of now."""
    await db.execute(delete(StatusReference).where(StatusReference.status_id == status_id))
    return await link(db, status_id=status_id, mentions=mentions)


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
