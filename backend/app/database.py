"""The database: one engine and one session factory a process, and the base of all models.

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

# Connections are counted: workers x (POOL_SIZE + POOL_OVERFLOW + 1 that listens) x replicas stays under the 97 that
# PostgreSQL grants ordinary users by default.
POOL_SIZE: Final = 8
POOL_OVERFLOW: Final = 0  # one beyond the pool is closed when it is given back, and the next is opened anew
POOL_TIMEOUT: Final = 1.5  # seconds; a caller who waits longer gets 503 while the answer is still worth something
CONNECT_TIMEOUT: Final = 2.0  # seconds
PATIENCE: Final = 2.0  # seconds; how long one session waits in all, for connections and in its writing transactions
COMMAND_TIMEOUT: Final = 8.0  # seconds, for a path to the database that swallows packets

# What PostgreSQL itself ends, so that a writer that died or hangs can't hold the feed's counter (milliseconds).
SESSION_GUARDS: Final = {
    "lock_timeout": "1500",
    "statement_timeout": "6000",
    "idle_in_transaction_session_timeout": "5000",
    "transaction_timeout": "8000",
}

# How soon PostgreSQL notices that the other end of a connection is gone without a word, in 30 s. By its own defaults it
# keeps the slot for two hours, and a path that fails a few times would leave no free one (seconds, milliseconds).
KEEPALIVES: Final = {
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

# Constraint names are part of the code: a service tells what was violated by its name.
NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The declarative base that every model inherits from."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


# What the driver raises where a connection breaks. The last is for its own state, which a connection that is closed
# between two steps of a statement leaves behind; SQLAlchemy passes it on as it is.
LOST_CONNECTION: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_distrusted_until: float = float("-inf")


def was_never_sent(error: BaseException) -> bool:
    """Tell whether the driver sent nothing of a statement, as PostgreSQL had ended the connection by then.

    That is so between PostgreSQL's goodbye and the end of the stream: for asyncpg only the latter closes it.
    """
    refusals = ("cannot switch to state", "not connected")
    return isinstance(error, asyncpg.InternalClientError) and str(error).startswith(refusals)


def distrust_open_connections() -> None:
    """Have every connection that is open by now replaced before its next use: the path to the database fell silent.

    Whoever notices says so, or else each pooled connection would have a caller of its own wait in vain.
    """
    global _distrusted_until  # noqa: PLW0603 -- as there is one path, whatever engines there are
    _distrusted_until = time.monotonic()


def _note_opening(_dbapi_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["opened_at"] = time.monotonic()


def _refuse_lost_connection(dbapi_connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401
    """Replace a pooled connection that the server has closed or that is distrusted, at no cost of a round trip.

    asyncpg sees the end of the stream as it happens, so after a restart of PostgreSQL the first request already
    gets a fresh connection. A path that fell silent is found by the time limits above.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError("the server has closed this connection")
    if record.info["opened_at"] <= _distrusted_until:
        dbapi_connection.driver_connection.terminate()  # a goodbye would wait for an answer
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
        hide_parameters=True,  # an error's text ends in the log; its parameters are people's words and hashes
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT,
        connect_args={
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
    """Yield a session for one request, and close it in the end, also after an exception."""
    async with AsyncSessionLocal() as session:
        yield session


@asynccontextmanager
async def patience(session: AsyncSession) -> AsyncIterator[None]:
    """Let the block take what is left of the session's `PATIENCE` seconds.

    They are for all of its transactions together, so that whoever is told to come back later is told in time.

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
    """Callers who wait for one of the pool's connections: first come, first served.

    SQLAlchemy's own queue lets a caller who arrives overtake those who wait, so that one could wait for seconds.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(POOL_SIZE)
        self._loop: asyncio.AbstractEventLoop | None = None

    def places(self) -> asyncio.Semaphore:
        """Return the semaphore of as many places as the pool has connections."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # as in tests
            self._places, self._loop = asyncio.Semaphore(POOL_SIZE), loop
        return self._places


_queue: Final = _Queue()


@asynccontextmanager
async def turn(session: AsyncSession) -> AsyncIterator[None]:
    """Wait for a place among those who have a connection, and keep it for the session's transaction, the block.

    Raises:
        TimeoutError: none was free while the session's patience lasted.
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
        TimeoutError: none could be had while the session's patience lasted.
    """
    async with patience(session):
        await session.connection(execution_options=options)


def _lend(engine: AsyncEngine) -> PoolProxiedConnection | None:
    """Return a connection that lies in the pool, if one does: SQLAlchemy's greenlet would cost more than all else.

    It is 5 µs without and 27 with it (SQLAlchemy 2.1.9), and has nothing to wait for.
    """
    pool = engine.pool
    if isinstance(pool, QueuePool) and pool.checkedin():
        try:
            return engine.sync_engine.raw_connection()
        except MissingGreenlet:
            pass  # it was lost: the pool knows now, and opens another
    return None


class driver:  # noqa: N801 -- it is called as the functions above are
    """Lends a connection of the same pool as the driver knows it, each of whose statements is a transaction by itself.

    SQLAlchemy stands not between, which short statements of the busiest routes are spared. The block leaves no
    transaction open. A connection is waited for until that moment of the event loop's clock, or as long as a session's
    `PATIENCE`.

    Raises:
        TimeoutError: none could be had in time.
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
            # SQLAlchemy's name for what the driver said while it connected.
            raise error.__cause__ or error from None

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Give it back, unless it was cut off in the middle of a statement or is in a state that nobody knows."""
        try:
            if isinstance(error, (TimeoutError, asyncio.CancelledError, asyncpg.InternalClientError)):
                self._lent.invalidate()
            self._lent.close()
        finally:
            self._places.release()
