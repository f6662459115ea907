"""Pages of statuses.

SQLAlchemy writes each statement, once for each combination of filters, and the driver runs it. The response cache
(`api/response_cache.py`) repeats a page until the log moves: everything that it shows moves the log when it changes, in
the same transaction. It never repeats what was found by words: the worker may index a status at any moment.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import asyncpg
from sqlalchemy import (
    CTE,
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
from app.schemas.statuses import FoundStatus, SearchPage, StatusPage, StatusQuery, StatusRead
from app.services.feed.log import Position
from app.services.identity.callers import Caller
from app.services.statements import Statement
from app.services.statuses import former_search, references, searches, word_search
from app.services.statuses.reading import cursor_at, read_cursor, status_of
from app.services.statuses.references import reference_of
from app.services.statuses.search_words import SearchWords
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

# The condition of each filter but `q`, which is in `word_search.py`.
CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "author": Status.author_id == _author.scalar_subquery(),
    "category": Status.category == bindparam("category", type_=String),
    "reference": Status.id.in_(_linked),
    "since": Status.created_at >= bindparam("since", type_=_moment),
    "until": Status.created_at < bindparam("until", type_=_moment),
    "cursor": tuple_(Status.created_at, Status.id)
    < tuple_(bindparam("behind_moment", type_=_moment), bindparam("behind_id", type_=BigInteger)),
}
FILTERS: Final = (*CONDITIONS, "q")


def _values(wanted: StatusQuery) -> dict[str, Any]:
    values: dict[str, Any] = {"since": wanted.since, "until": wanted.until}
    if wanted.author is not None:
        values["author"] = wanted.author.lower()
    if wanted.category is not None:
        values["category"] = str(wanted.category)
    if wanted.reference is not None:
        values["owner"], values["repo"], values["number"] = references.parse_key(wanted.reference)
    if wanted.q is not None:
        values["terms"] = SearchWords.parse(wanted.q).as_tsquery()
        values["words"] = former_search.words(wanted.q)
    if wanted.cursor is not None:
        values["behind_moment"], values["behind_id"] = read_cursor(wanted.cursor)
    return values


def _newest_page(conditions: Sequence[ColumnElement[bool]], limit: int) -> CTE:
    status = (Status.id, Status.author_id, Status.message, Status.category, Status.created_at, Status.edited_at)
    newest = select(*status).where(*conditions).order_by(Status.created_at.desc(), Status.id.desc())
    return newest.limit(literal_column(str(limit))).cte("page")


@lru_cache(maxsize=256)
def statement(filters: tuple[str, ...], limit: int) -> Statement:
    """Return the statement for a page with these filters: the log's head, and statuses with their references.

    It is one statement, so everything is from the same moment. A status has one row for each of its references. Without
    any status, the head has a row of its own. The limit is part of the statement's text: with a parameter, PostgreSQL
    would plan for a tenth of the table, or plan again each time.
    """
    conditions = [CONDITIONS[name] for name in filters if name != "q"]
    page = word_search.page(conditions, limit) if "q" in filters else _newest_page(conditions, limit)
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
async def _read(connection: asyncpg.Connection, wanted: StatusQuery) -> list[asyncpg.Record]:
    # One more than requested tells whether there are more.
    asked = statement(tuple(name for name in FILTERS if getattr(wanted, name) is not None), wanted.limit + 1)
    fetch = partial(searches.fetch, connection, asked) if is_search(wanted) else partial(asked.fetch, connection)
    return await fetch(_values(wanted))


def _page(rows: Sequence[asyncpg.Record], wanted: StatusQuery) -> ReadPage:
    position = Position(rows[0]["seq"], rows[0]["mark"])
    found = _statuses(rows) if rows[0]["id"] is not None else []
    items = found[: wanted.limit]
    next_cursor = cursor_at(items[-1].created_at, items[-1].id) if len(found) > wanted.limit else None
    about: dict[str, Any] = {"next_cursor": next_cursor, "position": str(position)}
    if wanted.q is None:
        return position, StatusPage(items=items, **about).model_dump_json().encode()
    words = SearchWords.parse(wanted.q)
    marked = [FoundStatus.model_construct(**status.__dict__, matches=words.find(status.message)) for status in items]
    return position, SearchPage(items=marked, **about).model_dump_json().encode()


async def read(caller: Caller, wanted: StatusQuery) -> ReadPage:
    """Return a page as JSON, newest first, and the position in the log at which it was read.

    `since` is included, `until` is not. A deep page costs no more than the first one, because the cursor says where it
    begins.

    Raises:
        InvalidCursor: the cursor is damaged.
        QueryRefused: there are no words, or too many.
        SearchTooSlow: the search took too long.
        TooBusy: too many searches are running.
    """
    if is_search(wanted):
        async with searches.search(caller.user.id):
            rows = await _read(wanted)
    else:
        rows = await _read(wanted)
    if not rows:
        raise DatabaseUnavailable  # the log has no head while the database is being restored
    # Finding the words in a page of long messages takes up to a tenth of a second.
    return _page(rows, wanted) if wanted.q is None else await asyncio.to_thread(_page, rows, wanted)
