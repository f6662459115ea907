"""What is asked for most is answered ahead of all routing: health, pages of statuses, posts, and sockets of the feed.

Each lane takes only what is quite ordinary, and gives exactly what the route would give; the tests compare the two.
Whatever else comes, a browser's request from another origin, a token or a body that is not good, goes on to the routes,
which know how to refuse it.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.exceptions import WebSocketException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from app.api import answers
from app.api.answers import CALLER, VARY
from app.api.errors import answer_to
from app.api.middleware import LARGEST_BODY, is_storable
from app.api.routes import live
from app.errors import BoardError
from app.schemas.health import Health
from app.schemas.statuses import StatusCreate, StatusQuery
from app.schemas.tokens import Scope as TokenScope
from app.services import callers, posting, status_pages
from app.services.callers import Caller

type Headers = dict[bytes, bytes]
# Answers and returns None, or returns what the routes are to receive from.
type Lane = Callable[[Scope, Headers, Receive, Send], Awaitable[Receive | None]]


def _headers_of(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json"), VARY]


HEALTHY: Final = Health().model_dump_json().encode()
HEALTHY_START: Final = {"type": "http.response.start", "status": 200, "headers": _headers_of(HEALTHY)}
HEALTHY_BODY: Final = {"type": "http.response.body", "body": HEALTHY}

# As in routes/statuses.py.
IDEMPOTENCY_KEY: Final = re.compile(rb"[!-~]{1,255}")


async def _give_health(_scope: Scope, _headers: Headers, _receive: Receive, send: Send) -> Receive | None:
    await send(HEALTHY_START)
    await send(HEALTHY_BODY)
    return None


async def _check(scope: Scope, headers: Headers, needed: TokenScope) -> Caller | None:
    """Return who asks, or None; what was found is in the scope, so that the routes need not look again."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    try:
        caller = scope[CALLER] = await callers.authenticate(token)
    except BoardError as error:
        scope[CALLER] = error
        return None
    return caller if needed in caller.scopes else None


def _ordinary_query(query_string: bytes) -> StatusQuery | None:
    given = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    values = dict(given)
    if len(values) < len(given) or "" in values.values():
        return None
    try:
        return StatusQuery.model_validate(values)
    except ValidationError:
        return None


async def _give_statuses(scope: Scope, headers: Headers, receive: Receive, send: Send) -> Receive | None:
    caller = await _check(scope, headers, TokenScope.READ)
    if caller is None:
        return receive
    status, answer = 200, None
    if caller.position is not None:
        known = headers.get(b"if-none-match")
        status, answer = answers.find(scope, caller.position, None if known is None else known.decode("latin-1"))
    if answer is None:
        if (wanted := _ordinary_query(scope["query_string"])) is None:
            return receive
        try:
            position, page = await status_pages.read(wanted)
        except BoardError as error:
            await _refuse(error, scope, receive, send)
            return None
        answer = answers.made(scope, position, page)
    await send({"type": "http.response.start", "status": status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})
    return None


async def _refuse(error: BoardError, scope: Scope, receive: Receive, send: Send) -> None:
    response = answer_to(error)
    response.raw_headers.append(VARY)
    await response(scope, receive, send)


async def _read(receive: Receive) -> list[Message]:
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Return what gives messages once more that were received already, and then goes on."""
    left = iter(messages)

    async def receive_again() -> Message:
        message = next(left, None)
        return await receive() if message is None else message

    return receive_again


async def _take_post(scope: Scope, headers: Headers, receive: Receive, send: Send) -> Receive | None:
    key = headers.get(b"idempotency-key")
    length = headers.get(b"content-length", b"")
    is_short = length.isdigit() and int(length) <= LARGEST_BODY and b"transfer-encoding" not in headers
    if not is_short or headers.get(b"content-type") != b"application/json":
        return receive
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        return receive
    messages = await _read(receive)
    caller = await _check(scope, headers, TokenScope.POST)
    if caller is None or messages[-1]["type"] != "http.request":
        return _again(messages, receive)
    try:
        data = StatusCreate.model_validate_json(b"".join(message.get("body", b"") for message in messages))
    except ValidationError:
        return _again(messages, receive)
    try:
        status = await posting.post(
            author=caller.user, data=data, key=None if key is None else key.decode(), since=caller.since
        )
    except BoardError as error:
        await _refuse(error, scope, receive, send)
    else:
        body = status.encode()
        await send({"type": "http.response.start", "status": 201, "headers": _headers_of(body)})
        await send({"type": "http.response.body", "body": body})
    return None


# Each layer that a socket goes through takes memory for as long as the socket lives.
LIVE: Final = "/api/v1/live"

LANES: Final[dict[tuple[str, str], Lane]] = {
    ("GET", "/api/v1/health"): _give_health,
    ("HEAD", "/api/v1/health"): _give_health,
    ("GET", "/api/v1/statuses"): _give_statuses,
    ("POST", "/api/v1/statuses"): _take_post,
}


class AheadMiddleware:
    """Takes what it can, and passes on all else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] == "websocket" and scope["path"] == LIVE:
            websocket = WebSocket(scope, receive, send)
            try:
                await live.follow_the_board(websocket)
            except WebSocketException as refusal:
                await websocket.close(refusal.code, refusal.reason)
            return
        if scope["type"] == "http" and (lane := LANES.get((scope["method"], scope["path"]))) is not None:
            headers: Headers = dict(reversed(scope["headers"]))  # of several of one name the first counts
            if b"origin" not in headers and is_storable(scope):
                left = await lane(scope, headers, receive, send)
                if left is None:
                    return
                receive = left
        await self.app(scope, receive, send)
