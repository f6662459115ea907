"""What is asked for most is answered ahead of all routing: health, the board, statuses, posts, and sockets of the feed.

Each lane takes only what is quite ordinary, and gives exactly what the route would give; the tests compare the two.
Whatever else comes, a browser's request from another origin, a token or a body that is not good, goes on to the routes,
which know how to refuse it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.exceptions import WebSocketException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from app.api import answers
from app.api.answers import CALLER, VARY, Answer
from app.api.bearer import token_in
from app.api.compression import accepts
from app.api.errors import answer_to
from app.api.middleware import LARGEST_BODY, declares_more, is_storable
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

NOT_MODIFIED: Final = 304

# As in routes/statuses.py.
IDEMPOTENCY_KEY: Final = re.compile(rb"[!-~]{1,255}")


async def _give_health(_scope: Scope, _headers: Headers, _receive: Receive, send: Send) -> Receive | None:
    await send(HEALTHY_START)
    await send(HEALTHY_BODY)
    return None


def _token(headers: Headers) -> str | None:
    return token_in(headers.get(b"authorization", b"").decode("latin-1"))


async def _check(scope: Scope, token: str | None, needed: TokenScope) -> Caller | None:
    """Return who asks, or None; what was found is in the scope, so that the routes need not look again."""
    if token is None:
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


def _recall(token: str, needed: TokenScope) -> Caller | None:
    caller = callers.recall(token)
    return caller if caller is not None and needed in caller.scopes else None


async def _give_statuses(scope: Scope, headers: Headers, receive: Receive, send: Send) -> Receive | None:
    try:
        found = await _new_page(scope, headers) or await _page(scope, headers)
    except BoardError as error:
        await _refuse(error, scope, receive, send)
        return None
    if found is None:
        return receive
    await _give(found, headers, send)
    return None


async def _give(found: tuple[int, Answer], headers: Headers, send: Send) -> None:
    status, answer = found
    if accepts(headers.get(b"accept-encoding", b"").decode("latin-1"), "gzip"):
        answer = answer.compressed
    await send({"type": "http.response.start", "status": status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _new_page(scope: Scope, headers: Headers) -> tuple[int, Answer] | None:
    """Return a page that nobody has asked for before to whoever was looked up shortly ago, in one round trip."""
    token = _token(headers)
    if token is None or b"if-none-match" in headers or answers.is_known(scope):
        return None
    known, wanted = _recall(token, TokenScope.READ), _ordinary_query(scope["query_string"])
    if known is None or wanted is None:
        return None
    page = await status_pages.read_by(known, wanted)
    if page is None:
        callers.forget(token)
        return None
    return 200, answers.made(scope, *page)


async def _page(scope: Scope, headers: Headers) -> tuple[int, Answer] | None:
    """Return a page that is at hand, or a 304, or else a page that is read; None where the route is to refuse it."""
    caller = await _check(scope, _token(headers), TokenScope.READ)
    if caller is None:
        return None
    status, answer = 200, None
    if caller.position is not None:
        status, answer = answers.find(scope, caller.position, headers.get(b"if-none-match"))
    # `If-None-Match: *` fits whatever there is, and not what there is not.
    wanted = _ordinary_query(scope["query_string"]) if answer is None or status == NOT_MODIFIED else None
    if answer is None and wanted is not None:
        answer = answers.made(scope, *await status_pages.read(caller, wanted))
    if answer is None or (status == NOT_MODIFIED and wanted is None):
        return None
    return status, answer


async def _give_board(scope: Scope, headers: Headers, receive: Receive, send: Send) -> Receive | None:
    """Give the board where it is at hand; else its route makes it."""
    caller = None if scope["query_string"] else await _check(scope, _token(headers), TokenScope.READ)
    if caller is None or caller.position is None:
        return receive
    status, answer = answers.find(scope, caller.position, headers.get(b"if-none-match"), caller.moment)
    if answer is None:
        return receive
    await _give((status, answer), headers, send)
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


def _is_ordinary_post(headers: Headers) -> bool:
    length = headers.get(b"content-length", b"")
    is_short = length.isdigit() and not declares_more(length, LARGEST_BODY) and b"transfer-encoding" not in headers
    key = headers.get(b"idempotency-key")
    has_good_key = key is None or IDEMPOTENCY_KEY.fullmatch(key) is not None
    return is_short and has_good_key and headers.get(b"content-type") == b"application/json"


async def _take_post(scope: Scope, headers: Headers, receive: Receive, send: Send) -> Receive | None:
    if not _is_ordinary_post(headers):
        return receive
    messages = await _read(receive)
    again = _again(messages, receive)
    if messages[-1]["type"] != "http.request":
        return again
    try:
        data = StatusCreate.model_validate_json(b"".join(message.get("body", b"") for message in messages))
    except ValidationError:
        return again
    key = headers.get(b"idempotency-key")
    try:
        status = await _post(scope, _token(headers), data, None if key is None else key.decode())
    except BoardError as error:
        await _refuse(error, scope, receive, send)
        return None
    if status is None:
        return again
    body = status.encode()
    await send({"type": "http.response.start", "status": 201, "headers": _headers_of(body)})
    await send({"type": "http.response.body", "body": body})
    return None


async def _post(scope: Scope, token: str | None, data: StatusCreate, key: str | None) -> str | None:
    """Return the status that was posted as JSON, or None where the caller may not."""
    since = asyncio.get_running_loop().time()
    if token is not None and (known := _recall(token, TokenScope.POST)) is not None:
        if (status := await posting.post_by(known, data=data, key=key, since=since)) is not None:
            return status
        callers.forget(token)
    caller = await _check(scope, token, TokenScope.POST)
    if caller is None:
        return None
    return await posting.post(author=caller.user, data=data, key=key, since=since)


def _as_get(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """Return what has a HEAD answered as GET is, without the body (RFC 9110, section 9.3.2)."""

    async def send_without_body(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return {**scope, "method": "GET"}, send_without_body


# Each layer that a socket goes through takes memory for as long as the socket lives.
LIVE: Final = "/api/v1/live"

LANES: Final[dict[tuple[str, str], Lane]] = {
    ("GET", "/api/v1/health"): _give_health,
    ("GET", "/api/v1/board"): _give_board,
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
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope, send = _as_get(scope, send)
        if scope["type"] == "http" and (lane := LANES.get((scope["method"], scope["path"]))) is not None:
            headers: Headers = dict(reversed(scope["headers"]))  # of several of one name the first counts
            if b"origin" not in headers and is_storable(scope):
                left = await lane(scope, headers, receive, send)
                if left is None:
                    return
                receive = left
        await self.app(scope, receive, send)
