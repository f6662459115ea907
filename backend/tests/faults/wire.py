"""A client's end of a WebSocket (RFC 6455), as thin as can be.

The stand has thousands of them on the machine whose server it watches: a library that checks and copies every frame
would take most of the processor. This one takes what the board sends: text in single frames, pings, and a close.
"""

import asyncio
from collections.abc import Callable
from typing import Final

TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
FINAL: Final = 0x80
MASKED: Final = 0x80
SHORT, LONG = 126, 127  # the lengths that say: the length follows, in two bytes, in eight

HANDSHAKE: Final = (
    b"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(payload: bytes, opcode: int) -> bytes:
    """Return a frame as a client sends it: masked, though by zeros."""
    size = len(payload)
    length = bytes([MASKED | size]) if size < SHORT else bytes([MASKED | SHORT]) + size.to_bytes(2)
    return bytes([FINAL | opcode]) + length + bytes(4) + payload


class Wire(asyncio.Protocol):
    """One connection: `on_text` gets each message, `closed` the close code in the end, or None where there was none."""

    def __init__(self, on_text: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int | None] = loop.create_future()
        self._on_text = on_text
        self._buffer = bytearray()
        self._code: int | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the socket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        """Take the answer to the handshake, then frames."""
        self._buffer += data
        if not self.opened.done():
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._transport.abort()
                return
            self.opened.set_result(None)
            self._buffer = rest
        self._take_frames()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the handshake was not answered"))
            self.opened.exception()  # it may be that nobody asks
        if not self.closed.done():
            self.closed.set_result(self._code)

    def send(self, payload: bytes, opcode: int = TEXT) -> None:
        """Send one frame."""
        self._transport.write(frame(payload, opcode))

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._transport.write(data)

    def pause(self) -> None:
        """Read nothing more."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def abort(self) -> None:
        """End the connection without a word."""
        self._transport.abort()

    def _take_frames(self) -> None:
        buffer, start = self._buffer, 0
        while len(buffer) - start >= 2:
            size, begin = buffer[start + 1], start + 2
            if size >= SHORT:
                wide = 2 if size == SHORT else 8
                size, begin = int.from_bytes(buffer[begin : begin + wide]), begin + wide
            if begin + size > len(buffer):
                break
            self._take(buffer[start], bytes(buffer[begin : begin + size]))
            start = begin + size
        del buffer[:start]

    def _take(self, first: int, payload: bytes) -> None:
        opcode = first & 0x0F
        if first == FINAL | TEXT:
            self._on_text(payload)
        elif opcode == PING:
            self.send(payload, PONG)
        elif opcode == CLOSE:
            self._code = int.from_bytes(payload[:2]) or None
            self.send(payload[:2], CLOSE)
            self._transport.close()
        elif opcode != PONG:
            raise AssertionError(f"the board sends no frame that begins with {first:#x}")


async def open_wire(port: int, on_text: Callable[[bytes], None], *, within: float = 10.0) -> Wire:
    """Open a socket of the live feed.

    Raises:
        OSError: the server did not take it.
        TimeoutError: it did not answer.
    """
    async with asyncio.timeout(within):
        _, wire = await asyncio.get_running_loop().create_connection(lambda: Wire(on_text), "127.0.0.1", port)
        try:
            await wire.opened
        except BaseException:
            wire.abort()
            raise
    return wire


async def answer_to_handshake(port: int, handshake: bytes = HANDSHAKE, *, within: float = 5.0) -> int:
    """Return the status of the answer to a handshake that is refused: the connection is closed after it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(handshake)
        async with asyncio.timeout(within):
            answer = await reader.read()
        return int(answer.split()[1]) if answer else 0
    finally:
        writer.transport.abort()
