"""What all connections share: the client's address, how one is ended, and the queue of those that become WebSockets."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary

MAPPED: Final = "::ffff:"

# Seconds that a client gets to hang up after the server's last word.
LINGER: Final = 2.0


def plain(address: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return an address whose host is IPv4 if the client's is: a socket for both families has it as `::ffff:10.0.0.1`.

    Logs, limits on attempts and FORWARDED_ALLOW_IPS all name it in the plain form.
    """
    if address is None or not address[0].startswith(MAPPED) or "." not in address[0]:
        return address
    return address[0].removeprefix(MAPPED), address[1]


def hang_up(transport: asyncio.Transport, last_word: bytes) -> asyncio.TimerHandle:
    """Say the last word and end the connection once the client has hung up too, or after 2 s.

    To close it at once would reset it while the client still sends, and the client might not get to read the answer.
    Whoever calls this drops what still comes, and keeps the timer for as long as the connection lives.
    """
    if not transport.is_closing():
        transport.write(last_word)
        transport.write_eof()
    return asyncio.get_running_loop().call_later(LINGER, transport.abort)


class HandshakeQueue:
    """Lets one connection in at each turn of the event loop.

    A thousand clients that come back at once would else keep the loop from everything for as long as they take.
    """

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "HandshakeQueue":
        """Return the loop's own."""
        return _queues.setdefault(loop, cls(loop))

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()

    def put(self, enter: Callable[[], None]) -> None:
        """Have `enter` called when its turn comes."""
        self._waiting.append(enter)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        enter = self._waiting.popleft()
        if self._waiting:
            self._loop.call_soon(self._turn)
        enter()


_queues: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, HandshakeQueue]] = WeakKeyDictionary()
