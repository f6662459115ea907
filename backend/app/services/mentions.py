"""The grammar of references in a message: what names an issue, a pull request or a discussion on GitHub.

In doubt it follows GitHub Desktop's own filter (`issue-mention-filter.ts`): a number ends at a
word boundary, so `o/r#1.`, `o/r#1-2` and `o/r#1/2` all name 1, while `o/r#1a` and `o/r#1_x` name nothing.
"""

import re
from dataclasses import dataclass
from functools import cache
from unicodedata import category

AT_MOST = 20

# Linear in the message, whatever it holds. Every quantifier is possessive or bounded by a few characters, so no more
# than those is ever given back. A name is tried only where one can begin: the look-behind turns away every later
# character of it in one step, and a look-ahead reads at most 40. `://` and what hangs on it is eaten whole, and read
# once. What a URL says after its number is eaten too, in ASCII only, so that a script without spaces may follow.
_REFERENCE = r"""
    (?: (?P<url> (?<![A-Za-z0-9+]) (?i:https?://(?:www\.)?HOST) / )
      | (?<! [A-Za-z0-9_./\\@\#$-] )
    )
    (?P<owner> (?= [A-Za-z0-9_-]{1,39} / )
               [A-Za-z0-9]++ (?: - [A-Za-z0-9]++ )*+ (?: _ [A-Za-z0-9]++ )?+ )
    / (?P<repo> [A-Za-z0-9._-]{1,100}+ )
    (?(url) / (?:issues|pull|discussions) / | \# )
    (?P<number> [1-9] [0-9]{0,8}+ ) (?! [A-Za-z0-9_] )
    (?(url) (?: [/?\#] [!#-;=?-~]*+ )?+ )
    | :// [^\s<>"]++
    """

# `#12` and `GH-12`, which GitHub reads as numbers of the repository where they are written. `&#12;` is a character.
_BARE = r"""
    | (?<! [A-Za-z0-9_./\\@\#$&-] ) (?: \# | (?i:GH)- ) (?P<bare> [1-9] [0-9]{0,8}+ ) (?! [A-Za-z0-9_] )
    """

GITHUB = "github.com"

# `/orgs/NAME/discussions/1` is a discussion of an organisation. It has the shape of ours, but `orgs` owns nothing.
_NO_OWNERS = frozenset({"orgs"})
_NO_REPOS = frozenset({".", ".."})
_NO_ENDINGS = (".git", ".wiki")

_BACKTICKS_OR_BLANK_LINE = re.compile(r"`++|\n(?=[ \t]*+\n)")
_FENCE = 3


@dataclass(frozen=True, slots=True)
class Mention:
    """A number in a repository, in the letters in which it was written."""

    owner: str
    repo: str
    number: int

    @property
    def name(self) -> str:
        """As it is written in a message."""
        return f"{self.owner}/{self.repo}#{self.number}"

    @property
    def key(self) -> tuple[str, str, int]:
        """What GitHub takes for the same: neither owner nor repository minds case."""
        return self.owner.lower(), self.repo.lower(), self.number


@cache
def _grammar(host: str, *, bare: bool) -> re.Pattern[str]:
    return re.compile(_REFERENCE.replace("HOST", re.escape(host)) + (_BARE if bare else ""), re.VERBOSE)


def find(message: str, *, host: str = GITHUB, repository: str | None = None) -> list[Mention]:
    """The references of a message, each once, in the order written, at most `AT_MOST`.

    Args:
        message: what someone wrote.
        host: where GitHub is, with a port where its addresses have one.
        repository: the one (`owner/repo`) that bare numbers are of, `#12` and `GH-12`; without it they say nothing.
    """
    if "/" not in message and repository is None:
        return []  # nothing in it is a name, nor needs to be looked at any closer
    text = _without_code(message)
    found: dict[tuple[str, str, int], Mention] = {}
    for match in _grammar(host, bare=repository is not None).finditer(text):
        if len(found) == AT_MOST:
            break
        mention = _mention(match, text, repository)
        if mention is not None:
            found.setdefault(mention.key, mention)
    return list(found.values())


def _mention(match: re.Match[str], text: str, repository: str | None) -> Mention | None:
    if repository is not None and match["bare"] is not None:
        owner, _, repo = repository.partition("/")
        return Mention(owner, repo, int(match["bare"])) if _stands_alone(match, text, "bare") else None
    if match["owner"] is None or not _stands_alone(match, text, "number") or not _can_exist(match):
        return None
    return Mention(match["owner"], match["repo"], int(match["number"]))


def _can_exist(match: re.Match[str]) -> bool:
    repo = match["repo"].lower()
    return match["owner"].lower() not in _NO_OWNERS and repo not in _NO_REPOS and not repo.endswith(_NO_ENDINGS)


def _stands_alone(match: re.Match[str], text: str, number: str) -> bool:
    before = text[match.start() - 1] if match.start() else ""
    after = text[match.end(number) : match.end(number) + 1]
    return not ((before and _joins(before)) or (after and _joins(after)))


def _joins(neighbour: str) -> bool:
    """Whether this character makes one word with a name or number beside it.

    `éfoo` is a word of its own. Scripts without case write on without a space (`看foo/bar#1吧`, `foo/bar#1를`), so
    their letters part words here. An accent that combines belongs to the letter or digit before it.
    """
    return category(neighbour) in {"Lu", "Ll", "Lt", "Nd"} or "\u0300" <= neighbour <= "\u036f"


def _without_code(message: str) -> str:
    """The message with each code span replaced by a space, by CommonMark's rule, in one pass over its backticks.

    A run of backticks opens a span if a run of the same length follows, and otherwise stands for itself. A span ends
    with its paragraph, except in a fence of three or more. A backslash is only a backslash: a message is plain text.
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
