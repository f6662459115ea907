"""Posting a status: what the board does most, in as few statements as it takes.

A status that speaks of nothing is one statement, which is its own transaction: so no process holds the log's counter
while it waits for its next word. One that speaks of references locks them first. Both are run by the bare driver.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg
import orjson

from app import database
from app.errors import AccountDisabled, DatabaseUnavailable, IdempotencyKeyReused, StatusNotFound
from app.models import User
from app.models.reference import OVER
from app.models.status import Category
from app.schemas.statuses import Author, ReferenceRead, StatusCreate
from app.services import blockers, idempotency, post_statements, references, wakeups
from app.services.callers import Caller, Credential
from app.services.mentions import Mention
from app.services.transactions import RETRIED, directly

# How often a post is tried whose author is renamed in that very moment.
TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Post:
    """A status to be posted, and the moment of the event loop's clock by which that has to be done.

    With a `credential` it is posted only if that is still good.
    """

    author: User
    data: StatusCreate
    key: str | None
    until: float
    credential: Credential | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status as JSON, whether it is a new one, and whether all who listen were notified of it."""

    answer: str
    is_new: bool
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A reference that is locked, with its id."""

    id: int
    reference: ReferenceRead


# How many posts are under way in this process.
_under_way = 0


def _is_alone() -> bool:
    return _under_way == 1


def _around_id(post: Post, held: Sequence[Held]) -> tuple[str, str]:
    """Return what stands in the status's JSON before its id, and between that and its moment."""
    author = Author.model_validate(post.author)
    said = {
        "author": author.__dict__,
        "message": post.data.message,
        "category": post.data.category,
        "references": [each.reference.model_dump() for each in held],
    }
    return '{"id":', f',{orjson.dumps(said).decode()[1:-1]},"created_at":"'


async def _insert(
    connection: asyncpg.Connection, post: Post, held: Sequence[Held] = (), *, is_last: bool = True
) -> asyncpg.Record | None:
    """Insert the status, its links and its event, or nothing where it may not be.

    That is so where the key is taken, the credential not good, or the author not called so any more, or disabled.

    `is_last` says that the transaction appends nothing more to the log.
    """
    # Within the transaction a notification is at its readers soonest, but PostgreSQL serialises commits that notify: so
    # only where this process has nothing else to commit meanwhile, and the notification says all that there is. Else
    # the feed notifies once for all.
    by = post.credential
    before_id, behind_id = _around_id(post, held)
    values: dict[str, object] = {
        "author": post.author.id,
        "name": post.author.display_name,
        "session": None if by is None else by.session_id,
        "api_token": None if by is None else by.api_token_id,
        "before_id": before_id,
        "behind_id": behind_id,
        "message": post.data.message,
        "category": str(post.data.category),
        "tells": is_last and _is_alone(),
    }
    if post.key is not None:
        values |= {"key": post.key, "fingerprint": idempotency.fingerprint(post.data)}
    if held:
        values["references"] = [each.id for each in held]
    rows = await post_statements.insert(keyed=post.key is not None, linked=bool(held)).fetch(connection, values)
    return rows[0] if rows else None


async def _earlier(connection: asyncpg.Connection, post: Post) -> Outcome | None:
    """Return what a repetition gets; None for a caller who is still to be checked, and for a post to be tried again."""
    if post.credential is not None or post.key is None:
        return None
    known = await connection.fetchrow(post_statements.KNOWN, post.author.id, post.key)
    if known is None:
        return None  # another name, or the key's day was over between two statements
    if known["request_hash"] != idempotency.fingerprint(post.data):
        raise IdempotencyKeyReused
    if known["answer"] is None:
        raise StatusNotFound("This status was posted, and has been deleted since.")
    return Outcome(known["answer"], is_new=False)


def _outcome(row: asyncpg.Record) -> Outcome:
    return Outcome(row["payload"], is_new=True, is_told=row["is_told"])


async def _plain(connection: asyncpg.Connection, post: Post) -> Outcome | None:
    async with asyncio.timeout_at(post.until):
        row = await _insert(connection, post)
        return await _earlier(connection, post) if row is None else _outcome(row)


async def _hold(connection: asyncpg.Connection, mentioned: Sequence[Mention]) -> list[Held]:
    """Lock the references that are spoken of until the transaction ends, and return them in the order written."""
    ordered = sorted(mentioned, key=lambda mention: mention.key)
    names = [[m.owner for m in ordered], [m.repo for m in ordered], [m.number for m in ordered]]
    made = await connection.fetch(post_statements.MAKE, *names)
    keys = [list(part) for part in zip(*(mention.key for mention in ordered), strict=True)]
    if len(made) < len(ordered):
        await connection.execute(post_statements.REFRESH, *keys, references.FRESH)
    rows = await connection.fetch(post_statements.HOLD, *keys)
    held = {
        (row["owner"].lower(), row["repo"].lower(), row["number"]): Held(
            row["id"], ReferenceRead.model_validate(dict(row))
        )
        for row in rows
    }
    return [held[mention.key] for mention in mentioned]


async def _linked(connection: asyncpg.Connection, post: Post, mentioned: Sequence[Mention]) -> Outcome | None:
    held = await _hold(connection, mentioned)
    is_cleared = post.data.category is Category.BLOCKED and all(each.reference.state in OVER for each in held)
    if is_cleared:  # whoever clears blockers takes this lock before the log's
        await post_statements.CLEARERS.fetch(connection, {"lock": blockers.LOCK})
    row = await _insert(connection, post, held, is_last=not is_cleared)
    if row is None:
        return await _earlier(connection, post)
    if is_cleared:
        blocked = {"candidates": [row["subject_id"]], "over": list(OVER)}
        for found in await post_statements.CLEAR.fetch(connection, blocked):
            event = {"kind": blockers.CLEARED, "subject_id": found["status_id"], "payload": row["payload"]}
            await post_statements.APPEND.fetch(connection, event)
    return _outcome(row)


async def _in_transaction(connection: asyncpg.Connection, post: Post, mentioned: Sequence[Mention]) -> Outcome | None:
    try:
        async with asyncio.timeout_at(post.until):
            await connection.execute("BEGIN")
            outcome = await _linked(connection, post, mentioned)
    except (TimeoutError, asyncpg.InternalClientError):
        raise  # whoever lent the connection throws it away
    except Exception:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    await connection.execute("ROLLBACK" if outcome is None else "COMMIT")
    return outcome


async def _run(connection: asyncpg.Connection, post: Post) -> Outcome | None:
    mentioned = references.spoken_of(post.data.message)

    async def attempt() -> Outcome | None:
        return await (_in_transaction(connection, post, mentioned) if mentioned else _plain(connection, post))

    try:
        return await attempt()
    except asyncpg.PostgresError as error:
        if error.sqlstate not in RETRIED:
            raise
        return await attempt()


async def _post(post: Post) -> str | None:
    global _under_way  # noqa: PLW0603 -- as there is one process
    _under_way += 1
    try:
        outcome = await directly(lambda connection: _run(connection, post), until=post.until)
    finally:
        _under_way -= 1
    if outcome is None:
        return None
    if outcome.is_new and not outcome.is_told:
        wakeups.announce()
    return outcome.answer


def _until(since: float | None) -> float:
    return (asyncio.get_running_loop().time() if since is None else since) + database.PATIENCE


async def post(*, author: User, data: StatusCreate, key: str | None = None, since: float | None = None) -> str:
    """Post a status, and return it as JSON. With a key a repetition gets the first answer.

    That is so also while the first is under way: the key is a unique row of its transaction, for which the repetition
    waits in the database.

    Args:
        author: who says it.
        data: what.
        key: an idempotency key, if the client sent one.
        since: from when on, by the event loop's clock, the client has waited: it is answered while its patience lasts.

    Raises:
        IdempotencyKeyReused: the key was used for another status.
        StatusNotFound: the key's status has been deleted since.
        AccountDisabled: the author was disabled meanwhile.
        DatabaseUnavailable: it could not be done, or it is not known whether it was.
    """
    asked = Post(author, data, key, _until(since))
    for _ in range(TRIES):
        if (answer := await _post(asked)) is not None:
            return answer
        asked = replace(asked, author=await _author_now(asked))
    raise DatabaseUnavailable


async def _author_now(post: Post) -> User:
    row = await directly(lambda c: c.fetchrow(post_statements.AUTHOR_NOW, post.author.id), until=post.until)
    if row is None or row["disabled"]:
        raise AccountDisabled
    return User(**row)


async def post_by(caller: Caller, *, data: StatusCreate, key: str | None, since: float) -> str | None:
    """Post a status for a caller who was recalled, and return it as JSON: as `post`, which tells of the arguments.

    The statement that posts checks the caller, which saves the round trip to look them up. None is returned, and
    nothing has been done, where they no longer stand as they did, and where the key is known: whoever is looked up anew
    may `post`.

    Raises:
        DatabaseUnavailable: it could not be done, or it is not known whether it was.
    """
    return await _post(Post(caller.user, data, key, _until(since), caller.credential))
