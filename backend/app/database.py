"""The database: one engine and one session factory for each process, and the base of all models.

Importing this module opens nothing; the first query does.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy import MetaData, event
from sqlalchemy.exc import DisconnectionError, MissingGreenlet
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool
from sqlalchemy.util.concurrency import in_greenlet

from app.config import settings

# Connections are counted: `connections_needed` of all replicas together stays under the 97 that PostgreSQL grants
# ordinary users by default.
POOL_SIZE: Final = settings.DB_POOL_SIZE
POOL_OVERFLOW: Final = 0  # a connection beyond the pool would be closed when it is returned
POOL_TIMEOUT: Final = 1.5  # seconds; whoever waits longer gets a 503 while the answer is still useful
CONNECT_TIMEOUT: Final = 2.0  # seconds
PATIENCE: Final = 2.0  # seconds that one session may wait in all, for connections and in its writing transactions
COMMAND_TIMEOUT: Final = 8.0  # seconds, for a network that drops packets silently

# PostgreSQL itself ends these, so that a dead or hanging writer can't block the feed's counter (milliseconds).
SESSION_GUARDS: Final = {
    "lock_timeout": "1500",
    "statement_timeout": "6000",
    "idle_in_transaction_session_timeout": "5000",
    "transaction_timeout": "8000",
}

# Makes PostgreSQL notice within 30 s that the other end of a connection is gone. By default it keeps the slot for two
# hours, and a network that fails a few times would use up all slots (seconds, milliseconds).
KEEPALIVES: Final = {
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

# Constraint names are part of the code: a service recognises a violation by its name.
NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


# How many connections PostgreSQL grants to ordinary users.
CONNECTIONS_GRANTED: Final = """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - current_setting('reserved_connections')::int
"""
WORKERS_CONNECTIONS: Final = 5  # one for each job that runs


def connections_needed(processes: int) -> int:
    """Return how many connections a worker and so many web processes open at most: a pool, and one that listens."""
    return processes * (POOL_SIZE + POOL_OVERFLOW + 1) + WORKERS_CONNECTIONS


class Base(DeclarativeBase):
    """The declarative base that every model inherits from."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


# What the driver raises if a connection breaks. The last one is about the driver's own state, if a connection is closed
# between two steps of a statement. SQLAlchemy passes it on unchanged.
LOST_CONNECTION: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_distrusted_until: float = float("-inf")


def was_never_sent(error: BaseException) -> bool:
    """Tell whether the driver sent nothing of a statement, because PostgreSQL had already ended the connection.

    This happens between PostgreSQL's last message and the end of the stream. asyncpg closes the connection only at the
    latter.
    """
    refusals = ("cannot switch to state", "not connected")
    return isinstance(error, asyncpg.InternalClientError) and str(error).startswith(refusals)


def distrust_open_connections() -> None:
    """Replace every connection that is open now before its next use, because the network to the database fell silent.

    Otherwise each pooled connection would make another caller wait in vain.
    """
    global _distrusted_until  # noqa: PLW0603 -- as there is one path, whatever engines there are
    _distrusted_until = time.monotonic()


def _note_opening(_dbapi_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["opened_at"] = time.monotonic()


def _refuse_lost_connection(dbapi_connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401
    """Replace a pooled connection that is closed or distrusted. This needs no round trip.

    asyncpg notices the end of the stream at once, so the first request after a restart of PostgreSQL already gets a new
    connection. A silent network is noticed by the time limits above.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError("the server has closed this connection")
    if record.info["opened_at"] <= _distrusted_until:
        dbapi_connection.driver_connection.terminate()  # a clean goodbye would wait for an answer
        raise DisconnectionError("this connection is older than the silence on its path")


def _connect_in_a_greenlet(*_: object) -> None:
    """Refuse to connect where nothing can be awaited, before the driver begins: see `_lend`."""
    if not in_greenlet():
        raise MissingGreenlet


def create_engine(url: str) -> AsyncEngine:
    """Return an engine with the board's limits for the database at `url`."""
    engine = create_async_engine(
        url,
        echo=False,
        hide_parameters=True,  # an error's text reaches the log, and its parameters are people's texts and hashes
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT,
        connect_args={
            **settings.database_arguments,
            "timeout": CONNECT_TIMEOUT,
            "command_timeout": COMMAND_TIMEOUT,
            "server_settings": {
                "application_name": "statusboard",
                "timezone": "UTC",
                "jit": "off",
                **SESSION_GUARDS,
                **KEEPALIVES,
            },
        },
    )
    event.listen(engine.sync_engine, "do_connect", _connect_in_a_greenlet)
    event.listen(engine.sync_engine, "connect", _note_opening)
    event.listen(engine.sync_engine, "checkout", _refuse_lost_connection)
    return engine


async_engine: AsyncEngine = create_engine(settings.DATABASE_URL)

AsyncSessionLocal: async_sessionmaker[AsyncSession] = async_sessionmaker(async_engine, expire_on_commit=False)


async def get_db() -> AsyncGenerator[AsyncSession]:
    """Yield a session for one request, and close it at the end, even after an exception."""
    async with AsyncSessionLocal() as session:
        yield session


@asynccontextmanager
async def patience(session: AsyncSession) -> AsyncIterator[None]:
    """Limit the block to what is left of the session's `PATIENCE` seconds.

    They count for all of its transactions together, so that a client that must come back later is told in time.

    Raises:
        TimeoutError: the block took longer.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    left: float = session.info.get("patience", PATIENCE)
    try:
        async with asyncio.timeout(left):
            yield
    finally:
        session.info["patience"] = left - (loop.time() - started)


class _Queue:
    """Callers who wait for one of the pool's connections, in order.

    SQLAlchemy's own queue lets a new caller overtake those who wait, so that one could wait for seconds.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(POOL_SIZE)
        self._loop: asyncio.AbstractEventLoop | None = None

    def places(self) -> asyncio.Semaphore:
        """Return a semaphore with as many places as the pool has connections."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # in tests
            self._places, self._loop = asyncio.Semaphore(POOL_SIZE), loop
        return self._places


_queue: Final = _Queue()


@asynccontextmanager
async def turn(session: AsyncSession) -> AsyncIterator[None]:
    """Wait in the queue for a connection, and keep the place for the session's transaction, which is the block.

    Raises:
        TimeoutError: none was free within the session's time limit.
    """
    places = _queue.places()
    async with patience(session):
        await places.acquire()
    try:
        yield
    finally:
        places.release()


async def connect(session: AsyncSession, **options: Any) -> None:  # noqa: ANN401
    """Take a connection for the session's next transaction, with SQLAlchemy's execution `options`.

    Raises:
        TimeoutError: none was available within the session's time limit.
    """
    async with patience(session):
        await session.connection(execution_options=options)


def _lend(engine: AsyncEngine) -> PoolProxiedConnection | None:
    """Return an idle connection from the pool, if there is one, without SQLAlchemy's greenlet.

    This takes 5 µs instead of 27 (SQLAlchemy 2.1.9), and there is nothing to wait for.
    """
    pool = engine.pool
    if isinstance(pool, QueuePool) and pool.checkedin():
        try:
            return engine.sync_engine.raw_connection()
        except MissingGreenlet:
            pass  # it was lost; the pool knows that now, and opens another
    return None


class driver:  # noqa: N801 -- it is called as the functions above are
    """Lends a connection from the pool as the driver's own object. Each statement is a transaction by itself.

    This bypasses SQLAlchemy for the short statements of the hottest routes. The block must leave no transaction open.
    The wait for a connection ends at that time of the event loop's clock, or after `PATIENCE` seconds.

    Raises:
        TimeoutError: none was available in time.
    """

    __slots__ = ("_lent", "_places", "_until")

    _lent: PoolProxiedConnection
    _places: asyncio.Semaphore

    def __init__(self, until: float | None = None) -> None:
        self._until = until

    async def __aenter__(self) -> asyncpg.Connection:
        """Take the connection."""
        engine: AsyncEngine = AsyncSessionLocal.kw["bind"]
        places = _queue.places()
        until = asyncio.get_running_loop().time() + PATIENCE if self._until is None else self._until
        async with asyncio.timeout_at(until):
            await places.acquire()
        try:
            lent = _lend(engine)
            self._lent = await self._open_one(engine, until) if lent is None else lent
        except BaseException:
            places.release()
            raise
        self._places = places
        return self._lent.driver_connection

    @staticmethod
    async def _open_one(engine: AsyncEngine, until: float) -> PoolProxiedConnection:
        try:
            async with asyncio.timeout_at(until):
                return await engine.raw_connection()
        except engine.dialect.loaded_dbapi.Error as error:
            # SQLAlchemy wraps what the driver raised while it connected.
            raise error.__cause__ or error from None

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Return the connection, unless it was cut off in the middle of a statement or its state is unknown."""
        try:
            if isinstance(error, (TimeoutError, asyncio.CancelledError, asyncpg.InternalClientError)):
                self._lent.invalidate()
            self._lent.close()
        finally:
            self._places.release()
