"""What `q` asks for: words that all must occur, `"phrases"`, `or` between them, and `-` before what must not occur.

It becomes a `tsquery` for PostgreSQL, and tells where in a message the words are.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple, Self

from app.errors import QueryRefused
from app.services.statuses import terms
from app.services.statuses.terms import Term, Wanted

MOST_TERMS: Final = 64
SHORTEST_PREFIX: Final = 3  # characters from which on the last word is also the beginning of a longer one

_NOTHING: Final = "There is nothing to search for in that. Search for words, numbers or emoji."
_TOO_MANY: Final = (
    f"That search has too many words. It may have {MOST_TERMS}; "
    "in scripts without spaces, each character counts as one."
)

# A quote within a word is part of it, as in Hebrew. `--help` is an option of a program, and excludes nothing.
_ITEMS: Final = re.compile(r'(?P<minus>-(?![-\s]))?(?:["“”„](?P<phrase>[^"“”„]*)["“”„]?|(?P<word>\S+))')

# Where a match begins and ends in a text, in code points.
type Span = tuple[int, int]


class Phrase(NamedTuple):
    """Terms that must occur in this order, each in its place, or must not."""

    wanted: tuple[Wanted, ...]
    is_excluded: bool = False

    def as_tsquery(self) -> str:
        """Return it in the form in which PostgreSQL reads it."""
        return f"{'!' if self.is_excluded else ''}({terms.as_tsquery(self.wanted)})"

    def find(self, places: dict[int, list[Term]]) -> Iterator[Span]:
        """Yield where it is in the terms of a text, given by their places."""
        for first in places:
            found = [_found(wanted, places.get(first + wanted.offset, ())) for wanted in self.wanted]
            if None not in found:
                begun, ended = found[0], found[-1]
                assert begun is not None
                assert ended is not None
                if self.wanted[-1].width > 1:
                    ended = places[ended.place + 1][0]  # a pair ends with the character in its second place
                yield begun.start, ended.end


def _found(wanted: Wanted, terms_there: "list[Term] | tuple[()]") -> Term | None:
    for term in terms_there:
        if term.lexeme == wanted.lexeme or (wanted.is_prefix and term.lexeme.startswith(wanted.lexeme)):
            return term
    return None


class SearchWords(NamedTuple):
    """What is searched for: a message fits that has all phrases of one of the alternatives."""

    alternatives: tuple[tuple[Phrase, ...], ...]

    @classmethod
    def parse(cls, q: str) -> Self:
        """Read what people type.

        Raises:
            QueryRefused: there is nothing in it to look for, or too much.
        """
        alternatives: list[list[Phrase]] = [[]]
        items = list(_ITEMS.finditer(q))
        for item in items:
            is_last = item is items[-1]
            if (item["word"] or "").lower() == "or" and not item["minus"] and alternatives[-1] and not is_last:
                alternatives.append([])
            elif wanted := _wanted(item, is_last=is_last):
                alternatives[-1].append(Phrase(tuple(wanted), is_excluded=bool(item["minus"])))
        found = tuple(tuple(phrases) for phrases in alternatives if phrases)
        count = sum(len(phrase.wanted) for phrase in chain.from_iterable(found))
        if not 1 <= count <= MOST_TERMS:
            raise QueryRefused(_TOO_MANY if count else _NOTHING)
        return cls(found)

    def as_tsquery(self) -> str:
        """Return it in the form in which PostgreSQL reads it."""
        return " | ".join(" & ".join(phrase.as_tsquery() for phrase in phrases) for phrases in self.alternatives)

    def find(self, text: str) -> list[Span]:
        """Return where the words are in a text, in order. What overlaps is one."""
        places: dict[int, list[Term]] = {}
        for term in terms.of_text(text):
            places.setdefault(term.place, []).append(term)
        wanted = (phrase for phrase in chain.from_iterable(self.alternatives) if not phrase.is_excluded)
        spans: list[Span] = []
        for start, end in sorted(span for phrase in wanted for span in phrase.find(places)):
            if spans and start < spans[-1][1]:
                spans[-1] = spans[-1][0], max(end, spans[-1][1])
            else:
                spans.append((start, end))
        return spans


def _wanted(item: re.Match[str], *, is_last: bool) -> list[Wanted]:
    if item["word"] is None:
        return terms.of_phrase(item["phrase"])
    is_begun = is_last and not item["minus"]
    return terms.of_phrase(item["word"], shortest_prefix=SHORTEST_PREFIX if is_begun else None)
