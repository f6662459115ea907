"""Posting a status: what the board does most, in as few statements as possible, with the driver.

A status without references is one statement, which is its own transaction. So no process holds the log's counter while
it is busy with something else. A status with references locks them first.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

import asyncpg
from sqlalchemy import bindparam, select

from app import database
from app.errors import AccountDisabled, DatabaseUnavailable, IdempotencyKeyReused, StatusNotFound
from app.models import IdempotencyKey, User
from app.models.reference import OVER
from app.models.status import Category
from app.places import Place
from app.schemas.statuses import Author, StatusCreate, StatusRead
from app.services import wakeups
from app.services.feed import log as feed_log
from app.services.statements import Statement
from app.services.statuses import blockers, idempotency, post_statements, reference_grammar, references, terms
from app.services.statuses.references import Held
from app.services.transactions import directly

# How often a post is tried if its author is renamed at that very moment.
TRIES: Final = 3

# The status's id and time in its JSON, until the database has made them.
UNKNOWN_ID: Final = 0
UNKNOWN_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)

AUTHOR_NOW: Final = Statement.of(select(*User.__table__.columns).where(User.id == bindparam("author")))
# What a known key was used for.
KNOWN: Final = Statement.of(
    select(IdempotencyKey.request_hash, IdempotencyKey.answer).where(
        IdempotencyKey.author_id == bindparam("author"), IdempotencyKey.key == bindparam("key")
    )
)


class _NotAsTheyWere(Exception):
    """The author was renamed or disabled in the meantime."""


@dataclass(frozen=True, slots=True)
class Post:
    """A status to post, and its deadline by the event loop's clock."""

    author: User
    data: StatusCreate
    key: str | None
    until: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status as JSON, whether it is new, and whether all listeners were notified of it."""

    answer: str
    is_new: bool
    is_told: bool = False


# How many posts this process is working on.
_under_way = 0


def _is_alone() -> bool:
    return _under_way == 1


def _around_id_and_moment(post: Post, held: Sequence[Held]) -> tuple[str, str, str]:
    """Return the status's JSON without its id and its time: the parts before, between and after them."""
    status = StatusRead(
        id=UNKNOWN_ID,
        author=Author.model_validate(post.author),
        message=post.data.message,
        category=post.data.category,
        references=[each.reference for each in held],
        created_at=UNKNOWN_MOMENT,
        edited_at=None,
    )
    # No text in it can look like this, because its quotes would be escaped.
    before_id, _, rest = status.model_dump_json().partition('"id":0')
    before_moment, _, behind_moment = rest.partition('"created_at":"1970-01-01T00:00:00Z"')
    return f'{before_id}"id":', f'{before_moment}"created_at":"', f'"{behind_moment}'


async def _insert(
    connection: asyncpg.Connection, post: Post, held: Sequence[Held] = (), *, is_last: bool = True
) -> asyncpg.Record | None:
    """Insert the status, its links and its event. Insert nothing if the key is taken or the author has changed.

    `is_last` says that the transaction appends nothing more to the log.
    """
    # A notification within the transaction reaches its readers first, but PostgreSQL serialises commits that notify. So
    # this is done only if the process has nothing else to commit, and the notification has everything. Otherwise the
    # feed notifies once for all.
    before_id, before_moment, behind_moment = _around_id_and_moment(post, held)
    values: dict[str, object] = {
        "author": post.author.id,
        "name": post.author.display_name,
        "before_id": before_id,
        "before_moment": before_moment,
        "behind_moment": behind_moment,
        "message": post.data.message,
        "category": str(post.data.category),
        "terms": terms.as_tsvector(post.data.message),
        "tells": is_last and _is_alone(),
    }
    if post.key is not None:
        values |= {"key": post.key, "fingerprint": idempotency.fingerprint(post.data)}
    if held:
        values["references"] = [each.id for each in held]
    rows = await post_statements.insert(keyed=post.key is not None, linked=bool(held)).fetch(connection, values)
    return rows[0] if rows else None


async def _earlier(connection: asyncpg.Connection, post: Post) -> Outcome:
    """Return the answer to a retry.

    Raises:
        _NotAsTheyWere: it isn't a retry.
    """
    known = None
    if post.key is not None:
        rows = await KNOWN.fetch(connection, {"author": post.author.id, "key": post.key})
        known = rows[0] if rows else None
    if known is None:
        raise _NotAsTheyWere  # or the key expired between two statements
    if known["request_hash"] != idempotency.fingerprint(post.data):
        raise IdempotencyKeyReused
    if known["answer"] is None:
        raise StatusNotFound("This status was posted, but has been deleted since.")
    return Outcome(known["answer"], is_new=False)


async def _post(post: Post, mentioned: Sequence[Place], connection: asyncpg.Connection) -> Outcome:
    held = await references.make_and_hold(connection, mentioned) if mentioned else []
    is_blocked = post.data.category is Category.BLOCKED
    is_cleared = is_blocked and bool(held) and all(each.reference.state in OVER for each in held)
    if is_cleared:
        await blockers.wait_for_others(connection)
    row = await _insert(connection, post, held, is_last=not is_cleared)
    if row is None:
        return await _earlier(connection, post)
    if is_cleared:
        for status_id in await blockers.clear(connection, status_id=row["subject_id"]):
            await feed_log.append(connection, kind=blockers.CLEARED, subject_id=status_id, payload=row["payload"])
    return Outcome(row["payload"], is_new=True, is_told=row["is_told"])


async def _post_and_tell(post: Post) -> str:
    global _under_way  # noqa: PLW0603 -- as there is one process
    mentioned = reference_grammar.mentioned_in(post.data.message)
    _under_way += 1
    try:
        outcome = await directly(partial(_post, post, mentioned), until=post.until, as_one=bool(mentioned))
    finally:
        _under_way -= 1
    if outcome.is_new and not outcome.is_told:
        wakeups.announce()
    return outcome.answer


async def _as_they_are(post: Post) -> Post:
    rows = await directly(lambda connection: AUTHOR_NOW.fetch(connection, {"author": post.author.id}), until=post.until)
    if not rows or rows[0]["disabled"]:
        raise AccountDisabled
    return replace(post, author=User(**rows[0]))


async def post(*, author: User, data: StatusCreate, key: str | None = None, since: float | None = None) -> str:
    """Post a status, and return it as JSON. With a key, a retry gets the first answer.

    This also works while the first request is running: the key is a unique row of its transaction, and the retry waits
    for that in the database.

    Args:
        author: who posts it.
        data: the status.
        key: an idempotency key, if the client sent one.
        since: the time of the event loop's clock from which the client has waited. It limits how long this may take.

    Raises:
        IdempotencyKeyReused: the key was used for another status.
        StatusNotFound: the key's status has been deleted since.
        AccountDisabled: the author was disabled in the meantime.
        DatabaseUnavailable: it wasn't posted, or it isn't known whether it was.
    """
    begun = asyncio.get_running_loop().time() if since is None else since
    asked = Post(author, data, key, begun + database.PATIENCE)
    for _ in range(TRIES):
        try:
            return await _post_and_tell(asked)
        except _NotAsTheyWere:
            asked = await _as_they_are(asked)
    raise DatabaseUnavailable
