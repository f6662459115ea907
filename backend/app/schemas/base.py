"""What all schemas share."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

# Times that PostgreSQL and Python both support, with room for every time zone.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 12, 31, tzinfo=UTC)

RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _written(value: object) -> object:
    # Pydantic would also accept a number as seconds since 1970, and a date as its midnight.
    if not isinstance(value, str) or not RFC_3339.fullmatch(value):
        raise PydanticCustomError("moment_form", "A time must be written as in RFC 3339: 2026-11-24T09:30:00Z.")
    return value


def _within_reach(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= LATEST:
        raise PydanticCustomError("moment_out_of_range", "A time must be in the years 1900 to 2999.")
    return moment


def _no_text(value: object) -> object:
    # In strict mode pydantic would refuse 12.0, which is a whole number in JSON. In lax mode it would accept "12" and
    # true.
    if isinstance(value, str | bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


def _in_digits(value: object) -> object:
    # Pydantic would also accept 1.0, +1, 1_0, 01 and " 1", so that one thing would have many addresses.
    if isinstance(value, str) and not re.fullmatch("0|[1-9][0-9]*", value):
        raise PydanticCustomError("int_parsing", "This must be a whole number in plain digits.")
    return value


def _as_in_json(value: object) -> object:
    # Pydantic would also accept 1, on and YES.
    if isinstance(value, str) and value not in {"true", "false"}:
        raise PydanticCustomError("bool_parsing", "This must be true or false.")
    return value


# A time that the board answers, written as RFC 3339 with `Z`: PostgreSQL's sessions are in UTC.
Moment = AwareDatetime

# What clients send. Limits of a number go between `int` and NUMBER, so that the schema shows them.
GivenMoment = Annotated[
    AwareDatetime,
    AfterValidator(_within_reach),
    AfterValidator(lambda moment: moment.astimezone(UTC)),
    BeforeValidator(_written),
]
GivenBool = Annotated[bool, Strict()]
NUMBER = BeforeValidator(_no_text)

# What is in a path or a query. Limits of a number go between `int` and DIGITS.
DIGITS = BeforeValidator(_in_digits)
AddressBool = Annotated[bool, BeforeValidator(_as_in_json)]
# An id, as PostgreSQL's bigint.
Id = Annotated[int, Field(ge=1, le=2**63 - 1), DIGITS]


def known(values: type[StrEnum]) -> Any:  # noqa: ANN401 -- as pydantic's own Field
    """Return the field of an answer whose value is usually one of these.

    It is read as text, because another version that runs beside this one may have more values.
    """
    return Field(examples=list(values))


class RequestModel(BaseModel):
    """What clients send. An unknown field is refused, so that a typing error is noticed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class AnswerModel(BaseModel):
    """What the board answers. Clients ignore unknown fields, so fields can be added."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page[Item](AnswerModel):
    """A part of a list, newest first. Without `next_cursor` it is the last part."""

    items: list[Item]
    next_cursor: str | None
