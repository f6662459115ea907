"""uvicorn's HTTP protocol, with limits on how much a client sends and how slowly."""

import asyncio
import logging
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.api.errors import FRAMEWORK_CODES, answer, problem
from app.api.middleware import API_POLICY, SECURITY_HEADERS, new_request_id
from app.server.connections import HandshakeQueue, hang_up, plain
from app.server.forwarded import correct

log = logging.getLogger(__name__)

# Of a request's headers, including its first line, and of the trailers after a body.
LARGEST_HEAD: Final = 16 * 1024
MOST_FIELDS: Final = 100

# The headers must be complete within this time. After that, in each such period, at least this much of an unfinished
# body must arrive, or of an unread answer must be read.
WINDOW: Final = 10.0  # seconds
LEAST_BYTES: Final = 40 * 1024

# Requests that wait on a connection while another one is answered.
MOST_PIPELINED: Final = 32

# The rest of a body is read up to this size after its answer, so that the connection can serve another request.
MOST_IN_VAIN: Final = 64 * 1024

# What the parser gets at a time. Only between two pieces does it report how much of the headers it has seen.
PIECE: Final = 4096
# Overhead in bytes around each byte of a chunked body. A chunk with one byte has 5.
MOST_FRAMING: Final = 8


ABSOLUTE_TARGET: Final = re.compile(rb"[a-z]+://([^/?#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the server stops reading."""

    status: int
    detail: str


MALFORMED: Final = Refusal(400, "That isn't an HTTP request.")
TOO_SLOW: Final = Refusal(408, "The request did not arrive in time.")
TOO_LARGE: Final = Refusal(431, "A request's headers may have at most 16 KiB and 100 fields.")


class Reading(Enum):
    """Which part of a request has begun to arrive, and isn't complete."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


class Refused(Exception):
    """The server stops reading."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class HttpProtocol(HttpToolsProtocol):
    """A connection that speaks HTTP, until it asks for a WebSocket and gets its turn to become one.

    httptools has no limits: it would store endless headers completely.
    """

    reading = Reading.NOTHING
    # About the current request: bytes of its body and of its headers so far, bytes since it began, number of fields.
    taken = _head = _received = _fields = 0
    _taken_before = _unsent = 0  # when the current period began
    is_over = False
    arriving: asyncio.TimerHandle | None = None
    _leaving: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.client = plain(self.client)
        self.arriving = self.loop.call_later(WINDOW, self.look_at_request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        if self._leaving is not None:
            self._leaving.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, as long as it stays within the limits."""
        if self.is_over:
            return
        self._unset_keepalive_if_required()
        try:
            for start in range(0, len(data), PIECE):
                self._parse(data[start : start + PIECE])
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._unsupported_upgrade_warning()
        except (Refused, httptools.HttpParserError) as error:
            # The parser wraps exceptions from its callbacks.
            cause = error if isinstance(error, Refused) else error.__context__
            self._refuse(cause.refusal if isinstance(cause, Refused) else MALFORMED)
        else:
            self._wait()

    def _parse(self, piece: bytes) -> None:
        self.parser.feed_data(piece)
        if self.reading is not Reading.NOTHING:
            self._received += len(piece)
            # One piece may contain the end of the previous request.
            if self._received > LARGEST_HEAD + PIECE + (1 + MOST_FRAMING) * self.taken:
                raise Refused(TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self.reading = Reading.HEAD
        self.taken = self._head = self._received = self._fields = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field. Fields after a body are counted and dropped, because nobody uses them."""
        self._count(len(name) + len(value) + 4)  # colon, space, line end
        self._fields += 1
        if self._fields > MOST_FIELDS:
            raise Refused(TOO_LARGE)
        if self.reading is Reading.HEAD:
            super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > LARGEST_HEAD:
            raise Refused(TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Answer the request. If too many are waiting, close the connection after the last of them."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise Refused(MALFORMED)
        if target := ABSOLUTE_TARGET.match(self.url):
            # The host in an absolute address replaces `Host` (RFC 9112, section 3.2.2).
            self.headers[:] = [(name, value) for name, value in self.headers if name != b"host"]
            self.headers.append((b"host", target[1]))
        correct(self.scope, self.config)
        super().on_headers_complete()
        self.reading = Reading.BODY
        self._stop_waiting()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body. If the request is already answered, the rest may be too much to read."""
        self.taken += len(body)
        super().on_body(body)
        if self.taken > MOST_IN_VAIN and self._is_answered():
            raise Refused(TOO_LARGE)

    def on_message_complete(self) -> None:
        """Expect another request."""
        super().on_message_complete()
        self.reading = Reading.NOTHING

    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        """Start a time limit for the rest of a request, or for the next one."""
        if self.reading is not Reading.NOTHING:
            if self.arriving is None:
                self._taken_before = self.taken
                self.arriving = self.loop.call_later(WINDOW, self.look_at_request)
            return
        self._stop_waiting()
        if self._is_answered() and self.timeout_keep_alive_task is None:
            # It was a line break between two requests, or the rest of a body that was answered before its end.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _stop_waiting(self) -> None:
        if self.arriving is not None:
            self.arriving.cancel()
            self.arriving = None

    def look_at_request(self) -> None:
        """Keep waiting only for a body that arrives fast enough."""
        self.arriving = None
        came = self.taken - self._taken_before
        if self.flow.read_paused or (self.reading is Reading.BODY and came >= LEAST_BYTES):
            self._wait()
        elif self.reading is Reading.NOTHING:
            self.transport.close()
        else:
            self._refuse(TOO_SLOW)

    def _refuse(self, refusal: Refusal) -> None:
        """Stop reading, send the reason if it is this request's turn to be answered, and end the connection."""
        self.is_over = True
        self._stop_waiting()
        self.flow.resume_reading()
        if self._is_answered():
            is_said = self.reading is Reading.BODY and self.cycle is not None
            self._leaving = hang_up(self.transport, b"" if is_said else self._answer(refusal))
        elif self.reading is not Reading.BODY:
            self.cycle.keep_alive = False  # earlier requests are answered first
        elif self.pipeline or self.cycle.response_started:
            self.transport.close()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._leaving = hang_up(self.transport, self._answer(refusal))

    def _answer(self, refusal: Refusal) -> bytes:
        request_id = new_request_id()
        extra = {"status": refusal.status, "client": self.client and self.client[0], "request_id": request_id}
        log.info("A request was refused before it was read: %s", refusal.detail, extra=extra)
        response = answer(problem(refusal.status, FRAMEWORK_CODES[refusal.status], refusal.detail))
        headers = [
            *(*self.server_state.default_headers, *response.raw_headers, *SECURITY_HEADERS),
            (b"content-security-policy", API_POLICY),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return STATUS_LINE[refusal.status] + lines + b"\r\n" + bytes(response.body)

    def pause_writing(self) -> None:
        """Start a time limit for the client to read what was sent."""
        super().pause_writing()
        self._watch_leaving()

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        super().resume_writing()
        if self._leaving is not None and not self.is_over:
            self._leaving.cancel()

    def _watch_leaving(self) -> None:
        self._unsent = self.transport.get_write_buffer_size()
        self._leaving = self.loop.call_later(WINDOW, self._look_at_answer)

    def _look_at_answer(self) -> None:
        if self._unsent - self.transport.get_write_buffer_size() < LEAST_BYTES:
            self.transport.abort()
        else:
            self._watch_leaving()

    def handle_websocket_upgrade(self) -> None:
        """Stop reading until this connection's turn comes."""
        self._stop_waiting()
        self.transport.pause_reading()
        HandshakeQueue.of(self.loop).put(self._upgrade)

    def _upgrade(self) -> None:
        if not self.transport.is_closing():
            super().handle_websocket_upgrade()
            self.transport.resume_reading()
