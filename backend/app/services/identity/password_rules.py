"""Which passwords are too easy to guess, after NIST SP 800-63B-4 (section 3.1.1.2).

A password is checked against a blocklist: common words, the username, the board's name, sequences and repeats. There
are no rules about its composition, and `schemas/text.py` checks its length. Long passwords that leaked consist mostly
of such pieces. So each of these counts for little here, and the rest of the password must be long enough.
"""

import re
from collections.abc import Collection
from functools import cache
from typing import Final
from unicodedata import normalize

from app.services.identity.common_words import COMMON_WORDS, SHORT_WORDS, TRACKS

_BETTER: Final = "a few unrelated words work better."
REPEATS: Final = f"That password repeats a short piece; {_BETTER}"
TELLING: Final = f"That password is little more than your username or this board's name; {_BETTER}"
COMMON: Final = f"That password is easy to guess; {_BETTER}"

# What each piece is worth, in tenths of a letter, and what a password must be worth.
LETTER, OTHER, WORD, SHORT_WORD, SEQUENCE, OWN_NAME, ENOUGH = 10, 7, 20, 10, 15, 5, 70
FEWEST_CHARACTERS: Final = 5
SHORTEST: Final = 12  # a repeated piece counts once
LONGEST: Final = 128  # NFKC can turn one character into 18
BOARD: Final = ("statusboard", "status", "board")

SEPARATORS: Final = re.compile(r"[\s._-]+")
REPEATED: Final = re.compile(r"(.{3,}?)\1+")
# What people write instead of a letter, as in p@ssw0rd.
LEET: Final = dict(zip("abcegilost", ("4@", "68", "(", "3€", "69", "1!|", "1!|", "0", "5$", "7+"), strict=True))


def _once(text: str) -> str:
    return re.sub(r"(.)\1+", r"\1", text)


def _any_of(words: Collection[str]) -> str:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return "|".join("".join(f"[{c}{LEET[c]}]" if c in LEET else re.escape(c) for c in word) for word in longest_first)


@cache
def _pieces() -> tuple[tuple[re.Pattern[str], int], ...]:
    both_ways = [each for track in TRACKS for each in (track, track[::-1])]
    runs = {track[start:end] for track in both_ways for end in range(len(track) + 1) for start in range(end - 2)}
    sequences = "|".join(re.escape(run) for run in sorted(runs, key=len, reverse=True))
    words = COMMON_WORDS | {word[::-1] for word in COMMON_WORDS} | {_once(word) for word in COMMON_WORDS}
    return (
        (re.compile(_any_of(words)), WORD),
        (re.compile(rf"(?:19|20)\d\d|{sequences}|([^\0])\1\1+"), SEQUENCE),
        (re.compile(_any_of(SHORT_WORDS)), SHORT_WORD),
    )


def _worth(text: str, names: Collection[str]) -> int:
    pieces = ((re.compile(_any_of(names)), OWN_NAME), *_pieces()) if names else _pieces()
    worth = 0
    for pattern, each in pieces:
        text, found = pattern.subn("\0", text)
        worth += found * each
    return worth + sum(LETTER if sign.isalpha() else OTHER for sign in text if sign != "\0")


def _is_weak(text: str, names: Collection[str]) -> bool:
    # As it is, with doubled characters written once, and as two interleaved texts (q1w2e3).
    readings = (REPEATED.sub(r"\1", text), _once(text), text[::2] + text[1::2])
    return any(_worth(reading, names) < ENOUGH for reading in readings)


def _names(username: str) -> set[str]:
    name = normalize("NFKC", username).casefold()
    parts = {name, *re.split(r"[-_0-9]+", name), re.sub(r"[-_0-9]+", "", name)}
    return {part for part in parts if len(part) > len("ab")}.union(BOARD)


def why_refused(password: str, *, username: str = "") -> str | None:
    """Return a sentence that says what is wrong with this password, or None if it is good enough."""
    text = SEPARATORS.sub("", normalize("NFKC", password).casefold())[:LONGEST]
    steps = range(1, min(len(text) // 2 + 1, SHORTEST))
    if len(set(text)) < FEWEST_CHARACTERS or any(text[step:] == text[:-step] for step in steps):
        return REPEATS
    if _is_weak(text, ()):
        return COMMON
    return TELLING if _is_weak(text, _names(username)) else None
