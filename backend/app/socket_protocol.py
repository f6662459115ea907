"""How uvicorn speaks WebSocket here: its own way, but for what malformed input does to it."""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import Final
from weakref import WeakKeyDictionary

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

NO_HANDSHAKE: Final = "This is no WebSocket handshake.\n"
STOPPING: Final = "This server is stopping. Connect again.\n"


class Door:
    """Lets one handshake in at each turn of the event loop.

    A thousand clients that come back at once would else keep the loop from everything for as long as they take: 2 s,
    as `tests/faults/test_everyone_back_at_once.py` measured, where `/health` is now answered within 50 ms.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[tuple[SocketProtocol, bytes]] = deque()

    def queue(self, protocol: "SocketProtocol", handshake: bytes) -> None:
        """Have a connection wait for its turn."""
        self._waiting.append((protocol, handshake))
        if len(self._waiting) == 1:
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        protocol, handshake = self._waiting.popleft()
        if self._waiting:
            self._loop.call_soon(self._turn)
        protocol.shake_hands(handshake)


_doors: WeakKeyDictionary[asyncio.AbstractEventLoop, Door] = WeakKeyDictionary()


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection, from the handshake on. Whatever the client sends gets an answer, and no line in the log."""

    _is_in = False

    def data_received(self, data: bytes) -> None:
        """Wait for a turn with the handshake, which comes in one piece, and read nothing until then."""
        if self._is_in:
            super().data_received(data)
        else:
            self.transport.pause_reading()
            _doors.setdefault(self.loop, Door(self.loop)).queue(self, data)

    def shake_hands(self, data: bytes) -> None:
        """Answer the handshake, also one that can't be read: uvicorn would leave that open in silence, for ever."""
        if self.transport.is_closing():
            return
        self._is_in = True
        self.transport.resume_reading()
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse()

    def shutdown(self) -> None:
        """Say goodbye, or to who still waits for a turn, that there is none."""
        if self._is_in:
            super().shutdown()
        else:
            self.transport.write(self.conn.reject(HTTPStatus.SERVICE_UNAVAILABLE, STOPPING).serialize())
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """Close with 1007 after text that is no UTF-8: uvicorn logs a traceback, and trips over a close behind it."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA, "Text is UTF-8 here.")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Close after a malformed frame, and let the app know. Before the handshake is done, no code can be sent."""
        self.disconnected = True
        if self.conn.close_sent is None:
            self.transport.abort()
        else:
            super().handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """Close after a ping that nobody answered, and let the app know: uvicorn would log a crash if it still sent."""
        self.disconnected = True
        super().keepalive_timeout()

    def _refuse(self) -> None:
        # A line that is too long, and too many headers, have their answers already.
        answer = (
            b"".join(self.conn.data_to_send()) or self.conn.reject(HTTPStatus.BAD_REQUEST, NO_HANDSHAKE).serialize()
        )
        self.transport.write(answer)
        self.transport.close()
