"""What all connections share: the client's address, hanging up, and the queue of WebSocket handshakes."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary

MAPPED: Final = "::ffff:"

# Seconds in which a client can hang up after the server's last message.
LINGER: Final = 2.0


def plain(address: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return an address with a plain IPv4 host: a socket for both families reports `::ffff:10.0.0.1`.

    Logs, limits on attempts and FORWARDED_ALLOW_IPS all use the plain form.
    """
    if address is None or not address[0].startswith(MAPPED) or "." not in address[0]:
        return address
    return address[0].removeprefix(MAPPED), address[1]


def hang_up(transport: asyncio.Transport, last_word: bytes) -> asyncio.TimerHandle:
    """Send the last bytes, and end the connection once the client has hung up too, or after 2 s.

    Closing at once would reset the connection while the client is still sending, and the client might not read the
    answer. The caller drops whatever still arrives, and keeps the timer for as long as the connection lives.
    """
    if not transport.is_closing():
        transport.write(last_word)
        transport.write_eof()
    return asyncio.get_running_loop().call_later(LINGER, transport.abort)


class HandshakeQueue:
    """Lets one connection start its handshake in each turn of the event loop.

    Otherwise a thousand clients that reconnect at once would block the loop until all are done.
    """

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "HandshakeQueue":
        """Return the loop's queue."""
        return _queues.setdefault(loop, cls(loop))

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()

    def put(self, enter: Callable[[], None]) -> None:
        """Call `enter` when its turn comes."""
        self._waiting.append(enter)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        enter = self._waiting.popleft()
        if self._waiting:
            self._loop.call_soon(self._turn)
        enter()


_queues: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, HandshakeQueue]] = WeakKeyDictionary()
