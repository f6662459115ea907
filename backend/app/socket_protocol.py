"""How uvicorn speaks WebSocket here: its own way, but for what malformed input does to it."""

import http

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection, from the handshake on. Whatever the client sends gets an answer, and no line in the log."""

    def data_received(self, data: bytes) -> None:
        """Answer a handshake that can't be read; uvicorn would leave the connection open in silence, for ever."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse()

    def send_receive_event_to_app(self) -> None:
        """Close with 1007 after text that is no UTF-8; uvicorn logs a traceback first, and trips over a close behind it."""
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
        """Close after a malformed frame; one that comes before the handshake is answered can't be told how."""
        if self.conn.close_sent is None:
            self.transport.abort()
        else:
            super().handle_parser_exception()

    def _refuse(self) -> None:
        # A line that is too long has its answer already.
        if not (answer := self.conn.data_to_send()) or not answer[0]:
            self.conn.send_response(self.conn.reject(http.HTTPStatus.BAD_REQUEST, "This is no WebSocket handshake.\n"))
            answer = self.conn.data_to_send()
        self.transport.write(b"".join(answer))
        self.transport.close()
