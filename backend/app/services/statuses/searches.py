"""Reads that may look at very many rows. They have a share of the pool, in turns by member, and a time limit.

So posts and the board find a connection, however much people search.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from app.database import POOL_SIZE, POOL_TIMEOUT
from app.errors import DatabaseUnavailable, SearchTooSlow
from app.services.statements import Statement
from app.services.turns import Turns

AT_ONCE: Final = POOL_SIZE * 3 // 8  # of the connections of a process
MOST_WAITING: Final = 64
TIME_LIMIT: Final = 3.0  # seconds

_BUSY: Final = "Too many searches are running right now. Try again in a moment."
turns: Final = Turns(at_once=AT_ONCE, most_waiting=MOST_WAITING, patience=POOL_TIMEOUT, refusal=_BUSY)

QUERY_CANCELED: Final = "57014"


@asynccontextmanager
async def search(member_id: int) -> AsyncIterator[None]:
    """Wait for the member's turn, and keep it while the block reads.

    Raises:
        TooBusy: too many are searching, or no turn came in time.
        SearchTooSlow: the database ended it.
    """
    async with turns.turn(member_id):
        try:
            yield
        except DatabaseUnavailable as error:
            if getattr(error.__cause__, "sqlstate", None) == QUERY_CANCELED:
                raise SearchTooSlow from error.__cause__
            raise


def limit() -> str:
    """Return the statement that limits the time of all later statements in a transaction."""
    return f"SET LOCAL statement_timeout = {int(TIME_LIMIT * 1000)}"


async def fetch(
    connection: asyncpg.Connection, statement: Statement, values: dict[str, object]
) -> list[asyncpg.Record]:
    """Return the rows of a statement, which may take `TIME_LIMIT`.

    The driver asks PostgreSQL to end it, which needs fewer round trips than a transaction with a `statement_timeout`.

    Raises:
        SearchTooSlow: it took longer.
    """
    try:
        return await statement.fetch(connection, values, within=TIME_LIMIT)
    except TimeoutError:
        # After that, the connection can be used again.
        with suppress(asyncpg.QueryCanceledError):
            await connection.execute("SELECT 1")
        raise SearchTooSlow from None
