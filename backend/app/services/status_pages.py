"""Pages of statuses as bytes, straight from the driver's rows.

SQLAlchemy writes each statement, once for each combination of filters; the driver runs it, and orjson writes what
`StatusPage` would say. Rows as objects, and models that check what the database has checked already, are left out.
`tests/integration/test_status_pages.py` holds the bytes to the schema.

A page that was made once is given again while the log has not moved, and only then: everything that a page shows moves
the log when it changes, in the same transaction.
"""

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any, Final

import asyncpg
import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    String,
    bindparam,
    func,
    literal_column,
    select,
    text,
    true,
    tuple_,
)

from app.config import settings
from app.errors import DatabaseUnavailable
from app.models import FeedHead, Reference, Status, StatusReference, User
from app.schemas.statuses import URL_PARTS, StatusQuery
from app.services import callers, references, searches
from app.services.callers import Caller
from app.services.feed import Position
from app.services.statements import Statement
from app.services.statuses import cursor_at, read_cursor, search_words
from app.services.transactions import direct

_moment = DateTime(timezone=True)
_author = select(User.id).where(func.lower(User.username) == bindparam("author", type_=String))
_linked = (
    select(StatusReference.status_id)
    .join(Reference, Reference.id == StatusReference.reference_id)
    .where(
        func.lower(Reference.owner) == bindparam("owner", type_=String),
        func.lower(Reference.repo) == bindparam("repo", type_=String),
        Reference.number == bindparam("number", type_=Integer),
    )
)

# Whether who asks still stands as they were recalled; without a credential, nothing is asked.
_stands = text(
    "(:session IS NULL AND :api_token IS NULL OR "
    + callers.STANDS.format(user=":member", name=":name", session=":session", api_token=":api_token")  # noqa: S106
    + ") AS stands"
).bindparams(
    *(bindparam(name, type_=BigInteger) for name in ("member", "session", "api_token")), bindparam("name", type_=String)
)
_NOBODY: Final = {"member": None, "name": None, "session": None, "api_token": None}

# What each filter asks of a status.
CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "author": Status.author_id == _author.scalar_subquery(),
    "category": Status.category == bindparam("category", type_=String),
    "reference": Status.id.in_(_linked),
    "q": Status.search.bool_op("@@")(func.websearch_to_tsquery("simple", bindparam("words", type_=String))),
    "since": Status.created_at >= bindparam("since", type_=_moment),
    "until": Status.created_at < bindparam("until", type_=_moment),
    "cursor": tuple_(Status.created_at, Status.id)
    < tuple_(bindparam("behind_moment", type_=_moment), bindparam("behind_id", type_=BigInteger)),
}


def _values(wanted: StatusQuery) -> dict[str, Any]:
    values: dict[str, Any] = {"since": wanted.since, "until": wanted.until}
    if wanted.author is not None:
        values["author"] = wanted.author.lower()
    if wanted.category is not None:
        values["category"] = str(wanted.category)
    if wanted.reference is not None:
        values["owner"], values["repo"], values["number"] = references.parse_key(wanted.reference)
    if wanted.q is not None:
        values["words"] = search_words(wanted.q)
    if wanted.cursor is not None:
        values["behind_moment"], values["behind_id"] = read_cursor(wanted.cursor)
    return values


@lru_cache(maxsize=256)
def statement(filters: tuple[str, ...], limit: int) -> Statement:
    """Return the statement of a page with these filters: the log's head, and statuses with their references.

    It is one statement, so all that it says is of one instant, also whether its caller stands. A status has a row for
    each of its references, and the head stands alone where there is no status. The limit is written into it: with a
    parameter, PostgreSQL would plan for a tenth of the table, or anew each time.
    """
    page = (
        select(Status.id, Status.author_id, Status.message, Status.category, Status.created_at, Status.edited_at)
        .where(*(CONDITIONS[name] for name in filters))
        .order_by(Status.created_at.desc(), Status.id.desc())
        .limit(literal_column(str(limit)))
        .cte("page")
    )
    query = (
        select(
            *(FeedHead.seq, FeedHead.mark, _stands),
            *(page.c.id, page.c.message, page.c.category, page.c.created_at, page.c.edited_at),
            *(User.username, User.display_name, User.kind),
            *(Reference.owner, Reference.repo, Reference.number, Reference.kind.label("what")),
            *(Reference.title, Reference.state, Reference.moved_to),
        )
        .select_from(FeedHead)
        .outerjoin(page, true())
        .outerjoin(User, User.id == page.c.author_id)
        .outerjoin(StatusReference, StatusReference.status_id == page.c.id)
        .outerjoin(Reference, Reference.id == StatusReference.reference_id)
        .order_by(page.c.created_at.desc(), page.c.id.desc(), StatusReference.position)
    )
    return Statement.of(query)


# Where a row has what of a status, behind the log's head and whether the caller stands, and what of a reference.
_OF_STATUS: Final = slice(3, 11)
_OF_REFERENCE: Final = slice(11, 18)


def _items(rows: Iterable[asyncpg.Record]) -> list[dict[str, Any]]:
    github = settings.github_url
    items: list[dict[str, Any]] = []
    linked: list[dict[str, Any]] = []
    last = None
    for row in rows:
        if row["id"] != last:
            status_id, message, category, created_at, edited_at, username, display_name, kind = row[_OF_STATUS]
            last, linked = status_id, []
            items.append(
                {
                    "id": status_id,
                    "author": {"username": username, "display_name": display_name, "kind": kind},
                    "message": message,
                    "category": category,
                    "references": linked,
                    "created_at": created_at,
                    "edited_at": edited_at,
                }
            )
        owner, repo, number, what, title, state, moved_to = row[_OF_REFERENCE]
        if owner is not None:
            part = URL_PARTS.get(what, "issues")
            linked.append(
                {
                    "owner": owner,
                    "repo": repo,
                    "number": number,
                    "kind": what,
                    "title": title,
                    "state": state,
                    "moved_to": moved_to,
                    "url": f"{github}/{owner}/{repo}/{part}/{number}",
                }
            )
    return items


type Page = tuple[Position, bytes]

# Their statements may look at very many rows; those of other filters find a page's rows by an index.
SEARCHED_BY: Final = ("reference", "q")
SEVERAL: Final = ("author", "category", *SEARCHED_BY)


def is_search(wanted: StatusQuery) -> bool:
    """Tell whether a page may cost much: by words or a reference, or by filters that no index has together."""
    given = [name for name in SEVERAL if getattr(wanted, name) is not None]
    return len(given) > 1 or any(name in SEARCHED_BY for name in given)


async def _read(connection: asyncpg.Connection, wanted: StatusQuery, by: dict[str, Any]) -> Page | None:
    # One more than is wanted tells whether there are more.
    asked = statement(tuple(name for name in CONDITIONS if getattr(wanted, name) is not None), wanted.limit + 1)
    fetch = partial(searches.fetch, connection, asked) if is_search(wanted) else partial(asked.fetch, connection)
    rows = await fetch(_values(wanted) | by)
    if not rows:
        raise DatabaseUnavailable  # the log has no head while the database is being restored
    seq, mark, stands, first, *_ = rows[0]
    if not stands:
        return None
    items = _items(rows) if first is not None else []
    page = items[: wanted.limit]
    more = len(items) > wanted.limit
    next_cursor = cursor_at(page[-1]["created_at"], page[-1]["id"]) if more else None
    position = Position(seq, mark)
    answer = {"items": page, "next_cursor": next_cursor, "position": str(position)}
    return position, orjson.dumps(answer, option=orjson.OPT_UTC_Z)


@direct
async def _read_directly(connection: asyncpg.Connection, wanted: StatusQuery, by: dict[str, Any]) -> Page | None:
    return await _read(connection, wanted, by)


async def _read_in_turn(caller: Caller, wanted: StatusQuery, by: dict[str, Any]) -> Page | None:
    if not is_search(wanted):
        return await _read_directly(wanted, by)
    async with searches.search(caller.credential.user_id):
        return await _read_directly(wanted, by)


async def read(caller: Caller, wanted: StatusQuery) -> Page:
    """Return a page as JSON, newest first, and the position in the log at which it was read.

    `since` is included, `until` is not. The page's depth costs nothing: the cursor names where it begins.

    Raises:
        InvalidCursor: the cursor is damaged.
        QueryRefused: the words are too many.
        SearchTooSlow: the search took too long.
        TooBusy: too many search.
    """
    page = await _read_in_turn(caller, wanted, _NOBODY)
    assert page is not None  # there is nothing to be checked
    return page


async def read_by(caller: Caller, wanted: StatusQuery) -> Page | None:
    """Return what `read` does for a caller who was recalled, whom the statement checks; None where they stand no more.

    Raises:
        BoardError: as `read`.
    """
    by = caller.credential
    name = caller.user.display_name
    return await _read_in_turn(
        caller,
        wanted,
        {"member": by.user_id, "name": name, "session": by.session_id, "api_token": by.api_token_id},
    )
