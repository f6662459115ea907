"""Pages of statuses.

SQLAlchemy writes each statement, once for each combination of filters, and the driver runs it. The response cache
(`api/response_cache.py`) repeats a page until the log moves: everything that it shows moves the log when it changes, in
the same transaction.
"""

import re
from collections.abc import Iterable
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import asyncpg
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
    true,
    tuple_,
)

from app.errors import DatabaseUnavailable
from app.models import FeedHead, Reference, Status, StatusReference, User
from app.schemas.statuses import StatusPage, StatusQuery, StatusRead
from app.services.feed.log import Position
from app.services.identity.callers import Caller
from app.services.statements import Statement
from app.services.statuses import references, searches
from app.services.statuses.reading import cursor_at, read_cursor, status_of
from app.services.statuses.references import reference_of
from app.services.transactions import direct

# A search is split into words as in the index (models/status.py), but they stay together: `octo/api#12` becomes the
# phrase "octo api 12", even after a minus. Text in quotes is already a phrase.
SEARCH_PARTS: Final = "/#._:"
OF_PARTS: Final = re.compile(rf'"[^"]*"?|(?=[^\s"]*[{SEARCH_PARTS}])[^\s"-][^\s"]*')

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

# The condition of each filter.
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


def search_words(q: str) -> str:
    """Return a search, split into words as in the index."""
    phrases = OF_PARTS.sub(lambda found: found[0] if found[0].startswith('"') else f'"{found[0]}"', q)
    return phrases.translate(str.maketrans(SEARCH_PARTS, " " * len(SEARCH_PARTS)))


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
    """Return the statement for a page with these filters: the log's head, and statuses with their references.

    It is one statement, so everything is from the same moment. A status has one row for each of its references. Without
    any status, the head has a row of its own. The limit is part of the statement's text: with a parameter, PostgreSQL
    would plan for a tenth of the table, or plan again each time.
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
            *(FeedHead.seq, FeedHead.mark),
            *(page.c.id, page.c.message, page.c.category, page.c.created_at, page.c.edited_at),
            *(User.username, User.display_name, User.kind),
            *(Reference.owner, Reference.repo, Reference.number, Reference.kind),
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


# The columns of a row: the log's head, then a status, then a reference.
_OF_STATUS: Final = slice(2, 10)
_OF_REFERENCE: Final = slice(10, 17)


def _statuses(rows: Iterable[asyncpg.Record]) -> list[StatusRead]:
    found: list[StatusRead] = []
    for _, of_one in groupby(rows, key=itemgetter("id")):
        first, *others = of_one
        linked = [reference_of(row[_OF_REFERENCE]) for row in (first, *others) if row["owner"] is not None]
        found.append(status_of(first[_OF_STATUS], linked))
    return found


# The position at which a page was read, and the page as JSON.
type ReadPage = tuple[Position, bytes]

# These may look at very many rows. Other filters find a page's rows with an index.
SEARCHED_BY: Final = ("reference", "q")
SEVERAL: Final = ("author", "category", *SEARCHED_BY)


def is_search(wanted: StatusQuery) -> bool:
    """Tell whether a page may be expensive: with words or a reference, or with filters that no index combines."""
    given = [name for name in SEVERAL if getattr(wanted, name) is not None]
    return len(given) > 1 or any(name in SEARCHED_BY for name in given)


@direct
async def _read(connection: asyncpg.Connection, wanted: StatusQuery) -> ReadPage:
    # One more than requested tells whether there are more.
    asked = statement(tuple(name for name in CONDITIONS if getattr(wanted, name) is not None), wanted.limit + 1)
    fetch = partial(searches.fetch, connection, asked) if is_search(wanted) else partial(asked.fetch, connection)
    rows = await fetch(_values(wanted))
    if not rows:
        raise DatabaseUnavailable  # the log has no head while the database is being restored
    position = Position(rows[0]["seq"], rows[0]["mark"])
    found = _statuses(rows) if rows[0]["id"] is not None else []
    items = found[: wanted.limit]
    next_cursor = cursor_at(items[-1].created_at, items[-1].id) if len(found) > wanted.limit else None
    page = StatusPage(items=items, next_cursor=next_cursor, position=str(position))
    return position, page.model_dump_json().encode()


async def read(caller: Caller, wanted: StatusQuery) -> ReadPage:
    """Return a page as JSON, newest first, and the position in the log at which it was read.

    `since` is included, `until` is not. A deep page costs no more than the first one, because the cursor says where it
    begins.

    Raises:
        InvalidCursor: the cursor is damaged.
        QueryRefused: there are too many words.
        SearchTooSlow: the search took too long.
        TooBusy: too many searches are running.
    """
    if not is_search(wanted):
        return await _read(wanted)
    async with searches.search(caller.user.id):
        return await _read(wanted)
