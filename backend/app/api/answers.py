"""Answers that may be given again while the log has not moved, and that a client need not be sent twice (`ETag`).

Whoever asks is checked as ever, and the same round trip to the database tells where the log stands. If an answer to the
same question was made at that very position, it is given before any routing; else the route makes it, and it is kept.
What the answer shows must move the log whenever it changes, in the same transaction: see services/status_pages.py.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Header, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.config import settings
from app.errors import BoardError
from app.schemas.tokens import Scope as TokenScope
from app.services import callers
from app.services.callers import Caller
from app.services.feed import Position

PATHS: Final = frozenset({"/api/v1/statuses"})

# What a process keeps: so many answers of one position, none of them larger than this.
MOST_ANSWERS: Final = 64
LARGEST_ANSWER: Final = 128 * 1024  # bytes

# Who asks, or what is wrong with that, in the scope of a request that this middleware has checked.
CALLER: Final = "statusboard.caller"

# An answer may be kept, by its reader alone, and is asked for each time.
CACHE_CONTROL: Final = "private, no-cache"

_HEADERS: Final = {
    "ETag": {"required": True, "schema": {"type": "string"}, "description": "Changes with the board and the query."},
}
REVALIDATED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": _HEADERS},
    304: {"headers": _HEADERS, "description": "The answer is still the one that `If-None-Match` names."},
}

# For the schema: the middleware reads it.
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="An `ETag`: where it still fits, the answer is an empty 304."),
]

type Question = tuple[str, bytes]
type Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in JSON, and its headers."""

    headers: Headers
    body: bytes


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
        if len(answer.body) <= LARGEST_ANSWER:
            if len(self.known) >= MOST_ANSWERS:
                self.known.pop(next(iter(self.known)))
            self.known[question] = answer


at_hand = Answers()


def _question(scope: Scope) -> Question:
    return scope["path"], scope["query_string"]


def etag(position: Position, question: Question) -> str:
    """Return the tag of what this version of the board answers at a position."""
    said = f"{__version__} {settings.REVISION} {settings.github_url} {question!r}"
    return f'"{position}-{hashlib.blake2s(said.encode(), digest_size=6).hexdigest()}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Tell whether the client has what the tag stands for (RFC 9110, section 13.1.2: weak tags are as good)."""
    known = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in known or "*" in known


def fresh(request: Request, position: Position, body: bytes) -> Response:
    """Return the response with an answer that was just made at a position, and keep it."""
    question = _question(request.scope)
    headers = {"ETag": etag(position, question), "Cache-Control": CACHE_CONTROL}
    response = Response(body, media_type="application/json", headers=headers)
    at_hand.keep(position, question, Answer(response.raw_headers, body))
    return response


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value, "latin-1")
    return None


def _token(scope: Scope) -> str | None:
    scheme, _, token = (_header(scope, b"authorization") or "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


class AnswersMiddleware:
    """Gives answers that are at hand."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what can be answered, and pass on all else."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in PATHS:
            token = _token(scope)
            if token is not None and await self._is_answered(scope, send, token):
                return
        await self.app(scope, receive, send)

    @staticmethod
    async def _is_answered(scope: Scope, send: Send, token: str) -> bool:
        try:
            caller = scope[CALLER] = await callers.authenticate(token)
        except BoardError as error:
            scope[CALLER] = error
            return False
        if TokenScope.READ not in caller.scopes or caller.position is None:
            return False
        known = _header(scope, b"if-none-match")
        if known is not None and matches(known, tag := etag(caller.position, _question(scope))):
            headers = [(b"etag", tag.encode()), (b"cache-control", CACHE_CONTROL.encode())]
            await _send(send, 304, Answer(headers, b""))
            return True
        answer = at_hand.find(caller.position, _question(scope))
        if answer is None:
            return False
        await _send(send, 200, answer)
        return True


async def _send(send: Send, status: int, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


def checked_caller(request: Request) -> Caller | None:
    """Return who asks, if the middleware has looked already.

    Raises:
        BoardError: it has, and nobody may ask so.
    """
    known: Caller | BoardError | None = request.scope.get(CALLER)
    if isinstance(known, BoardError):
        raise known
    return known
