"""What a live socket needs of its connection, beyond ASGI."""

from collections.abc import Callable
from typing import Final, Protocol

from websockets.frames import Frame, Opcode

# The extension of a socket's scope (ASGI, "Extensions") whose `protocol` is a `Connection`.
CONNECTION: Final = "statusboard.connection"


class Transport(Protocol):
    """Where the bytes go."""

    def write(self, data: bytes, /) -> None:
        """Send these, without waiting."""


class Connection(Protocol):
    """A WebSocket that takes whole frames, so that many sockets can share one that was made once."""

    # Called when no more frames may be written: the client doesn't take them, or the socket is closing. Frames that
    # are being written at that moment are still sent.
    on_unwritable: "Callable[[Connection], None] | None"

    @property
    def transport(self) -> Transport:
        """What frames are written to, by whoever knows that the connection is writable."""

    @property
    def is_writable(self) -> bool:
        """Whether frames may be written: the client has taken enough of the ones before, and the socket is open."""

    async def send_frame(self, frame: bytes) -> None:
        """Write a frame once the client has taken what was written before.

        Raises:
            OSError: the client is gone.
        """

    def abort(self) -> None:
        """Drop the connection, with everything that the client hasn't taken."""


def frame_of(text: bytes) -> bytes:
    """Return the frame that carries a text in UTF-8, as `websockets` makes it for a connection without compression."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)
