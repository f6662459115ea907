"""How uvicorn speaks WebSocket here: its own way, but for what malformed input does to it."""

from http import HTTPStatus
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

NO_HANDSHAKE: Final = "This is no WebSocket handshake.\n"


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection, from the handshake on. Whatever the client sends gets an answer, and no line in the log."""

    def data_received(self, data: bytes) -> None:
        """Answer a handshake that can't be read; uvicorn would leave the connection open in silence, for ever."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse()

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
