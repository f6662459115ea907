"""One public service function is one transaction: these decorators begin it, commit it once, and roll it back.

Whoever is decorated never commits. What the transaction appended to the log is announced after its commit, and only
then. Errors of the database come out as `DatabaseUnavailable`, so that no caller needs to know a driver.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import (
    LOST_CONNECTION,
    connect,
    distrust_open_connections,
    driver,
    patience,
    turn,
    was_never_sent,
)
from app.errors import DatabaseNotMigrated, DatabaseUnavailable, QueryRefused
from app.services import wakeups

type Service[**P, R] = Callable[Concatenate[AsyncSession, P], Coroutine[Any, Any, R]]
type DriverWork[R] = Callable[[asyncpg.Connection], Awaitable[R]]
type DirectService[**P, R] = Callable[Concatenate[asyncpg.Connection, P], Coroutine[Any, Any, R]]

# PostgreSQL's SQLSTATEs (appendix A of its manual).
RETRIED: Final = {"40001", "40P01"}  # serialisation failure, deadlock
NOT_MIGRATED: Final = {"42P01", "42703"}  # no such table, no such column
REFUSED: Final = {"28P01", "28000", "3D000"}  # wrong password, no such role, no such database
REFUSED_VALUE_CLASSES: Final = {"22", "54"}  # data exception, program limit exceeded
INTERNAL_ERROR: Final = "XX000"
UNAVAILABLE_CLASSES: Final = {"08", "53", "57"}  # connection, resources, operator intervention
UNAVAILABLE: Final = {
    "25P03",  # idle in transaction for too long
    "25P04",  # transaction timeout
    "25006",  # read only: a standby after a failover
    "55P03",  # lock timeout
    "58030",  # input or output error
}


def sqlstate(error: DBAPIError) -> str | None:
    """Return the five characters that PostgreSQL gave the error, or None where the connection broke without."""
    return getattr(error.orig, "sqlstate", None)


def is_refusal(error: DBAPIError) -> bool:
    """Tell whether `DATABASE_URL` itself is refused, by the database or by the driver, so that waiting doesn't help."""
    return sqlstate(error) in REFUSED or isinstance(
        error.orig and error.orig.__cause__, asyncpg.ClientConfigurationError
    )


def is_unavailability(error: DBAPIError) -> bool:
    """Tell whether the database is away, full, or not ready, as against a statement that it refused."""
    if is_refusal(error):
        return True
    state = sqlstate(error)
    if state is None:
        # A broken connection has no SQLSTATE; nor has what the driver itself refused, such as a value it can't encode.
        return error.connection_invalidated or "connection" in str(error.orig).lower()
    return _means_unavailable(state)


def _means_unavailable(state: str) -> bool:
    return state in UNAVAILABLE | RETRIED | REFUSED or state[:2] in UNAVAILABLE_CLASSES


async def _attempt[R](db: AsyncSession, options: dict[str, Any], work: Callable[[], Awaitable[R]]) -> R:
    db.info.pop(wakeups.APPENDED, None)
    async with turn(db):
        try:
            await connect(db, **options)
            result = await work()
            await db.commit()
        except (TimeoutError, asyncpg.InternalClientError):
            # Nothing more is to be expected of this connection: a rollback would wait for it just as long.
            await db.invalidate()
            raise
        except BaseException:
            # A rollback expires what the session holds, and the caller's next look at its own objects would be a query.
            db.expunge_all()
            await db.rollback()
            raise
    if db.info.pop(wakeups.APPENDED, False):
        wakeups.announce()
    return result


def _is_refusal(error: BaseException | None) -> bool:
    """Tell whether a value was refused: by PostgreSQL, as too complex or out of range, or by the driver."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return isinstance(error, ValueError)
    # Some versions of PostgreSQL 17 call a search of too many words an internal error ("tsquery stack too small").
    return state[:2] in REFUSED_VALUE_CLASSES or (state == INTERNAL_ERROR and "tsquery" in str(error))


def _left_nothing(error: DBAPIError | asyncpg.PostgresError | asyncpg.InternalClientError) -> bool:
    """Tell whether a transaction can be run once more: it met another, or its connection had ended before it."""
    state = sqlstate(error) if isinstance(error, DBAPIError) else getattr(error, "sqlstate", None)
    if state in RETRIED:
        return True
    if was_never_sent(error):
        distrust_open_connections()  # PostgreSQL rarely ends one alone
        return True
    return False


def _in_transaction[**P, R](service: Service[P, R], options: dict[str, Any], *, reads: bool = False) -> Service[P, R]:
    @functools.wraps(service)
    async def run(db: AsyncSession, /, *args: P.args, **kwargs: P.kwargs) -> R:
        async def work() -> R:
            return await service(db, *args, **kwargs)

        try:
            try:
                return await _attempt(db, options, work)
            except (DBAPIError, asyncpg.InternalClientError) as error:
                if not _left_nothing(error):
                    raise
                return await _attempt(db, options, work)
        except DBAPIError as error:
            if sqlstate(error) in NOT_MIGRATED:
                raise DatabaseNotMigrated from error.orig
            if is_unavailability(error):
                # The driver's error, without the statement and the link to SQLAlchemy's manual.
                raise DatabaseUnavailable from error.orig
            if reads and error.orig is not None and (_is_refusal(error.orig) or _is_refusal(error.orig.__cause__)):
                raise QueryRefused from error.orig
            raise
        except (PoolTimeoutError, *LOST_CONNECTION) as error:
            raise DatabaseUnavailable from error

    return run


def transaction[**P, R](service: Service[P, R]) -> Service[P, R]:
    """Run the service in a READ COMMITTED transaction; one that deadlocks is run once more.

    It queues for locks, often for several, and for each of them PostgreSQL's `lock_timeout` begins anew. So all of it
    but the commit has to be done while the session's patience lasts.

    Raises:
        DatabaseUnavailable: no connection could be had, the database ended the transaction, or it took too long.
    """

    @functools.wraps(service)
    async def in_time(db: AsyncSession, /, *args: P.args, **kwargs: P.kwargs) -> R:
        async with patience(db):
            return await service(db, *args, **kwargs)

    return _in_transaction(in_time, {})


def snapshot[**P, R](service: Service[P, R]) -> Service[P, R]:
    """Run the service in a REPEATABLE READ READ ONLY transaction: all its queries see one instant.

    Raises:
        DatabaseUnavailable: as in `transaction`.
        QueryRefused: a value was refused, which can only be one that a client has sent.
    """
    return _in_transaction(service, {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}, reads=True)


def autocommit[**P, R](service: Service[P, R]) -> Service[P, R]:
    """Run the service's single statement without BEGIN and COMMIT, which saves two round trips.

    Raises:
        DatabaseUnavailable, QueryRefused: as in `snapshot`.
    """
    return _in_transaction(service, {"isolation_level": "AUTOCOMMIT"}, reads=True)


def _failure(error: Exception) -> Exception:
    """Return what the driver's own error means to a caller, or the error itself where it is a mistake of ours."""
    state = getattr(error, "sqlstate", None)
    if state in NOT_MIGRATED:
        return DatabaseNotMigrated()
    if state is None:
        # What the driver refused, such as a value that it can't encode, is an InterfaceError and a ValueError.
        return error if isinstance(error, ValueError) else DatabaseUnavailable()
    return DatabaseUnavailable() if _means_unavailable(state) else error


async def _in_driver_transaction[R](connection: asyncpg.Connection, work: DriverWork[R], until: float | None) -> R:
    try:
        async with asyncio.timeout_at(until):
            await connection.execute("BEGIN")
            result = await work(connection)
    except (TimeoutError, asyncpg.InternalClientError):
        raise  # whoever lent the connection throws it away
    except Exception:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    await connection.execute("COMMIT")
    return result


async def _attempt_directly[R](
    connection: asyncpg.Connection, work: DriverWork[R], until: float | None, *, as_one: bool
) -> R:
    if as_one:
        return await _in_driver_transaction(connection, work, until)
    async with asyncio.timeout_at(until):
        return await work(connection)


async def directly[R](work: DriverWork[R], *, until: float | None = None, as_one: bool = False) -> R:
    """Do work on a connection as the driver knows it; what deadlocks, or was never sent, is done once more.

    Args:
        work: what to do; it may be called twice.
        until: the moment of the event loop's clock by which it has to be done, but for the commit. If not given, a
            connection is waited for as long as usual.
        as_one: whether it is one transaction, rolled back after an exception; else each statement is one by itself.

    Raises:
        DatabaseUnavailable: as in `transaction`.
    """

    async def attempt() -> R:
        async with driver(until) as connection:
            return await _attempt_directly(connection, work, until, as_one=as_one)

    try:
        try:
            return await attempt()
        except (asyncpg.PostgresError, asyncpg.InternalClientError) as error:
            if not _left_nothing(error):
                raise
            return await attempt()
    except PoolTimeoutError as error:
        raise DatabaseUnavailable from error
    except LOST_CONNECTION as error:
        failure = _failure(error)
        if failure is error:
            raise
        raise failure from error


def direct[**P, R](service: DirectService[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Give the service a connection as the driver knows it, to read: see `directly`.

    Raises:
        DatabaseUnavailable, QueryRefused: as in `snapshot`.
    """

    @functools.wraps(service)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await directly(lambda connection: service(connection, *args, **kwargs))
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if _is_refusal(error):
                raise QueryRefused from error
            raise

    return run
