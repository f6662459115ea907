"""The live feed of this process: one connection that listens, and the newest events in memory for all sockets.

It is woken by a notification, by this process's own commits, and by a poll every second, and each time reads what is
new since it last looked. So a notification that was lost costs a second, and never an event.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import asyncpg
from sqlalchemy.engine import make_url

from app.config import settings
from app.services import wakeups
from app.services.events import Event, Ring
from app.services.feed import Position

log = logging.getLogger(__name__)

CHANNEL: Final = "statusboard_feed"
POLL: Final = 1.0  # seconds
PATIENCE: Final = 4.0  # seconds for any answer of the database; a path that fell silent is found by it
RETRY: Final = 1.0  # seconds between two attempts to connect
BATCH: Final = 1000

HEAD: Final = "SELECT seq, mark FROM feed_head"
# The last known event is read again each time: if it is not there as it was, this is another history.
READ: Final = "SELECT seq, mark, kind, subject_id, payload FROM feed_events WHERE seq >= $1 ORDER BY seq LIMIT $2"
NOTIFY: Final = f"SELECT pg_notify('{CHANNEL}', '')"


class LiveFeed:
    """Follows the log. `ring` holds its newest events, None until the database was reached for the first time."""

    def __init__(self, *, on_other_history: Callable[[], None]) -> None:
        self.ring: Ring | None = None
        self.connected = False
        self._on_other_history = on_other_history
        self._task: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self._news = asyncio.Event()
        self._committed = False

    def start(self) -> None:
        """Begin to follow the log, in the background; to start twice is to start once."""
        loop = asyncio.get_running_loop()
        if self._task is not None and not self._task.done() and self._task.get_loop() is loop:
            return
        self._look = asyncio.Event()
        self._news = asyncio.Event()
        wakeups.subscribe(self._on_commit)
        self._task = loop.create_task(self._follow(), name="live feed")

    async def stop(self) -> None:
        """Stop following, and close the connection."""
        wakeups.unsubscribe(self._on_commit)
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def wait_beyond(self, seq: int) -> None:
        """Return once there may be an event behind `seq`."""
        while self.ring is None or self.ring.last.seq <= seq:
            await self._news.wait()

    def _on_commit(self) -> None:
        self._committed = True
        self._look.set()

    async def _follow(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("The live feed lost the database and will try again: %s", error or type(error).__name__)
            finally:
                self.connected = False
            await asyncio.sleep(RETRY)

    async def _listen(self) -> None:
        url = make_url(settings.DATABASE_URL).set(drivername="postgresql")
        connection = await asyncpg.connect(
            url.render_as_string(hide_password=False),
            timeout=PATIENCE,
            command_timeout=PATIENCE,
            server_settings={"application_name": "statusboard listen", "timezone": "UTC"},
        )
        try:
            await connection.add_listener(CHANNEL, self._on_notification)
            while True:
                await self._read(connection)
                if not self.connected:
                    log.info("The live feed follows the log.")
                    self.connected = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._look.wait()
                self._look.clear()
                if self._committed:
                    self._committed = False
                    await connection.execute(NOTIFY)
        finally:
            # An orderly goodbye would wait for a server that may be gone.
            connection.terminate()

    def _on_notification(self, connection: asyncpg.Connection, sender: int, _channel: str, _payload: str) -> None:
        if sender != connection.get_server_pid():
            self._look.set()

    async def _read(self, connection: asyncpg.Connection) -> None:
        if self.ring is None:
            self.ring = Ring(Position(*await connection.fetchrow(HEAD)))
            self._tell_sockets()
        while True:
            last = self.ring.last
            rows = await connection.fetch(READ, last.seq, BATCH)
            if not rows or (rows[0]["seq"], rows[0]["mark"]) != (last.seq, last.mark):
                await self._begin_anew(connection)
                return
            for row in rows[1:]:
                self.ring.append(Event.from_row(*row))
            if len(rows) > 1:
                self._tell_sockets()
            if len(rows) < BATCH:
                return

    async def _begin_anew(self, connection: asyncpg.Connection) -> None:
        log.warning("The log is of another history than before: the database was restored. All sockets start anew.")
        self.ring = Ring(Position(*await connection.fetchrow(HEAD)))
        self._on_other_history()
        self._tell_sockets()

    def _tell_sockets(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
