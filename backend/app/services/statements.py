"""Statements as the bare driver takes them: SQLAlchemy writes each once, and stands not between when it is run."""

from dataclasses import dataclass
from typing import Any, Self

import asyncpg
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import dialect


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, the names of its parameters in their order, and the values of those that are constants."""

    sql: str
    names: tuple[str, ...]
    constants: dict[str, Any]

    @classmethod
    def of(cls, query: ClauseElement) -> Self:
        """Write the statement of a query, whose values are named by `bindparam`."""
        compiled = query.compile(dialect=dialect())  # type: ignore[no-untyped-call]
        return cls(str(compiled), tuple(getattr(compiled, "positiontup", None) or ()), dict(compiled.params))

    async def fetch(
        self, connection: asyncpg.Connection, values: dict[str, Any], *, within: float | None = None
    ) -> list[asyncpg.Record]:
        """Run it with these values, and return its rows.

        Raises:
            TimeoutError: it took longer than so many seconds.
        """
        arguments = [values[name] if name in values else self.constants[name] for name in self.names]
        rows: list[asyncpg.Record] = await connection.fetch(self.sql, *arguments, timeout=within)
        return rows
