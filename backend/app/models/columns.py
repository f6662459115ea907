"""Column types that every table shares."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, ColumnElement, DateTime, ForeignKey, Identity, LargeBinary, any_, func, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, mapped_column

# An id from the database. Ids say nothing about order; the feed's seq does.
BigId = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]

# When the row was written, by the database's clock, in UTC.
CreatedAt = Annotated[
    datetime,
    mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp(), nullable=False),
]

Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]

# SHA-256 of a random secret, which needs neither a salt nor a slow hash.
SecretHash = Annotated[bytes, mapped_column(LargeBinary(32))]

UserId = Annotated[int, mapped_column(BigInteger, ForeignKey("users.id", ondelete="RESTRICT"))]


def among(column: InstrumentedAttribute[int], ids: list[int]) -> ColumnElement[bool]:
    """Compare a column with many ids. They are one parameter, however many: IN (...) is limited to 32,767."""
    return column == any_(literal(ids, ARRAY(BigInteger)))
