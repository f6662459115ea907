"""What a block asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from app import database


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Collect the statements that the app sends while the block runs."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    engine = database.async_engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
