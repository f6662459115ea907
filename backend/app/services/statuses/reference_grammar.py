"""The grammar of references in a message: how it mentions an issue, a pull request or a discussion on GitHub.

In doubt it follows GitHub Desktop's own filter (`issue-mention-filter.ts`): a number ends at a word boundary. So
`o/r#1.`, `o/r#1-2` and `o/r#1/2` all mean 1, while `o/r#1a` and `o/r#1_x` are no references. The page uses the same
grammar (`web/board/grammar.js`), and `tests/grammar.json` tests both with the same cases.
"""

import re
from functools import cache
from typing import Final
from unicodedata import category

from app.places import Place

AT_MOST: Final = 20
GITHUB: Final = "github.com"

# These patterns read a message in which `_WORD` replaces each letter of another alphabet, and a space each symbol.
_WORD: Final = "\u00e9"

# `/orgs/NAME/discussions/1` is a discussion of an organisation. It looks like one of ours, but `orgs` is no owner.
_OWNER: Final = (
    r"(?! (?i:orgs) / ) (?= [A-Za-z0-9_-]{1,39} / ) [A-Za-z0-9]++ (?: - [A-Za-z0-9]++ )*+ (?: _ [A-Za-z0-9]++ )?+"
)
_REPO: Final = r"(?! \.\.? [/\#] ) [A-Za-z0-9._-]{1,100}+ (?<! (?i:\.git) ) (?<! (?i:\.wiki) )"
_NUMBER: Final = rf"[1-9] [0-9]{{0,8}}+ (?! [A-Za-z0-9_{_WORD}] )"
_HTTP: Final = rf"(?<! [A-Za-z0-9+{_WORD}] ) (?i:https?)://"

# How an address continues, by RFC 3986 and in letters that have case. It doesn't end in punctuation, and stops at a
# bracket that was opened before it.
_SIGN: Final = r".,;:!?'*_~"
_LETTER: Final = rf"A-Za-z0-9{_WORD}/\#@$&+=%-"
_INSIDE: Final = rf"[{_SIGN}{_LETTER}]*+"
_ON: Final = (
    rf"(?: (?: (?! [,;] (?i:https?):// ) [{_SIGN}] )*+ (?: [{_LETTER}] | \( {_INSIDE} \) | \[ {_INSIDE} \] ) )++"
)

# Runs in linear time for any message. Every quantifier is possessive or limited to a few characters, so there is hardly
# any backtracking. A name is tried only where one can begin: the look-behind rejects all later characters of it in one
# step, and a look-ahead reads at most 40. An address is consumed whole, and read once.
_GRAMMAR: Final = rf"""
      {_HTTP} (?i:(?:www\.)?HOST) / (?P<place> {_OWNER} / {_REPO} ) / (?:issues|pull|discussions) /
        (?P<number> {_NUMBER} ) (?: (?= [/?\#] ) {_ON} )?+
    | (?<! [A-Za-z0-9_{_WORD}./\\@\#$-] ) (?P<name> {_OWNER} / {_REPO} \# {_NUMBER} )
    # `#12` and `GH-12`, which GitHub reads as numbers of the repository where they are written. `&#12;` is a character.
    | (?<! [A-Za-z0-9_{_WORD}./\\@\#$&-] ) (?: \# | (?i:GH)- ) (?P<bare> {_NUMBER} )
    | :// {_ON}
    """

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_BACKTICKS_OR_BLANK_LINE: Final = re.compile(r"`++|\n(?=[ \t]*+\n)")
_FENCE: Final = 3


@cache
def _grammar(host: str) -> re.Pattern[str]:
    return re.compile(_GRAMMAR.replace("HOST", re.escape(host)), re.VERBOSE)


def find(message: str, *, host: str = GITHUB, repository: str | None = None) -> list[Place]:
    """Return the references of a message, each once, in the order written, at most `AT_MOST`.

    Args:
        message: a status's text.
        host: GitHub's host, with a port if its addresses have one.
        repository: the one (`owner/repo`) of bare numbers, `#12` and `GH-12`. Without it, they are no references.
    """
    found: dict[tuple[str, str, int], Place] = {}
    for match in _grammar(host).finditer(_in_one_alphabet(_without_code(message))):
        if len(found) == AT_MOST:
            break
        place = _place(match, repository)
        if place is not None:
            found.setdefault(place.key, place)
    return list(found.values())


def mentioned_in(message: str) -> list[Place]:
    """Return the references in a message, on the GitHub and with the repository that the settings name."""
    from app.config import settings  # noqa: PLC0415 -- `statusboard wait` asks `find`, and has no settings

    if "/" not in message and settings.GITHUB_REPOSITORY is None:
        return []  # most messages: nothing in them can be a name
    host = settings.github_url.partition("://")[2]
    return find(message, host=host, repository=settings.GITHUB_REPOSITORY)


def _place(match: re.Match[str], repository: str | None) -> Place | None:
    if match["name"] is not None:
        where, _, number = match["name"].partition("#")
    elif match["bare"] is not None:
        where, number = repository, match["bare"]
    else:
        where, number = match["place"], match["number"]
    if where is None:
        return None
    owner, _, repo = where.partition("/")
    return Place(owner, repo, int(number))


def _in_one_alphabet(message: str) -> str:
    return message if message.isascii() else _NOT_ASCII.sub(_letter_or_space, message)


def _letter_or_space(match: re.Match[str]) -> str:
    """Tell whether a character forms one word with a name or number beside it.

    `éfoo` is one word. Scripts without case continue without a space (`看foo/bar#1吧`, `foo/bar#1를`), so their letters
    end a word here. A combining accent belongs to the letter or digit before it.
    """
    character = match[0]
    joins = category(character) in {"Lu", "Ll", "Lt", "Nd"} or "\u0300" <= character <= "\u036f"
    return _WORD if joins else " "


def _without_code(message: str) -> str:
    """Return the message with each code span replaced by a space, by CommonMark's rule, in one pass over its backticks.

    A run of backticks opens a span if a run of the same length follows; otherwise it is ordinary text. A span ends with
    its paragraph, except in a fence of three or more. A backslash has no special meaning, because a message is plain
    text.
    """
    marks = list(_BACKTICKS_OR_BLANK_LINE.finditer(message))
    closing: list[int | None] = []
    nearest: dict[int, int] = {}
    for index in range(len(marks) - 1, -1, -1):
        if marks[index][0] == "\n":
            for length in range(1, _FENCE):
                nearest.pop(length, None)
            closing.append(None)
        else:
            length = len(marks[index][0])
            closing.append(nearest.get(length))
            nearest[length] = index
    closing.reverse()

    kept: list[str] = []
    start = index = 0
    while index < len(marks):
        end = closing[index]
        if end is not None:
            kept.append(message[start : marks[index].start()])
            start, index = marks[end].end(), end
        index += 1
    kept.append(message[start:])
    return " ".join(kept)
