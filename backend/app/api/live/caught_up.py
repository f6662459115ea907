"""The sockets that have every event so far. New events are written to all of them at once."""

import asyncio
from typing import Final

from app.api.live.connection import Connection, frame_of
from app.services.feed.events import Ring, pieces
from app.services.feed.log import Position


class CaughtUp:
    """Connections that have every event so far, and whose clients read what they are sent. All share one `position`.

    A connection isn't checked before each write, because with thousands of them that took a third as long as writing.
    Instead a connection reports when it can't be written to any more, and is removed. Its socket then sends it events
    one by one, with a time limit, until it has caught up again.
    """

    position: Position  # without any connection, there is none

    def __init__(self) -> None:
        # Each connection with its socket's future, whose result is the position that the connection has when it leaves.
        self._connections: Final[dict[Connection, asyncio.Future[Position]]] = {}

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._connections)

    async def stay(self, connection: Connection, position: Position) -> Position:
        """Keep a connection at this position, the ring's last, until it leaves. Return the position it then has."""
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
        if left is not None and not left.done():  # the future of an ending socket is done
            left.set_result(self.position)

    def disband(self) -> None:
        """Remove all connections."""
        for connection in tuple(self._connections):
            self._leave(connection)

    def spread(self, ring: Ring) -> None:
        """Write what is new to all connections, each frame made once. If the ring has lost a part of it, remove all."""
        if not self._connections:
            return
        if not ring.covers(self.position.seq):
            self.disband()
            return
        for piece in pieces(ring.since(self.position.seq)):
            self.position = piece[-1].position  # also for those that leave during the writing: they get this frame
            frames = b"".join(frame_of(event.message) for event in piece)
            for connection in tuple(self._connections):
                connection.transport.write(frames)
