"""What a block asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app import database
from app.services import transactions


class _Noted:
    """A connection of the driver that notes what it is asked."""

    def __init__(self, connection: Any, statements: list[str]) -> None:
        self._connection = connection
        self._statements = statements

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in {"fetch", "fetchrow", "fetchval", "execute"}:
            return found

        async def noted(statement: str, *values: object, **options: object) -> Any:
            self._statements.append(statement)
            return await found(statement, *values, **options)

        return noted


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Collect the statements that the app sends while the block runs, through SQLAlchemy and by the bare driver."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    class Driver(database.driver):
        async def __aenter__(self) -> Any:
            return _Noted(await super().__aenter__(), statements)

    engine = database.async_engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    transactions.driver = Driver
    try:
        yield statements
    finally:
        transactions.driver = database.driver
        event.remove(engine, "before_cursor_execute", note)
