"""Statements that are written once, and run either in an SQLAlchemy session or directly by the driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import asyncpg
from sqlalchemy import ClauseElement, Executable
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncSession

# What runs a service's statement: a session's transaction, or a connection of the driver.
type Database = AsyncSession | asyncpg.Connection


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, the names of its parameters in their order, and the values of its constants."""

    query: Executable
    sql: str
    names: tuple[str, ...]
    constants: dict[str, Any]

    @classmethod
    def of(cls, query: Executable) -> Self:
        """Write the statement of a query, whose values are named by `bindparam`."""
        assert isinstance(query, ClauseElement)
        compiled = query.compile(dialect=dialect())  # type: ignore[no-untyped-call]
        return cls(query, str(compiled), tuple(getattr(compiled, "positiontup", None) or ()), dict(compiled.params))

    async def fetch(
        self, connection: asyncpg.Connection, values: Mapping[str, Any], *, within: float | None = None
    ) -> list[asyncpg.Record]:
        """Run it with these values by the driver, and return its rows.

        Raises:
            TimeoutError: it took longer than this many seconds.
        """
        arguments = [values[name] if name in values else self.constants[name] for name in self.names]
        rows: list[asyncpg.Record] = await connection.fetch(self.sql, *arguments, timeout=within)
        return rows

    async def run(self, db: Database, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Run it with these values in either way, and return its rows."""
        if isinstance(db, AsyncSession):
            result = await db.execute(self.query, values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []  # type: ignore[attr-defined]
        return await self.fetch(db, values)
