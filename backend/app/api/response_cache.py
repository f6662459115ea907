"""The response cache repeats an answer for as long as the board hasn't changed.

It authenticates the request first. The same round trip to the database also tells it the log's position. If it has an
answer to the same question, made at exactly that position and in the same quarter of an hour, it sends that answer, or
a 304 to a client that already has it. Every other request goes on to its route, together with the caller it found.

A route opts in by returning `repeatable(...)`. Everything that such an answer shows must move the log when it changes,
in the same transaction: `tests/integration/test_status_pages.py` checks that.
"""

import hashlib
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.api import etags
from app.api.authentication import CALLER, token_in
from app.api.compression import SMALLEST, CompressionMiddleware, accepts, compress
from app.api.errors import answer_to
from app.config import settings
from app.errors import BoardError
from app.schemas.tokens import TokenScope
from app.services.feed.log import Position
from app.services.identity import callers
from app.services.identity.callers import Caller

# A process stores this many answers, all of one version of the board, and none larger than this.
MOST_ANSWERS: Final = 32
LARGEST_ANSWER: Final = 512 * 1024  # bytes; the board with a thousand members

# The question is stored with its answer, and clients can make it any length.
LONGEST_QUERY: Final = 1024  # bytes

# An answer that says what is from today changes by itself, but never within a quarter of an hour, because time zones
# differ by whole quarters.
QUARTER_HOUR: Final = 15 * 60  # seconds

_HEADERS: Final = {
    "ETag": {
        "schema": {"type": "string"},
        "description": "Changes with the board and the query. What a search for words found has none.",
    },
}
# The schema of a route that opts in.
REPEATABLE: Final[dict[str, Any]] = {
    "responses": {
        200: {"headers": _HEADERS},
        304: {"headers": _HEADERS, "description": "The answer is still the one named by `If-None-Match`."},
    },
    "openapi_extra": {
        "parameters": [
            {
                "name": "If-None-Match",
                "in": "header",
                "schema": {"type": "string"},
                "description": "An `ETag`. If it still matches, the answer is an empty 304.",
            }
        ]
    },
}

# Path and query.
type Question = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the board: a position in the log, and a quarter of an hour by the database's clock."""

    position: Position
    quarter: int

    @classmethod
    def at(cls, position: Position, moment: datetime) -> "Version":
        """Return the version for a position and a time."""
        return cls(position, int(moment.timestamp()) // QUARTER_HOUR)

    def etag(self, question: Question) -> str:
        """Return the tag of an answer. It is weak: the compressed answer has the same one (RFC 9110, 8.8.3)."""
        said = f"{__version__} {settings.REVISION} {settings.github_url} {self.quarter} {question!r}"
        return f'W/"{self.position}-{hashlib.blake2s(said.encode(), digest_size=6).hexdigest()}"'


def _headers(tag: str) -> dict[str, str]:
    # Only its reader may store the answer, and must revalidate it each time.
    return {"ETag": tag, "Cache-Control": "private, no-cache"}


@dataclass(frozen=True)
class CachedResponse:
    """An answer in JSON, and its tag."""

    body: bytes
    tag: str

    @cached_property
    def plain(self) -> Response:
        """The response to a client that doesn't accept gzip."""
        vary = {} if len(self.body) < SMALLEST else {"Vary": "Accept-Encoding"}
        return Response(self.body, headers=_headers(self.tag) | vary, media_type="application/json")

    @cached_property
    def compressed(self) -> Response:
        """The response to a client that does. An answer smaller than `SMALLEST` bytes isn't compressed."""
        if len(self.body) < SMALLEST:
            return self.plain
        coded = {"Vary": "Accept-Encoding", "Content-Encoding": "gzip"}
        return Response(compress(self.body), headers=_headers(self.tag) | coded, media_type="application/json")

    def response(self, accept_encoding: str) -> Response:
        """Return a new response for each client, because the middleware outside adds headers to it."""
        response = copy(self.compressed if accepts(accept_encoding, "gzip") else self.plain)
        response.raw_headers = response.raw_headers.copy()
        return response


@dataclass(slots=True)
class Answers:
    """The stored answers of this process, all of the newest version of the board that it knows."""

    version: Version | None = None
    known: dict[Question, CachedResponse] = field(default_factory=dict)

    def find(self, version: Version, question: Question) -> CachedResponse | None:
        """Return the answer of exactly this version."""
        return self.known.get(question) if version == self.version else None

    def keep(self, version: Version, question: Question, answer: CachedResponse) -> None:
        """Store an answer. Answers of any other version are dropped."""
        if version != self.version:
            self.version, self.known = version, {}
        if len(answer.body) <= LARGEST_ANSWER and len(question[1]) <= LONGEST_QUERY:
            if len(self.known) >= MOST_ANSWERS:
                self.known.pop(next(iter(self.known)))
            self.known[question] = answer


answers: Final = Answers()


def _question(scope: Scope) -> Question:
    return scope["path"], scope["query_string"]


def _not_modified(tag: str) -> Response:
    return Response(status_code=304, headers={**_headers(tag), "Vary": "Accept-Encoding"})


def repeatable(request: Request, body: bytes, *, position: Position, moment: datetime) -> Response:
    """Return a route's response, and store it to be repeated.

    Args:
        request: the question.
        body: the answer, in JSON.
        position: the log's position at which the answer was read.
        moment: when it was read, by the database's clock.
    """
    question, version = _question(request.scope), Version.at(position, moment)
    tag = version.etag(question)
    answers.keep(version, question, CachedResponse(body, tag))
    if etags.matches(request.headers.get("if-none-match"), tag):
        return _not_modified(tag)
    return Response(body, headers=_headers(tag), media_type="application/json")


def _find(scope: Scope, headers: Headers, caller: Caller) -> Response | None:
    """Return the response to a request that needs no route: a stored answer, or a 304."""
    if caller.position is None or TokenScope.READ not in caller.scopes:
        return None
    question, version = _question(scope), Version.at(caller.position, caller.moment)
    answer, named = answers.find(version, question), headers.get("if-none-match")
    if named is not None and (answer is not None or named != etags.ANY):
        tag = version.etag(question)
        if etags.matches(named, tag):
            return _not_modified(tag)
    return None if answer is None else answer.response(headers.get("accept-encoding", ""))


class ResponseCache:
    """The middleware, inside CORS and the limits. Answers that it doesn't have are compressed on their way out.

    Only those to GET: no others are long.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._get = CompressionMiddleware(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        response: ASGIApp | None = None
        if scope["type"] == "http" and scope["method"] == "GET":
            response = self._get
            headers = Headers(scope=scope)
            token = token_in(headers.get("authorization"))
            if token is not None and ("if-none-match" in headers or _question(scope) in answers.known):
                try:
                    caller = scope[CALLER] = await callers.authenticate(token)
                except BoardError as error:
                    response = answer_to(error)
                else:
                    response = _find(scope, headers, caller) or self._get
        await (response or self.app)(scope, receive, send)
