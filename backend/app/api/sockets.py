"""The open sockets of this process, the feed that they follow, and whether those behind them may still listen."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from app.api.errors import ACCOUNT_DISABLED, RESTART, TOO_SLOW, UNAUTHENTICATED
from app.config import settings
from app.database import AsyncSessionLocal
from app.errors import BoardError
from app.services import callers
from app.services.events import Ring, pieces
from app.services.feed import Position
from app.services.live import LiveFeed
from app.socket_protocol import frame_of

if TYPE_CHECKING:
    from app.api.live_socket import LiveSocket

log = logging.getLogger(__name__)

# Twice within the 60 s in which a socket must be gone after its session has ended.
CHECK_EVERY: Final = 20.0

# Sockets that authenticate and read their beginning at once: each holds a connection of the pool, which has 8, and
# the rest is for requests. A thousand clients that come back after a restart queue here.
MOST_STARTING: Final = 4

# Those who have sent no first message may be a tenth of all, but that many in any case.
LEAST_SILENT: Final = 100

# Bytes of snapshots that clients have not taken yet, of all sockets together.
MOST_UNTAKEN: Final = 32 * 1024 * 1024


class Sockets:
    """All of this process's sockets. They hold no database connection: they take one for as long as they read.

    `abreast_at` is the position of all who are abreast; without any, there is none.
    """

    abreast_at: Position

    def __init__(self) -> None:
        self.open: set[LiveSocket] = set()
        self.silent = 0  # those of them that have sent no first message
        self.of_members: Counter[int] = Counter()
        # Those of them that have all that there is, and whose clients keep up: what is to be called where one can't go
        # on, and how it is written to, since nothing else is looked at for each when there is news.
        self.abreast: dict[Callable[[], None], Callable[[bytes], None]] = {}
        self.feed = LiveFeed(on_other_history=self._end_all, on_news=self._spread)
        self.starting = asyncio.Semaphore(MOST_STARTING)
        self.untaken: dict[LiveSocket, int] = {}  # those that wait longest first
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow the log and to watch over the sockets' credentials; to start twice is to start once."""
        self.feed.start()
        loop = asyncio.get_running_loop()
        if self._watch is None or self._watch.done() or self._watch.get_loop() is not loop:
            self.starting = asyncio.Semaphore(MOST_STARTING)
            self._watch = loop.create_task(self._watch_credentials(), name="socket credentials")

    async def stop(self) -> None:
        """Stop following and watching. The server has closed the sockets by then."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        await self.feed.stop()

    def has_room(self) -> bool:
        """Tell whether there may be another socket, of somebody who is still to say who they are."""
        most_silent = max(LEAST_SILENT, settings.WS_MAX_SOCKETS // 10)
        return len(self.open) < settings.WS_MAX_SOCKETS and self.silent < most_silent

    def give(self, socket: "LiveSocket", user_id: int) -> bool:
        """Count a socket as this member's, unless they have as many as they may; tell whether it is theirs now."""
        if socket.user_id != user_id:
            if self.of_members[user_id] >= settings.WS_MAX_SOCKETS_PER_MEMBER:
                return False
            self._take_back(socket)
            self.of_members[user_id] += 1
        return True

    def let_go(self, socket: "LiveSocket") -> None:
        """Forget a socket that is closed."""
        self.open.discard(socket)
        self._take_back(socket)

    def _take_back(self, socket: "LiveSocket") -> None:
        if (user_id := socket.user_id) is not None:
            self.of_members[user_id] -= 1
            if not self.of_members[user_id]:
                del self.of_members[user_id]

    def join(self, fall_behind: Callable[[], None], write: Callable[[bytes], None], position: Position) -> None:
        """Have a socket written to with all the others that have everything up to this position, the ring's last."""
        self.abreast[fall_behind] = write
        self.abreast_at = position

    @contextmanager
    def taking(self, socket: "LiveSocket", size: int) -> Iterator[None]:
        """Count what a socket is sent at its start, until its client has taken it.

        Where all that is too much, the member for whom most of it waits loses the socket that has waited longest.
        """
        self.untaken[socket] = size
        while sum(self.untaken.values()) > MOST_UNTAKEN:
            self._end_slowest()
        try:
            yield
        finally:
            self.untaken.pop(socket, None)

    def _end_slowest(self) -> None:
        held: Counter[int | None] = Counter()
        for socket, size in self.untaken.items():
            held[socket.user_id] += size
        (most, _), *_ = held.most_common(1)
        slowest = next(socket for socket in self.untaken if socket.user_id == most)
        del self.untaken[slowest]
        slowest.end(TOO_SLOW, "What was sent was not taken in time.")

    def _spread(self, ring: Ring) -> None:
        """Write what is new to all who are abreast, each frame made once; who can't take more goes its own way."""
        if not self.abreast:
            return
        position = self.abreast_at
        if not ring.covers(position.seq) or ring.contradicts(position):
            for fall_behind in tuple(self.abreast):
                fall_behind()
            return
        for piece in pieces(ring.since(position.seq)):
            self.abreast_at = piece[-1].position  # also of those for whom these are too many: they are on their way
            frames = b"".join(frame_of(event.message) for event in piece)
            for write in tuple(self.abreast.values()):
                write(frames)

    def _end_all(self) -> None:
        self.abreast.clear()
        for socket in tuple(self.open):
            socket.end(RESTART, "The board was restored from a backup. Connect again.")

    async def _watch_credentials(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY)
            try:
                await self._end_those_without_standing()
            except BoardError as error:
                log.warning("Whether the open sockets' sessions have ended could not be checked: %s", error)

    async def _end_those_without_standing(self) -> None:
        authenticated = [(socket, socket.credential) for socket in self.open if socket.credential is not None]
        if not authenticated:
            return
        credentials = [credential for _, credential in authenticated]
        async with AsyncSessionLocal() as db:
            standing = await callers.standing(
                db,
                sessions=[credential.session_id for credential in credentials if credential.session_id is not None],
                api_tokens=[c.api_token_id for c in credentials if c.api_token_id is not None],
                users=[credential.user_id for credential in credentials],
            )
        for socket, credential in authenticated:
            if socket.credential != credential:
                continue  # it has shown another meanwhile
            if credential.user_id in standing.disabled_users:
                socket.end(ACCOUNT_DISABLED, "This account is disabled.")
            elif not standing.includes(credential):
                socket.end(UNAUTHENTICATED, "This session has ended.")
