"""What goes over the live feed's socket, beside the events themselves."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from app.schemas.base import RequestModel
from app.schemas.statuses import StatusRead
from app.schemas.text import STORABLE

STATUSES: TypeAdapter[list[StatusRead]] = TypeAdapter(list[StatusRead])


class AuthMessage(RequestModel):
    """The first message of a client, and the one that renews its token later; `after` counts in the first alone."""

    type: Literal["auth"]
    token: Annotated[str, Field(min_length=1, max_length=4096, repr=False), STORABLE]
    after: Annotated[str, Field(max_length=100), STORABLE] | None = None
