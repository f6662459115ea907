"""What is sent over the live socket, besides the events themselves."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.base import RequestModel
from app.schemas.text import STORABLE


class AuthMessage(RequestModel):
    """A client's first message, and any later one that renews its token. `after` counts only in the first one."""

    type: Literal["auth"]
    token: Annotated[str, Field(min_length=1, max_length=4096, repr=False), STORABLE]
    after: Annotated[str, Field(max_length=100), STORABLE] | None = None
