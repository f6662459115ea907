"""What happens around every request: its id, its line in the access log, security headers, limits.

Pure ASGI: a middleware of coroutines around a response object would cost a third of the server's throughput.
"""

import logging
import random
import re
import time
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import answer, crashed, problem, unprocessable
from app.api.hosts import Hosts, refuse
from app.logs import REQUEST_ID

access_log = logging.getLogger("app.access")
log = logging.getLogger(__name__)

LARGEST_BODY: Final = 64 * 1024
# GitHub's deliveries about a pull request contain everything it knows, including a text of up to 65,536 characters.
LARGEST_DELIVERY: Final = 2 * 1024 * 1024
DELIVERIES: Final = "/api/v1/github/webhook"

# A client's own id is kept if it is short, can't break a log line, and doesn't look like one of the board's secrets
# (services/identity/secrets.py), because it is logged.
SANE_REQUEST_ID: Final = re.compile(rb"(?!(?:sb_)?[A-Za-z0-9_-]{43}\Z)[A-Za-z0-9._-]{1,64}")

LONGEST_ID: Final = 10  # digits; secrets are longer

# NUL, and the bytes with which UTF-8 would encode a lone surrogate.
UNSTORABLE: Final = re.compile(rb"\0|\xed[\xa0-\xbf][\x80-\xbf]")

# The API's answers load nothing and can't be framed. The pages have policies of their own.
API_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
SECURITY_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
# Over http, browsers ignore it, and complain on each page's console.
SECURE_HEADERS: Final = [*SECURITY_HEADERS, (b"cross-origin-opener-policy", b"same-origin")]

# Monitors and orchestrators ask for these often, and by any name.
MONITORED_PATHS: Final = frozenset({"/api/v1/health", "/api/v1/ready"})


def new_request_id() -> str:
    """Return an id for a request without one."""
    # It isn't a secret. A forked process draws different ids than its parent.
    return f"{random.getrandbits(64):016x}"


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SANE_REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return new_request_id()


def _address(scope: Scope) -> str | None:
    """Return the client's address. Anything else that a proxy sends as one isn't logged."""
    try:
        return str(ip_address(scope["client"][0].partition("%")[0]))
    except (KeyError, TypeError, ValueError):
        return None


def is_storable(scope: Scope) -> bool:
    """Tell whether the query and all headers are text that can be stored."""
    if scope["query_string"]:
        try:
            query = unquote_to_bytes(scope["query_string"]).decode()
        except UnicodeDecodeError:
            return False
        if "\0" in query:
            return False
    for _, value in scope["headers"]:  # noqa: SIM110 -- a generator costs more than all that it asks
        if UNSTORABLE.search(value):
            return False
    return True


def declares_more(length: bytes, largest: int) -> bool:
    """Tell whether a Content-Length is larger than this. `int()` alone fails beyond 4,300 digits."""
    digits = length.lstrip(b"0")
    return digits.isdigit() and (len(digits) > len(str(largest)) or int(digits) > largest)


class BoardMiddleware:
    """Around every request: request id, access log, security headers, the check of `Host`, the answer to a crash."""

    def __init__(self, app: ASGIApp, *, sockets: ASGIApp, words: Collection[str], hosts: Hosts) -> None:
        self.app = app
        self._sockets = sockets  # each further layer would use memory for as long as a socket lives
        self._hosts = hosts
        self._words = words  # of paths: see `_loggable`

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        token = REQUEST_ID.set(request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            kind = message["type"]
            if kind.endswith("http.response.start"):  # even for a socket that is refused
                status = message["status"]
                headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
                for name, _ in headers:
                    if name == b"content-security-policy":
                        break
                else:
                    headers.append((b"content-security-policy", API_POLICY))
                headers += SECURE_HEADERS if scope["scheme"] == "https" else SECURITY_HEADERS
                headers.append((b"x-request-id", request_id.encode()))
                message = {**message, "headers": headers}
            elif kind == "websocket.accept":
                status = 101
            elif kind == "websocket.close":
                status = message.get("code", 1000) if status else 403
            await send(message)

        app = self._sockets if scope["type"] == "websocket" else self.app
        is_known = scope["path"] in MONITORED_PATHS or self._hosts.include(scope)
        try:
            await (app if is_known else refuse)(scope, receive, send_with_headers)
        except Exception:
            log.exception("%s %s failed", scope.get("method", "WS"), self._loggable(scope["path"]))
            if status == 0 and scope["type"] == "http":
                await crashed()(scope, receive, send_with_headers)
        finally:
            self._log(scope, status, time.perf_counter() - started)
            REQUEST_ID.reset(token)

    def _loggable(self, path: str) -> str:
        """Return a path in which everything is a star except words of the board's own paths, and ids.

        Anything else may be a token or a password that someone put there by mistake.
        """
        parts = path.split("/")
        return "/".join(
            part if part in self._words or (part.isdecimal() and len(part) <= LONGEST_ID) else "*" for part in parts
        )

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        level = logging.DEBUG if scope["path"] in MONITORED_PATHS else logging.INFO
        if access_log.isEnabledFor(level):
            method, path = scope.get("method", "WS"), self._loggable(scope["path"])
            fields = {
                "method": method,
                "path": path,
                "status": status,
                "duration_ms": round(seconds * 1000, 2),
                "client": _address(scope),
            }
            access_log.log(level, "%s %s %s", method, path, status, extra=fields)


class LimitsMiddleware:
    """Refuses what no route should see: text that can't be stored, in the query or a header (422), and large bodies.

    A body may have 64 KiB, a webhook delivery 2 MiB.

    A body is refused because of its declared length, or once that much has arrived in chunks. FastAPI's own
    `max_body_size` runs outside of this middleware, and answers in plain text instead of a problem.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with a `receive` that counts."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received = 0
        largest, limit = (LARGEST_DELIVERY, "2 MiB") if scope["path"] == DELIVERIES else (LARGEST_BODY, "64 KiB")
        too_large = f"A request's body may have at most {limit}."

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > largest:
                raise HTTPException(413, too_large)
            return message

        if not is_storable(scope):
            refusal = unprocessable("Text must be UTF-8, without NUL and lone surrogates.", "query or header")
            await refusal(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"content-length" and declares_more(value, largest):
                refusal = answer(problem(413, "body_too_large", too_large))
                await refusal(scope, receive, send)
                return
        await self.app(scope, counted_receive, send)


class HeadMiddleware:
    """Answers HEAD like GET, without the body (RFC 9110, section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, send_without_body)
