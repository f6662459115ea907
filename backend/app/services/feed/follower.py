"""The live feed of this process: one listening connection, and the newest events in memory for all sockets.

It wakes on a notification, on this process's own commits that have notified nobody, and on a poll each second. Each
time it reads what is new. So a lost notification costs a second, but never an event. If a notification carries the very
next event, nothing has to be read.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from app.config import settings
from app.database import KEEPALIVES, LOST_CONNECTION, distrust_open_connections
from app.services import wakeups
from app.services.feed.events import Event, Ring
from app.services.feed.log import Position
from app.services.transactions import autocommit

log = logging.getLogger(__name__)

POLL: Final = 1.0  # seconds
ANSWER_WITHIN: Final = 4.0  # seconds for any answer of the database; this also notices a silent network
# Seconds between two attempts to connect. A cut connection is replaced at once. A database that stays away is asked
# less and less often, and by different workers at different times.
FIRST_RETRY: Final = 0.05
LAST_RETRY: Final = 2.0
BATCH: Final = 1000
# While more than one status is posted at a time, wake-ups are gathered for this long. Otherwise two round trips for a
# few statuses each would slow down posting considerably.
GATHER: Final = 0.005

# A process begins some events back: its sockets may reach the database earlier than it does, and clients that reconnect
# after a restart have missed only a little.
BEGIN: Final = f"""SELECT seq, mark FROM feed_events WHERE seq >= (SELECT seq FROM feed_head) - {BATCH}
                   ORDER BY seq LIMIT 1"""  # noqa: S608 -- a constant
# The last known event is read again each time. If it has changed, this is another history.
READ: Final = "SELECT seq, mark, kind, subject_id, payload FROM feed_events WHERE seq >= $1 ORDER BY seq LIMIT $2"
NOTIFY: Final = f"SELECT pg_notify('{wakeups.CHANNEL}', '')"

FAILED: Final = "The live feed failed and starts again."


@autocommit
async def notify(db: AsyncSession) -> None:
    """Wake the followers of other processes, from a process that has no follower."""
    await db.execute(text(NOTIFY))


class LiveFeed:
    """Follows the log. `ring` has its newest events. It is None until the current history is first read."""

    def __init__(self, *, on_other_history: Callable[[], None], on_news: Callable[[Ring], None]) -> None:
        self.ring: Ring | None = None
        self.connected = False
        self._on_other_history = on_other_history
        self._on_news = on_news
        self._task: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self._news = asyncio.Event()
        self._to_tell = False
        self._retry = FIRST_RETRY

    def start(self) -> None:
        """Start to follow the log in the background. A second call changes nothing."""
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

    async def wait_beyond(self, seq: int) -> Ring:
        """Return the ring once there is an event behind `seq`."""
        while self.ring is None or self.ring.last.seq <= seq:
            await self._news.wait()
        return self.ring

    def _on_commit(self) -> None:
        self._to_tell = True
        self._look.set()

    async def _follow(self) -> None:
        while True:
            try:
                await self._listen()
            except (DBAPIError, LookupError, *LOST_CONNECTION) as error:
                log.warning("The live feed lost the database and will try again: %s", error or type(error).__name__)
                if isinstance(error, TimeoutError):
                    distrust_open_connections()
            except Exception:
                # Whatever happened, the sockets must not wait for ever. They resume from the database.
                log.exception(FAILED)
                self._begin_anew()
            finally:
                self.connected = False
            await asyncio.sleep(self._retry * random.uniform(0.5, 1.0))  # noqa: S311 -- no secret
            self._retry = min(2 * self._retry, LAST_RETRY)

    async def _listen(self) -> None:
        async with self._engine().connect() as outer:
            connection = (await outer.get_raw_connection()).driver_connection
            assert isinstance(connection, asyncpg.Connection)
            try:
                await self._follow_with(connection)
            finally:
                # A clean goodbye would wait for a server that may be gone.
                connection.terminate()

    @staticmethod
    def _engine() -> AsyncEngine:
        # SQLAlchemy opens the connection, so that everything in DATABASE_URL applies to it too.
        return create_async_engine(
            settings.DATABASE_URL,
            poolclass=NullPool,
            connect_args={
                **settings.database_arguments,
                "timeout": ANSWER_WITHIN,
                "command_timeout": ANSWER_WITHIN,
                "server_settings": {"application_name": "statusboard listen", "timezone": "UTC", **KEEPALIVES},
            },
        )

    async def _follow_with(self, connection: asyncpg.Connection) -> None:
        await connection.add_listener(wakeups.CHANNEL, self._on_notification)
        connection.add_termination_listener(lambda _connection: self._look.set())
        while True:
            count = await self._read(connection)
            if not self.connected:
                log.info("The live feed follows the log.")
                self.connected = True
                self._retry = FIRST_RETRY
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._look.wait()
            if count > 1:
                await asyncio.sleep(GATHER)
            self._look.clear()
            if self._to_tell:
                self._to_tell = False
                await connection.execute(NOTIFY)

    def _on_notification(self, connection: asyncpg.Connection, sender: int, _channel: str, notification: str) -> None:
        try:
            is_taken = self._take(notification)
        except Exception:
            log.exception(FAILED)
            self._begin_anew()
            is_taken = False
        if not is_taken and sender != connection.get_server_pid():
            self._look.set()

    def _take(self, notification: str) -> bool:
        """Give the sockets the event from a notification, if it is the next one of the same history."""
        try:
            before, event = Event.from_notification(notification)
        except ValueError:
            return False
        if self.ring is None or self.ring.last != before:
            return False
        self.ring.append(event)
        self.tell_sockets()
        return True

    async def _read(self, connection: asyncpg.Connection) -> int:
        """Read what is new, give it to the sockets, and return the number of events."""
        count = 0
        if self.ring is None:
            begin = await connection.fetchrow(BEGIN)
            if begin is None:
                raise LookupError("the log is empty, as it is while the database is being restored")
            self.ring = Ring(Position(*begin))
        while True:
            ring, last = self.ring, self.ring.last
            rows = await connection.fetch(READ, last.seq, BATCH)
            if self.ring is not ring:
                return count  # a notification's event could not be used
            if not rows or (rows[0]["seq"], rows[0]["mark"]) != (last.seq, last.mark):
                log.warning("The log's history is no longer the same: the database was restored.")
                self._begin_anew()
                return count
            # Notifications may have brought the first of them in the meantime.
            new = rows[1 + self.ring.last.seq - last.seq :]
            count += len(new)
            for row in new:
                self.ring.append(Event.from_row(*row))
            if new:
                self.tell_sockets()
            if len(rows) < BATCH:
                return count

    def _begin_anew(self) -> None:
        self.ring = None
        self._on_other_history()

    def tell_sockets(self) -> None:
        """Announce that the ring has grown: to the caught-up sockets first, then to everyone who waits for it."""
        if self.ring is not None:
            self._on_news(self.ring)
        news, self._news = self._news, asyncio.Event()
        news.set()
