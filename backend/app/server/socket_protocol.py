"""uvicorn's WebSocket protocol, with answers to floods and malformed input, and with shared frames."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

from app.api.live.connection import CONNECTION, Connection
from app.server.connections import LINGER, hang_up, plain
from app.server.forwarded import correct

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

# Frames without content. A client needs a few pings a minute, as many pongs as it gets pings, and no empty frames.
MOST_IDLE_FRAMES: Final = 30  # a second
CONTROL: Final = frozenset({Opcode.PING, Opcode.PONG, Opcode.CLOSE})
# What the parser gets at a time, so that a flood is noticed before all of it is parsed. The shortest frame has 6 bytes.
PIECE: Final = 1024

NO_HANDSHAKE: Final = "This isn't a WebSocket handshake.\n"


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket, from its handshake on. Whatever the client sends is answered, and never logged."""

    on_unwritable: Callable[[Connection], None] | None = None
    _idle_frames = _second = 0
    _is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a connection from HTTP."""
        super().connection_made(transport)
        self.client = plain(self.client)
        self.close_timeout = LINGER

    def data_received(self, data: bytes) -> None:
        """Answer a handshake that can't be read. uvicorn would leave the connection open silently, for ever."""
        for start in range(0, len(data), PIECE):
            if self._is_over:
                break
            super().data_received(data[start : start + PIECE])
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                self._refuse()
        self._tell_if_unwritable()

    def handle_events(self) -> None:
        """Process what arrived, unless it is a flood of frames without content."""
        if not self._is_flooded():
            super().handle_events()
        elif self.close_sent:
            self._is_over = True
            self.transport.abort()
        else:
            self.conn.fail(CloseCode.POLICY_VIOLATION, "Too many control or empty frames.")
            self.handle_parser_exception()

    def _is_flooded(self) -> bool:
        frames = [event for event in self.conn.events if isinstance(event, Frame)]
        came = sum(frame.opcode in CONTROL or not frame.data for frame in frames)
        if came:
            second = int(self.loop.time())
            if second != self._second:
                self._second, self._idle_frames = second, 0
            self._idle_frames += came
        return came > 0 and self._idle_frames > MOST_IDLE_FRAMES

    def handle_connect(self, event: Request) -> None:
        """Let the app write frames without the protocol, so that thousands of sockets can share one frame."""
        super().handle_connect(event)
        if self.response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return
        correct(self.scope, self.config)
        if not self.conn.extensions:
            extensions = cast("dict[str, dict[str, object]]", self.scope["extensions"])
            extensions[CONNECTION] = {"protocol": self}

    async def send_frame(self, frame: bytes) -> None:
        """Write a finished frame, once the client has read enough of the previous ones.

        Raises:
            ClientDisconnected: the client is gone.
        """
        await self.writable.wait()
        if not self.is_writable:
            raise ClientDisconnected
        self.transport.write(frame)

    def abort(self) -> None:
        """Drop the connection, with everything that the client hasn't read."""
        self.transport.abort()

    async def send(self, message: ASGISendEvent) -> None:
        """Send what the app sends. A refused handshake counts as complete; uvicorn would log an error."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True

    @property
    def is_writable(self) -> bool:
        """Whether frames may be written: the client has read enough of the previous ones, and the socket is open."""
        return self.writable.is_set() and self.conn.state is State.OPEN and not self.transport.is_closing()

    def _tell_if_unwritable(self) -> None:
        if self.on_unwritable is not None and not self.is_writable:
            self.on_unwritable(self)

    def pause_writing(self) -> None:
        """Note that the client is too slow, and stop reading, because its pings would be answered in vain."""
        super().pause_writing()
        self.transport.pause_reading()
        self._tell_if_unwritable()

    def resume_writing(self) -> None:
        """Continue reading, unless the app still has to take a message."""
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> "ASGIReceiveEvent":
        """Return what came next. uvicorn then continues reading, whether or not the client reads."""
        message = await super().receive()
        if not self.writable.is_set():
            self.transport.pause_reading()
        return message

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the client is gone."""
        super().connection_lost(exc)
        self._tell_if_unwritable()

    def shutdown(self) -> None:
        """Send a close frame, after which nothing more is written."""
        super().shutdown()
        self._tell_if_unwritable()

    def send_receive_event_to_app(self) -> None:
        """Close with 1007 after text that isn't UTF-8. uvicorn would log a traceback, and fail at a later close."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA, "Text must be UTF-8.")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Close after a malformed frame, and tell the app. Before the handshake is done, no close code can be sent."""
        self.disconnected = self._is_over = True
        closed = self.conn.close_sent
        if closed is None:
            self.transport.abort()
            return
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": closed.code, "reason": closed.reason})
        self._hang_up(b"".join(self.conn.data_to_send()))

    def keepalive_timeout(self) -> None:
        """Close after an unanswered ping, and tell the app. uvicorn would log a crash if the app still sent."""
        self.disconnected = True
        super().keepalive_timeout()
        self._tell_if_unwritable()

    def _refuse(self) -> None:
        # A line that is too long, and too many headers, are already answered.
        answer = (
            b"".join(self.conn.data_to_send()) or self.conn.reject(HTTPStatus.BAD_REQUEST, NO_HANDSHAKE).serialize()
        )
        self._is_over = True
        self._hang_up(answer)

    def _hang_up(self, last_word: bytes) -> None:
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = hang_up(self.transport, last_word)
        self.transport.resume_reading()
