"""The terms of a text: what the search index holds of a message, and what a search looks for.

Both go through this module, whatever the database's locale, so that they agree. Text is folded first: compatibility
forms (UAX #15), case and accents go. It is then cut at the word boundaries of UAX #29, and within its words at every
sign. So `octo/api#12` is three terms in a row, and is found by each of them, and as a whole as the phrase of them.

Scripts without spaces between words are cut into overlapping pairs of characters instead; a word of them is the phrase
of its pairs. Korean has spaces, but its words carry their particles, so it's treated in the same way.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple
from unicodedata import category, normalize

import regex

# PostgreSQL takes lexemes of up to 2046 bytes. A longer word is found by its beginning.
LONGEST: Final = 100

# Marks that are accents. Those of other scripts are vowels, and those of Kana (U+3099, U+309A) tell consonants apart.
_ACCENTS: Final = regex.compile(
    r"[\p{M}&&[\p{Zinh}\p{Latin}\p{Greek}\p{Cyrillic}\p{Hebrew}\p{Arabic}\p{Syriac}]--[\u3099\u309a]]", regex.V1
)
# What shows nothing: soft hyphens, joiners, variation selectors, marks of direction.
_IGNORABLE: Final = regex.compile(r"\p{Default_Ignorable_Code_Point}")
# Letters with a stroke don't decompose, nor does the dotless i, which is `I` in capitals. The last is an
# apostrophe that counts as a letter.
_STROKES: Final = str.maketrans(
    {"\u0131": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "\u02bc": "'"}
)
_ZERO_WIDTH_SPACE: Final = "\u200b"
_FRACTION_SLASH: Final = "\u2044"
_CLUSTERS: Final = regex.compile(r"\X")

# What a character is to the terms, each kind as one sign.
_KINDS: Final = {
    "u": regex.compile(
        r"[[\p{lb=SA}\p{Ideographic}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{Hangul}\p{Yi}]&&[\p{L}\p{N}]]",
        regex.V1,
    ),
    "a": regex.compile(r"\p{L}"),
    # Marks belong to what they stand behind. The first are of scripts without spaces.
    "v": regex.compile(r"[\p{M}&&\p{lb=SA}]", regex.V1),
    "m": regex.compile(r"\p{M}"),
    "1": regex.compile(r"\p{N}"),
    "r": regex.compile(r"\p{Regional_Indicator}"),
    "e": regex.compile(r"\p{Extended_Pictographic}"),
    "+": regex.compile(r"\+"),
    "#": regex.compile("#"),
}
# Runs without spaces, words, flags and other emoji. `C++` and `C#` are other words than `C`, but `C#12` is a number in
# the repository `C`.
_PIECES: Final = re.compile(
    r"([uv][uvm]*) | [am1][am1v]* (?: (?<=[amv]) (?: \+\+ | [+#] (?! [am1v] ) ) )? | rr? | e", re.VERBOSE
)
# `v1`, `PROJ4711` and `10ms` are found by either part, too; `a1b2c3` is a code, and isn't.
_TWO_PARTS: Final = re.compile("a[amv]*(?=1+$)|1+(?=a[amv]*$)")


class Term(NamedTuple):
    """A term, its place in the row of all terms, and where it stands in the text, in code points.

    A pair of characters begins in the first of its two places, and `start` and `end` are those of the first character.
    """

    lexeme: str
    place: int
    start: int
    end: int


class Wanted(NamedTuple):
    """A term that is looked for: how many places behind the first of its phrase, and how many places it fills."""

    lexeme: str
    offset: int
    width: int
    is_prefix: bool


class _Folded(NamedTuple):
    """Folded text, and for each of its characters where it comes from: `text[starts[n]:ends[n]]`."""

    text: str
    starts: "list[int] | range"
    ends: "list[int] | range"


class _Piece(NamedTuple):
    """A word, an emoji or a run of a script without spaces, where it begins in the folded text, and of what kinds."""

    text: str
    start: int
    kinds: str
    is_run: bool


@lru_cache(maxsize=8192)
def _decomposed(character: str) -> str:
    if character == _ZERO_WIDTH_SPACE:
        return " "
    decomposed = normalize("NFKD", character)
    # `™` stands for letters and `½` for digits, but they are no part of the word or number before them.
    is_apart = category(character) == "So" or _FRACTION_SLASH in decomposed
    return f" {decomposed} " if decomposed != character and is_apart else decomposed


def _digit(character: str) -> str:
    return str(int(character)) if character.isdecimal() else character


@lru_cache(maxsize=8192)
def _folded_cluster(cluster: str) -> str:
    """Fold what people see as one character, given decomposed."""
    folded = normalize("NFKD", normalize("NFKD", cluster).casefold()).casefold()
    folded = _ACCENTS.sub("", _IGNORABLE.sub("", normalize("NFKD", folded)))
    return normalize("NFC", "".join(map(_digit, folded)).translate(_STROKES))


def _fold(text: str) -> _Folded:
    if text.isascii():
        return _Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
    # Text in any normal form is the same once it is decomposed; only then is it known what is one character.
    parts = [_decomposed(character) for character in text]
    origins = [n for n, part in enumerate(parts) for _ in part]
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _CLUSTERS.finditer("".join(parts)):
        part = _folded_cluster(match[0])
        folded.append(part)
        starts.extend([origins[match.start()]] * len(part))
        ends.extend([origins[match.end() - 1] + 1] * len(part))
    return _Folded("".join(folded), starts, ends)


@lru_cache(maxsize=8192)
def _kind(character: str) -> str:
    return next((kind for kind, pattern in _KINDS.items() if pattern.match(character)), " ")


def _pieces(text: str) -> Iterator[_Piece]:
    for match in _PIECES.finditer("".join(map(_kind, text))):
        start, end = match.span()
        yield _Piece(text[start:end], start, match[0], match.lastindex is not None)


def _forms(piece: _Piece) -> list[tuple[int, int]]:
    """Return a word and its parts under which it is found too, as places in the folded text."""
    start, end = piece.start, piece.start + len(piece.text)
    forms = [(start, end)]
    bare = piece.kinds.rstrip("+#")
    if 1 < len(bare) < len(piece.kinds):
        end = start + len(bare)
        forms.append((start, end))
    first = _TWO_PARTS.match(bare)
    if first is not None:
        forms += [(start, start + first.end()), (start + first.end(), end)]
    return forms


def of_text(text: str) -> list[Term]:
    """Return all terms of a text, in their order."""
    folded = _fold(text)
    terms: list[Term] = []
    place = 1
    for piece in _pieces(folded.text):
        if piece.is_run:
            pairs = [*map("".join, pairwise(piece.text)), piece.text[-1]]
            for n, pair in enumerate(pairs, piece.start):
                terms.append(Term(pair, place, folded.starts[n], folded.ends[n]))
                place += 1
        else:
            for start, end in _forms(piece):
                lexeme = folded.text[start:end][:LONGEST]
                terms.append(Term(lexeme, place, folded.starts[start], folded.ends[end - 1]))
            place += 1
    return terms


def of_phrase(text: str, *, shortest_prefix: int | None = None) -> list[Wanted]:
    """Return the terms that a message has in this order where it has the text; none if there's nothing to look for.

    Args:
        text: a word, a compound or several words.
        shortest_prefix: from how many characters on the last word is also the beginning of a longer one.
    """
    wanted: list[Wanted] = []
    offset = 0
    for piece in _pieces(_fold(text).text):
        if piece.is_run:
            # A single character is the beginning of a pair, or the last of a run.
            pairs = [*map("".join, pairwise(piece.text))] or [piece.text]
            wanted += [Wanted(pair, offset + n, len(pair), len(pair) == 1) for n, pair in enumerate(pairs)]
            offset += len(piece.text)
        else:
            wanted.append(Wanted(piece.text[:LONGEST], offset, 1, is_prefix=False))
            offset += 1
    if wanted and shortest_prefix is not None and wanted[-1].width == 1 and len(wanted[-1].lexeme) >= shortest_prefix:
        wanted[-1] = wanted[-1]._replace(is_prefix=True)
    return wanted


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def as_tsvector(text: str) -> str:
    """Return the terms of a text in the form in which PostgreSQL reads a `tsvector`."""
    places: dict[str, list[str]] = {}
    for term in of_text(text):
        places.setdefault(term.lexeme, []).append(str(term.place))
    return " ".join(f"{_quoted(lexeme)}:{','.join(where)}" for lexeme, where in places.items())


def as_tsquery(phrase: Sequence[Wanted]) -> str:
    """Return the search for a phrase in the form in which PostgreSQL reads a `tsquery`."""
    written = [_quoted(wanted.lexeme) + (":*" if wanted.is_prefix else "") for wanted in phrase]
    steps = [f" <{after.offset - before.offset}> " for before, after in pairwise(phrase)]
    return "".join(part for pair in zip(["", *steps], written, strict=True) for part in pair)
