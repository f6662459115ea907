"""GitHub references: one row for all statuses that mention the same one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Reference, StatusReference
from app.models.columns import among
from app.places import Place
from app.schemas.statuses import ReferenceRead
from app.services.statements import Database, Statement

# What identifies a reference: owner and repository in lower case, and the number.
type Key = tuple[str, str, int]


def parse_key(name: str) -> Key:
    """Return the key of `owner/repo#12`, a name that the schema has checked."""
    owner, _, rest = name.lower().partition("/")
    repo, _, number = rest.partition("#")
    return owner, repo, int(number)


def is_at(key: Key) -> ColumnElement[bool]:
    """Return the condition that a reference has this key."""
    owner, repo, number = key
    return (func.lower(Reference.owner) == owner) & (func.lower(Reference.repo) == repo) & (Reference.number == number)


def reference_of(row: Sequence[Any]) -> ReferenceRead:
    """Return the reference in a row: its place, kind, title and state, and where it has moved to."""
    owner, repo, number, kind, title, state, moved_to = row
    return ReferenceRead(owner=owner, repo=repo, number=number, kind=kind, title=title, state=state, moved_to=moved_to)


# If what GitHub said is older than this when someone mentions the reference again, GitHub is asked again at once.
FRESH: Final = timedelta(minutes=5)

# The order in which every transaction locks references, so that none can deadlock.
IN_ORDER: Final = (func.lower(Reference.owner), func.lower(Reference.repo), Reference.number)


# The references that a message names. For a plain array PostgreSQL would make a new plan each time, because of its
# length.
_NAMED: Final = (
    "unnest((SELECT CAST(:owners AS text[])), (SELECT CAST(:repos AS text[])), (SELECT CAST(:numbers AS int[])))"
    " AS named (owner, repo, number)"
)
_FOUND: Final = """github_references found
    ON lower(found.owner) = lower(named.owner) AND lower(found.repo) = lower(named.repo)
    AND found.number = named.number"""
_IN_ORDER: Final = "ORDER BY lower(found.owner), lower(found.repo), found.number"

# In the same order too, so that two posts with the same new references can't deadlock.
MAKE: Final = Statement.of(
    text(f"""
    INSERT INTO github_references (owner, repo, number)
    SELECT * FROM {_NAMED} ORDER BY lower(owner), lower(repo), number ON CONFLICT DO NOTHING RETURNING id
    """)  # noqa: S608 -- constants
)
REFRESH: Final = Statement.of(
    text(f"""
    UPDATE github_references SET due_at = now() WHERE id IN (
        SELECT id FROM {_NAMED} JOIN {_FOUND}
        WHERE fetched_at < now() - CAST(:fresh AS interval) AND due_at > now() + CAST(:fresh AS interval)
        {_IN_ORDER} FOR NO KEY UPDATE OF found
    )
    """)  # noqa: S608 -- constants
)
HOLD: Final = Statement.of(
    text(f"""
    SELECT found.id, found.owner, found.repo, found.number, kind, title, state, moved_to
    FROM {_NAMED} JOIN {_FOUND} {_IN_ORDER} FOR SHARE OF found
    """)  # noqa: S608 -- constants
)


@dataclass(frozen=True, slots=True)
class Held:
    """A locked reference, with its id."""

    id: int
    reference: ReferenceRead


def _names(mentioned: Sequence[Place]) -> dict[str, list[Any]]:
    return {
        "owners": [mention.owner for mention in mentioned],
        "repos": [mention.repo for mention in mentioned],
        "numbers": [mention.number for mention in mentioned],
    }


async def hold(db: Database, mentioned: Sequence[Place]) -> list[Held]:
    """Lock references against changes until the transaction ends, and return them in the order in which they are named.

    So what the transaction says about them is still true when it is in the log. Everyone locks them in the same order.
    """
    if not mentioned:
        return []
    held = {}
    for row in await HOLD.run(db, _names(mentioned)):
        reference = ReferenceRead.model_validate(dict(row))
        held[reference.owner.lower(), reference.repo.lower(), reference.number] = Held(row["id"], reference)
    return [held[mention.key] for mention in mentioned]


async def make_and_hold(db: Database, mentioned: Sequence[Place]) -> list[Held]:
    """Like `hold`, but create new references, and schedule old ones to be asked for again."""
    if not mentioned:
        return []
    names = _names(mentioned)
    made = await MAKE.run(db, names)
    if len(made) < len(mentioned):
        await REFRESH.run(db, {**names, "fresh": FRESH})
    return await hold(db, mentioned)


async def hold_linked(db: AsyncSession, *, status_id: int) -> None:
    """Lock the references of a status, like `hold`."""
    linked = select(Reference.owner, Reference.repo, Reference.number).join(
        StatusReference, StatusReference.reference_id == Reference.id
    )
    rows = await db.execute(linked.where(StatusReference.status_id == status_id))
    await hold(db, [Place(*row) for row in rows])


async def relink(db: AsyncSession, *, status_id: int, mentioned: Sequence[Place]) -> None:
    """Store which references an edited status now mentions."""
    held = await make_and_hold(db, mentioned)
    await db.execute(delete(StatusReference).where(StatusReference.status_id == status_id))
    if held:
        links = [{"status_id": status_id, "position": n, "reference_id": each.id} for n, each in enumerate(held)]
        await db.execute(insert(StatusReference), links)


async def of_statuses(db: AsyncSession, status_ids: list[int]) -> dict[int, list[ReferenceRead]]:
    """Return the references of many statuses, each status's in the order written, with one query."""
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
