"""What a live socket needs of its connection, beyond ASGI."""

from collections.abc import Callable
from typing import Final, Protocol

from websockets.frames import Frame, Opcode

# The extension of a socket's scope (ASGI, "Extensions") whose `protocol` is a `Connection`.
CONNECTION: Final = "statusboard.connection"


class Transport(Protocol):
    """Takes a connection's bytes."""

    def write(self, data: bytes, /) -> None:
        """Send these, without waiting."""


class Connection(Protocol):
    """A WebSocket that takes finished frames, so that many sockets can share one."""

    # Called when no more frames may be written: the client doesn't read, or the socket is closing. Frames that are
    # being written at that moment are still sent.
    on_unwritable: "Callable[[Connection], None] | None"

    @property
    def transport(self) -> Transport:
        """What frames are written to, if the connection is known to be writable."""

    @property
    def is_writable(self) -> bool:
        """Whether frames may be written: the client has read enough of the previous ones, and the socket is open."""

    async def send_frame(self, frame: bytes) -> None:
        """Write a frame once the client has read enough of the previous ones.

        Raises:
            OSError: the client is gone.
        """

    def abort(self) -> None:
        """Drop the connection, with everything that the client hasn't read."""


def frame_of(text: bytes) -> bytes:
    """Return the frame for a text in UTF-8, as `websockets` makes it for a connection without compression."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)
