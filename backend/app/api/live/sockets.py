"""The open sockets of this process, the feed they follow, and the check that their members may still read."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from app.api.errors import RESTART, TOO_SLOW, close_code
from app.api.live.caught_up import CaughtUp
from app.config import settings
from app.database import POOL_SIZE
from app.errors import BoardError
from app.services.feed.follower import LiveFeed
from app.services.identity import callers
from app.services.identity.callers import Credential

log = logging.getLogger(__name__)

# Twice within the 60 s after which a socket must be closed once its session has ended.
CHECK_EVERY: Final = 20.0
CHECK_FAILED: Final = "Checking the sessions of open sockets failed, and is tried again."

# Sockets that authenticate and read their starting point at the same time. Each uses one of the pool's connections, and
# requests need the rest. A thousand clients that reconnect after a restart queue here.
MOST_STARTING: Final = POOL_SIZE // 2

# Sockets without a first message may be a tenth of all, or this many if that is more.
LEAST_SILENT: Final = 100

# Bytes of snapshots that clients haven't read yet, for all sockets together.
MOST_UNTAKEN: Final = 32 * 1024 * 1024


class Socket(Protocol):
    """What this module knows of a socket."""

    def end(self, code: int, reason: str) -> None:
        """Close it. Can be called from anywhere in the process."""


class Sockets:
    """All sockets of this process. They hold a database connection only while they read."""

    def __init__(self) -> None:
        self.open: set[Socket] = set()
        self.silent = 0  # those that have sent no first message
        self.credentials: dict[Socket, Credential] = {}  # of the authenticated ones
        self.of_members: Counter[int] = Counter()
        self.caught_up = CaughtUp()
        self.feed = LiveFeed(on_other_history=self._end_all, on_news=self.caught_up.spread)
        self.starting = asyncio.Semaphore(MOST_STARTING)
        self.untaken: dict[Socket, int] = {}  # the oldest first
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to follow the log and to check the sockets' credentials. A second call changes nothing."""
        self.feed.start()
        loop = asyncio.get_running_loop()
        if self._watch is None or self._watch.done() or self._watch.get_loop() is not loop:
            self.starting = asyncio.Semaphore(MOST_STARTING)
            self._watch = loop.create_task(self._watch_credentials(), name="socket credentials")

    async def stop(self) -> None:
        """Stop following and checking. The server has already closed the sockets."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
            self._watch = None
        await self.feed.stop()

    def has_room(self) -> bool:
        """Tell whether one more unauthenticated socket may be open."""
        most_silent = max(LEAST_SILENT, settings.WS_MAX_SOCKETS // 10)
        return len(self.open) < settings.WS_MAX_SOCKETS and self.silent < most_silent

    def give(self, socket: Socket, credential: Credential) -> bool:
        """Give a socket this credential, unless its member already has too many sockets. Tell whether it succeeded."""
        before, user_id = self.credentials.get(socket), credential.user_id
        if before is None or before.user_id != user_id:
            if self.of_members[user_id] >= settings.WS_MAX_SOCKETS_PER_MEMBER:
                return False
            self._take_back(socket)
            self.of_members[user_id] += 1
        self.credentials[socket] = credential
        return True

    def let_go(self, socket: Socket) -> None:
        """Forget a closed socket."""
        self.open.discard(socket)
        self._take_back(socket)

    def _take_back(self, socket: Socket) -> None:
        if (credential := self.credentials.pop(socket, None)) is not None:
            self.of_members[credential.user_id] -= 1
            if not self.of_members[credential.user_id]:
                del self.of_members[credential.user_id]

    @contextmanager
    def taking(self, socket: Socket, size: int) -> Iterator[None]:
        """Count what a socket is sent at its start, until its client has read it.

        If that is too much for all sockets together, the member with the most unread bytes loses the oldest such
        socket.
        """
        self.untaken[socket] = size
        while sum(self.untaken.values()) > MOST_UNTAKEN:
            self._end_slowest()
        try:
            yield
        finally:
            self.untaken.pop(socket, None)

    def _end_slowest(self) -> None:
        held: Counter[int] = Counter()
        for socket, size in self.untaken.items():
            held[self.credentials[socket].user_id] += size
        (most, _), *_ = held.most_common(1)
        slowest = next(socket for socket in self.untaken if self.credentials[socket].user_id == most)
        del self.untaken[slowest]
        slowest.end(TOO_SLOW, "The client reads too slowly.")

    def _end_all(self) -> None:
        self.caught_up.disband()
        for socket in tuple(self.open):
            socket.end(RESTART, "The board was restored from a backup. Connect again.")

    async def _watch_credentials(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY)
            try:
                await self._end_invalid()
            except BoardError as error:
                log.warning("Could not check whether the sessions of open sockets have ended: %s", error)
            except Exception:
                # Whatever it was, it must not be the end of all checks.
                log.exception(CHECK_FAILED)

    async def _end_invalid(self) -> None:
        ended = await callers.ended(set(self.credentials.values()))
        # Compare with the current credential: a socket may have sent another one in the meantime, or be closed.
        for socket, credential in tuple(self.credentials.items()):
            if (error := ended.get(credential)) is not None:
                socket.end(close_code(error), error.text)
