"""What goes over the live feed's socket, beside the events themselves."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.base import RequestModel
from app.schemas.text import STORABLE


class AuthMessage(RequestModel):
    """The first message of a client, and the one that renews its token later; `after` counts in the first alone."""

    type: Literal["auth"]
    token: Annotated[str, Field(min_length=1, max_length=4096, repr=False), STORABLE]
    after: Annotated[str, Field(max_length=100), STORABLE] | None = None
