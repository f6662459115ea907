"""The open sockets of this process, the feed that they follow, and whether those behind them may still listen."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

from app.api.errors import RESTART, TOO_SLOW, close_code
from app.api.live.caught_up import CaughtUp
from app.config import settings
from app.errors import BoardError
from app.services.feed.follower import LiveFeed
from app.services.identity import callers
from app.services.identity.callers import Credential

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


class Socket(Protocol):
    """A socket, as far as it is known here."""

    def end(self, code: int, reason: str) -> None:
        """Have it closed, from wherever in the process this is called."""


class Sockets:
    """All of this process's sockets. They hold no database connection: they take one for as long as they read."""

    def __init__(self) -> None:
        self.open: set[Socket] = set()
        self.silent = 0  # those of them that have sent no first message
        self.credentials: dict[Socket, Credential] = {}  # of those that have shown a good one
        self.of_members: Counter[int] = Counter()
        self.caught_up = CaughtUp()
        self.feed = LiveFeed(on_other_history=self._end_all, on_news=self.caught_up.spread)
        self.starting = asyncio.Semaphore(MOST_STARTING)
        self.untaken: dict[Socket, int] = {}  # those that wait longest first
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

    def give(self, socket: Socket, credential: Credential) -> bool:
        """Have a socket go on by this credential, unless its member has as many as they may; tell whether it does."""
        before, user_id = self.credentials.get(socket), credential.user_id
        if before is None or before.user_id != user_id:
            if self.of_members[user_id] >= settings.WS_MAX_SOCKETS_PER_MEMBER:
                return False
            self._take_back(socket)
            self.of_members[user_id] += 1
        self.credentials[socket] = credential
        return True

    def let_go(self, socket: Socket) -> None:
        """Forget a socket that is closed."""
        self.open.discard(socket)
        self._take_back(socket)

    def _take_back(self, socket: Socket) -> None:
        if (credential := self.credentials.pop(socket, None)) is not None:
            self.of_members[credential.user_id] -= 1
            if not self.of_members[credential.user_id]:
                del self.of_members[credential.user_id]

    @contextmanager
    def taking(self, socket: Socket, size: int) -> Iterator[None]:
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
                await self._end_those_without_standing()
            except BoardError as error:
                log.warning("Could not check whether the sessions of open sockets have ended: %s", error)

    async def _end_those_without_standing(self) -> None:
        ended = await callers.ended(set(self.credentials.values()))
        # By what each shows now: it may have shown another credential meanwhile, or be closed.
        for socket, credential in tuple(self.credentials.items()):
            if (error := ended.get(credential)) is not None:
                socket.end(close_code(error), error.text)
