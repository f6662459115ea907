"""What all schemas share."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("moment_out_of_range", "In UTC this is before the year 1 or after 9999.") from error


# A moment in UTC; it is written as RFC 3339 with `Z`.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]

# An id of PostgreSQL's bigint.
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]

# Moments that PostgreSQL and Python both know, with room for every time zone.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 12, 31, tzinfo=UTC)


class RequestModel(BaseModel):
    """What clients send: an unknown field is refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class AnswerModel(BaseModel):
    """What the board answers. Clients ignore fields that they do not know, so answers may gain."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page[Item](AnswerModel):
    """Part of a list, newest first. Without `next_cursor` it was the last."""

    items: list[Item]
    next_cursor: str | None
