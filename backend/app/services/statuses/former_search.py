"""How the version before searched: in statuses that have no terms yet.

That version writes no terms; the worker finds them (`indexing.py`). The next version drops the column `search`, and
this module with it.
"""

import re
from typing import Final

from sqlalchemy import ColumnElement, FromClause, String, and_, bindparam, func

# Words were parted as in the index (models/status.py), and stayed together: `octo/api#12` is the phrase "octo api 12",
# also behind a minus. What stands in quotes is a phrase already.
_PARTS: Final = "/#._:"
_OF_PARTS: Final = re.compile(rf'"[^"]*"?|(?=[^\s"]*[{_PARTS}])[^\s"-][^\s"]*')


def fit(statuses: FromClause) -> ColumnElement[bool]:
    """Return the condition that statuses have no terms, and the words fit them."""
    # `terms IS NULL` would let PostgreSQL read all of these from their index, dead ones included.
    has_none = func.num_nulls(statuses.c.terms) == 1
    asked = func.websearch_to_tsquery("simple", bindparam("words", type_=String))
    return and_(has_none, statuses.c.search.bool_op("@@")(asked))


def words(q: str) -> str:
    """Return what people search for, parted into words as the index is."""
    phrases = _OF_PARTS.sub(lambda found: found[0] if found[0].startswith('"') else f'"{found[0]}"', q)
    return phrases.translate(str.maketrans(_PARTS, " " * len(_PARTS)))
