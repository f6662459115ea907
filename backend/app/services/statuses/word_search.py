"""The newest statuses that some words fit, in one statement and quickly, however many fit.

PostgreSQL would have to guess how many fit: if many, it's quick to look at the newest statuses one by one; if few, to
take all from the index and sort them. Its guess is off for beginnings of words and for phrases, sometimes a
thousandfold. So the newest are looked at first, and only where they don't fill the page, the index is asked.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, FromClause, bindparam, func, literal_column, or_, select, union_all
from sqlalchemy.dialects.postgresql import TSQUERY

from app.models import Status
from app.services.statuses import former_search

# How many statuses are looked at one by one. If they don't fill a page of 50, fewer than one in a hundred fits. Looking
# at one takes 9 µs, and each that the index finds takes 6 µs (`benchmarks.search`, a million statuses). So the slowest
# word is the one that just doesn't fill the page, and it is quickest with about 6,000.
LOOKED_AT: Final = 6000


def _fit(statuses: FromClause) -> ColumnElement[bool]:
    wanted = bindparam("terms", type_=TSQUERY)
    return or_(statuses.c.terms.bool_op("@@")(wanted), former_search.fit(statuses))


def _newest(statuses: FromClause) -> Sequence[Any]:
    return statuses.c.created_at.desc(), statuses.c.id.desc()


def page(filters: Sequence[ColumnElement[bool]], limit: int) -> CTE:
    """Return the query of a page's statuses.

    Args:
        filters: other conditions that the statuses must fit.
        limit: how many there may be.
    """
    statuses = Status.__table__
    most: ColumnElement[int] = literal_column(str(limit))
    looked_at = select(statuses).where(*filters).order_by(*_newest(statuses)).limit(literal_column(str(LOOKED_AT)))
    newest = looked_at.subquery("looked_at")
    shown = ("id", "author_id", "message", "category", "created_at", "edited_at")
    near = select(*(newest.c[name] for name in shown)).where(_fit(newest)).order_by(*_newest(newest)).limit(most)
    near_ones = near.cte("near")
    # Without an order, so that PostgreSQL doesn't look at them one by one again.
    far = select(*(statuses.c[name] for name in shown)).where(*filters, _fit(statuses))
    far_ones = far.cte("far").prefix_with("MATERIALIZED")
    is_full = select(func.count() >= most).select_from(near_ones).scalar_subquery()
    from_far = select(far_ones).where(~is_full).order_by(*_newest(far_ones)).limit(most)
    either = union_all(select(near_ones).where(is_full), select(from_far.subquery("all_ones"))).subquery("either")
    # This limit is for PostgreSQL's estimate: it would expect the rows of both.
    return select(either).limit(most).cte("page")
