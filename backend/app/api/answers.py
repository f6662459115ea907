"""Answers that may be given again while the log has not moved, and that a client need not be sent twice (`ETag`).

Whoever asks is checked as ever, and the same round trip to the database tells where the log stands. If an answer to the
same question was made at that very position, it is given ahead of routing; else the route makes it, and it is kept.
What the answer shows must move the log whenever it changes, in the same transaction: see services/status_pages.py.
What it says of the day changes by itself, so that an answer that does is one to the question of a quarter of an hour.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Final, Self

from fastapi import Header, Request, Response
from starlette.types import Scope

from app import __version__
from app.api.compression import SMALLEST, compress
from app.config import settings
from app.errors import BoardError
from app.services.callers import Caller
from app.services.feed import Position

# What a process keeps: so many answers of one position, none of them larger than this.
MOST_ANSWERS: Final = 32
LARGEST_ANSWER: Final = 512 * 1024  # bytes; the board of a thousand members

# A client may ask the same in any length; what it asks is kept with the answer.
LONGEST_QUERY: Final = 1024  # bytes

# No day begins between two of them, wherever one is: time zones are whole quarters of an hour off.
QUARTER_HOUR: Final = 15 * 60  # seconds

# Who asks, or what is wrong with that, in the scope of a request that was checked ahead of routing (ahead.py).
CALLER: Final = "statusboard.caller"

# An answer may be kept, by its reader alone, and is asked for each time.
CACHE_CONTROL: Final = "private, no-cache"

# What CORSMiddleware would add to an answer to who names no origin, and after the compression.
VARY: Final = (b"vary", b"Origin")
VARY_CODED: Final = (b"vary", b"Accept-Encoding, Origin")

_HEADERS: Final = {
    "ETag": {"required": True, "schema": {"type": "string"}, "description": "Changes with the board and the query."},
}
REVALIDATED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": _HEADERS},
    304: {"headers": _HEADERS, "description": "The answer is still the one that `If-None-Match` names."},
}

# For the schema: it is read ahead of routing.
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="An `ETag`: where it still fits, the answer is an empty 304."),
]

# Path, query, and the quarter of an hour that is asked about, or None.
type Question = tuple[str, bytes, int | None]
type Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """An answer in JSON, and its headers."""

    headers: Headers
    body: bytes

    @cached_property
    def compressed(self) -> Self:
        """The same for a client that takes gzip; made once, when it is first asked for."""
        if len(self.body) < SMALLEST:
            return self
        body = compress(self.body)
        coded = [(b"content-length", str(len(body)).encode()), (b"content-encoding", b"gzip")]
        return type(self)([*(header for header in self.headers if header[0] != b"content-length"), *coded], body)


@dataclass(slots=True)
class Answers:
    """The answers that this process has made at the newest position that it knows of."""

    position: Position | None = None
    known: dict[Question, Answer] = field(default_factory=dict)

    def find(self, position: Position, question: Question) -> Answer | None:
        """Return an answer that was made at this very position."""
        return self.known.get(question) if position == self.position else None

    def keep(self, position: Position, question: Question, answer: Answer) -> None:
        """Keep an answer instead of all that are of another position."""
        if position != self.position:
            self.position, self.known = position, {}
        if len(answer.body) <= LARGEST_ANSWER and len(question[1]) <= LONGEST_QUERY:
            if len(self.known) >= MOST_ANSWERS:
                self.known.pop(next(iter(self.known)))
            self.known[question] = answer


at_hand = Answers()


def _question(scope: Scope, moment: datetime | None = None) -> Question:
    quarter = None if moment is None else int(moment.timestamp()) // QUARTER_HOUR
    return scope["path"], scope["query_string"], quarter


def is_known(scope: Scope) -> bool:
    """Tell whether the question was answered before, be it at another position."""
    return _question(scope) in at_hand.known


def etag(position: Position, question: Question) -> str:
    """Return the tag of what this version of the board answers at a position.

    It is weak, since it stands for the answer as it is and compressed (RFC 9110, section 8.8.3).
    """
    said = f"{__version__} {settings.REVISION} {settings.github_url} {question!r}"
    return f'W/"{position}-{hashlib.blake2s(said.encode(), digest_size=6).hexdigest()}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Tell whether the client has what the tag stands for (RFC 9110, section 13.1.2: weak tags are as good)."""
    known = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag.removeprefix("W/") in known or "*" in known


def made(scope: Scope, position: Position, body: bytes, moment: datetime | None = None) -> Answer:
    """Return the answer that was just made at a position, and keep it; with the moment, if it says what is of today."""
    question = _question(scope, moment)
    headers = [
        (b"etag", etag(position, question).encode()),
        (b"cache-control", CACHE_CONTROL.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"content-type", b"application/json"),
        VARY if len(body) < SMALLEST else VARY_CODED,
    ]
    answer = Answer(headers, body)
    at_hand.keep(position, question, answer)
    return answer


def fresh(request: Request, position: Position, body: bytes, moment: datetime | None = None) -> Response:
    """Return the response of a route with an answer that it has just made: see `made`."""
    answer = made(request.scope, position, body, moment)
    response = Response(body)
    response.raw_headers = [header for header in answer.headers if header[0] != b"vary"]
    return response


def find(
    scope: Scope, position: Position, if_none_match: bytes | None, moment: datetime | None = None
) -> tuple[int, Answer | None]:
    """Return an answer that still holds at this position, with its status; or the 304 for a client that has it.

    With a `moment`, it has to be of the same day as that, wherever one is.
    """
    question = _question(scope, moment)
    if if_none_match is not None and matches(if_none_match.decode("latin-1"), tag := etag(position, question)):
        return 304, Answer([(b"etag", tag.encode()), (b"cache-control", CACHE_CONTROL.encode()), VARY_CODED], b"")
    return 200, at_hand.find(position, question)


def checked_caller(request: Request) -> Caller | None:
    """Return who asks, if it was looked up already.

    Raises:
        BoardError: it was, and nobody may ask so.
    """
    known: Caller | BoardError | None = request.scope.get(CALLER)
    if isinstance(known, BoardError):
        raise known
    return known
