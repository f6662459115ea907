"""One public service function is one transaction. These decorators begin it, commit it once, and roll it back.

A decorated function never commits. What its transaction appended to the log is announced only after its commit.
Database errors are raised as `DatabaseUnavailable`, so that callers don't need to know a driver.
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
    """Return PostgreSQL's five-character error code, or None if the connection broke without one."""
    return getattr(error.orig, "sqlstate", None)


def is_refusal(error: DBAPIError) -> bool:
    """Tell whether the database or the driver refuses `DATABASE_URL` itself, so that waiting is useless."""
    return sqlstate(error) in REFUSED or isinstance(
        error.orig and error.orig.__cause__, asyncpg.ClientConfigurationError
    )


def is_unavailability(error: DBAPIError) -> bool:
    """Tell whether the database is away, full, or not ready. Otherwise it has refused a statement."""
    if is_refusal(error):
        return True
    state = sqlstate(error)
    if state is None:
        # A broken connection has no SQLSTATE. Neither has a refusal by the driver, such as a value that it can't
        # encode.
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
            # This connection can't be used any more: a rollback would wait just as long.
            await db.invalidate()
            raise
        except BaseException:
            # A rollback expires the session's objects, and the caller's next look at one would be a query.
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
    # Some versions of PostgreSQL 17 call a search with too many words an internal error ("tsquery stack too small").
    return state[:2] in REFUSED_VALUE_CLASSES or (state == INTERNAL_ERROR and "tsquery" in str(error))


def _left_nothing(error: DBAPIError | asyncpg.PostgresError | asyncpg.InternalClientError) -> bool:
    """Tell whether a transaction can be run again: it collided with another, or its connection was already closed."""
    state = sqlstate(error) if isinstance(error, DBAPIError) else getattr(error, "sqlstate", None)
    if state in RETRIED:
        return True
    if was_never_sent(error):
        distrust_open_connections()  # PostgreSQL rarely ends a single connection
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
    """Run the service in a READ COMMITTED transaction. After a deadlock it is run once more.

    It waits for locks, often for several, and PostgreSQL's `lock_timeout` begins again for each. So all of it except
    the commit must be done within the session's time limit.

    Raises:
        DatabaseUnavailable: no connection was available, the database ended the transaction, or it took too long.
    """

    @functools.wraps(service)
    async def in_time(db: AsyncSession, /, *args: P.args, **kwargs: P.kwargs) -> R:
        async with patience(db):
            return await service(db, *args, **kwargs)

    return _in_transaction(in_time, {})


def snapshot[**P, R](service: Service[P, R]) -> Service[P, R]:
    """Run the service in a REPEATABLE READ READ ONLY transaction: all its queries see the same moment.

    Raises:
        DatabaseUnavailable: as in `transaction`.
        QueryRefused: a value was refused, which can only be one from a client.
    """
    return _in_transaction(service, {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}, reads=True)


def autocommit[**P, R](service: Service[P, R]) -> Service[P, R]:
    """Run the service's single statement without BEGIN and COMMIT, which saves two round trips.

    Raises:
        DatabaseUnavailable, QueryRefused: as in `snapshot`.
    """
    return _in_transaction(service, {"isolation_level": "AUTOCOMMIT"}, reads=True)


def _failure(error: Exception) -> Exception:
    """Return the error that callers get for the driver's error, or that error itself if it is our own mistake."""
    state = getattr(error, "sqlstate", None)
    if state in NOT_MIGRATED:
        return DatabaseNotMigrated()
    if state is None:
        # What the driver refuses, such as a value that it can't encode, is an InterfaceError and a ValueError.
        return error if isinstance(error, ValueError) else DatabaseUnavailable()
    return DatabaseUnavailable() if _means_unavailable(state) else error


async def _in_driver_transaction[R](connection: asyncpg.Connection, work: DriverWork[R], until: float | None) -> R:
    try:
        async with asyncio.timeout_at(until):
            await connection.execute("BEGIN")
            result = await work(connection)
    except (TimeoutError, asyncpg.InternalClientError):
        raise  # whoever lent the connection closes it
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
    """Do work on a connection of the driver. If it deadlocks, or was never sent, it is done once more.

    Args:
        work: what to do. It may be called twice.
        until: the deadline by the event loop's clock, except for the commit. If not given, the wait for a connection is
            limited as usual.
        as_one: whether it is one transaction, rolled back after an exception. Otherwise each statement is one.

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
    """Give the service a connection of the driver, for reading: see `directly`.

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
