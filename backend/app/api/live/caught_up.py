"""The sockets that have every event there is: what comes next is written to all of them at once."""

import asyncio
from typing import Final

from app.api.live.connection import Connection, frame_of
from app.services.feed.events import Ring, pieces
from app.services.feed.log import Position


class CaughtUp:
    """Connections that have every event so far, and whose clients take what they are sent. All have one `position`.

    Nothing is asked of a connection before it is written to: with thousands of them, that took a third as long as
    writing. So a connection says itself when it may not be written to any more, and then it is out; its socket sends
    it what comes, one event at a time and under a time limit, until it has caught up again.
    """

    position: Position  # without any connection, there is none

    def __init__(self) -> None:
        # Each with what its socket waits for: the position that the connection has when it leaves.
        self._connections: Final[dict[Connection, asyncio.Future[Position]]] = {}

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self._connections)

    async def stay(self, connection: Connection, position: Position) -> Position:
        """Keep a connection at this position, the ring's last, until it leaves; return the position it has by then."""
        if not connection.is_writable:
            return position
        self.position = position
        left: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self._connections[connection] = left
        connection.on_unwritable = self._leave
        try:
            return await left
        finally:
            self._connections.pop(connection, None)

    def _leave(self, connection: Connection) -> None:
        left = self._connections.pop(connection, None)
        if left is not None and not left.done():  # done is one whose socket is ending
            left.set_result(self.position)

    def disband(self) -> None:
        """Have all leave."""
        for connection in tuple(self._connections):
            self._leave(connection)

    def spread(self, ring: Ring) -> None:
        """Write what is new to all of them, each frame made once. Where the ring has lost some of it, all leave."""
        if not self._connections:
            return
        if not ring.covers(self.position.seq):
            self.disband()
            return
        for piece in pieces(ring.since(self.position.seq)):
            self.position = piece[-1].position  # also of those that leave while they are written to: it is on its way
            frames = b"".join(frame_of(event.message) for event in piece)
            for connection in tuple(self._connections):
                connection.transport.write(frames)
