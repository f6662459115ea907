"""Messages that the server and the page read alike: one table, and made-up ones beside it.

In `grammar.json` each message is what its pieces say, one after another: text as it is, addresses, and references in
the words in which they are `written`.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.services.statuses import reference_grammar

# A piece as `web/board/grammar.js` yields it: {text}, {text, reference}, {text, address}, {text, reference, address}.
type Piece = dict[str, str]

# The grammar's own signs close together, so that they meet.
_SIGNS: Final = (
    "a B 9 0 12 - _ . , ; ? ! ' * ~ / # & : @ | ` `` ``` ( ) [ ] < \" é 看 。 — ” \u0301 \ufe0f \u200b 🚀 .git orgs "
    "foo/bar #12 GH-12 foo/bar#12 http:// https:// https://github.com/ https://example.com www. /issues/ /pull/12 "
    "/discussions/"
)
SIGNS: Final = [*_SIGNS.split(), " ", "\n", "\n\n"]

_LONG: Final = 100_000
# What a grammar that reads again what it has read would never be done with.
ENDLESS: Final = [
    "".join("`" * length + "a" for length in range(1, 600)),
    *(
        sign * (_LONG // len(sign))
        for sign in (
            *(
                "`a",
                "`",
                "` `` ",
                "`\n",
                "\n ",
                "a/",
                "a-",
                "a.",
                "a",
                "https://",
                "https://a),",
                "https://a(",
                "https://a[(",
            ),
            *(
                "https://a.,",
                "https://a/",
                "://",
                "#",
                "foo/bar#1,",
                "https://github.com/a/b/pull/1,",
                "https://github.com/a/b/",
            ),
        )
    ),
]


@dataclass(frozen=True)
class Case:
    """A message and how it is read."""

    why: str
    pieces: list[Piece]
    options: dict[str, str]

    @property
    def message(self) -> str:
        """What was written."""
        return "".join(piece["text"] for piece in self.pieces)

    @property
    def references(self) -> list[str]:
        """What it names, as the server says it."""
        return references(self.pieces)

    def __str__(self) -> str:
        return self.why


def references(pieces: list[Piece]) -> list[str]:
    """Return what pieces name as the server says it: each once, in its first letters, no more than it takes."""
    found: dict[str, str] = {}
    for piece in pieces:
        if "reference" in piece:
            found.setdefault(piece["reference"].lower(), piece["reference"])
    return list(found.values())[: reference_grammar.AT_MOST]


def _piece(told: str | dict[str, str]) -> Piece:
    if isinstance(told, str):
        return {"text": told}
    if "address" in told:
        return {"text": told["address"], "address": told["address"]}
    written = told.get("written", told["reference"])
    return {"text": written, "reference": told["reference"]} | ({"address": written} if "://" in written else {})


def _case(row: dict[str, Any]) -> Case:
    return Case(
        row["why"], [_piece(told) for told in row["pieces"]], {k: row[k] for k in ("host", "repository") if k in row}
    )


CASES: Final = [_case(row) for row in json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))]


def made_up(count: int) -> list[str]:
    """Return so many messages, the same each time."""
    chance = random.Random(12)
    return ["".join(chance.choices(SIGNS, k=chance.randint(1, 40))) for _ in range(count)]


# Run where `pieces` of `web/board/grammar.js` is: the pieces of each [message, options].
READ: Final = "(pieces, messages) => messages.map(([message, options]) => [...pieces(message, options)])"


def asked() -> list[tuple[str, dict[str, str]]]:
    """Return what the page is asked to read: the table, what was made up, and what is long."""
    bare = {"repository": "my/repo"}
    return [(case.message, case.options) for case in CASES] + [
        (message, bare) for message in [*made_up(3000), *ENDLESS]
    ]


def check(read: list[list[Piece]]) -> None:
    """Hold how the page has read what it was `asked` to the table, and to how the server reads."""
    assert [pieces for pieces, _ in zip(read, CASES, strict=False)] == [case.pieces for case in CASES]
    for pieces, (message, options) in zip(read, asked(), strict=True):
        assert "".join(piece["text"] for piece in pieces) == message
        assert references(pieces) == [found.name for found in reference_grammar.find(message, **options)], message
