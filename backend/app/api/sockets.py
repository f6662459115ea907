"""The open sockets of this process, the feed that they follow, and whether those behind them may still listen."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from app.api.errors import ACCOUNT_DISABLED, RESTART, UNAUTHENTICATED
from app.database import AsyncSessionLocal
from app.errors import BoardError
from app.services import callers
from app.services.events import Ring
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


class Sockets:
    """All of this process's sockets. They hold no database connection: they take one for as long as they read."""

    def __init__(self) -> None:
        self.open: set[LiveSocket] = set()
        # Those of them that have all that there is, and whose clients keep up: by how each is written to, since nothing
        # else is looked at for each of them when there is news.
        self.abreast: dict[Callable[[bytes], bool], LiveSocket] = {}
        self._abreast_at: Position | None = None
        self.feed = LiveFeed(on_other_history=self._end_all, on_news=self._spread)
        self.starting = asyncio.Semaphore(MOST_STARTING)
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

    def join(self, socket: "LiveSocket", write: Callable[[bytes], bool], position: Position) -> None:
        """Have a socket written to with all the others that have everything up to this position, the ring's last."""
        self.abreast[write] = socket
        self._abreast_at = position

    def _spread(self, ring: Ring) -> None:
        """Write what is new to all who are abreast, each frame made once; who can't take it goes its own way."""
        position, self._abreast_at = self._abreast_at, ring.last
        if position is None:
            return
        can_go_on = ring.covers(position.seq) and not ring.contradicts(position)
        news = ring.since(position.seq) if can_go_on else ()
        frames = b"".join(frame_of(event.frame) for event in news)
        for write in tuple(self.abreast):
            if not (frames and write(frames)):
                self.abreast.pop(write).fall_behind(position)

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
