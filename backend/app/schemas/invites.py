"""Invites."""

from typing import Annotated

from pydantic import Field

from app.schemas.base import NUMBER, AnswerModel, Moment, RequestModel


class InviteCreate(RequestModel):
    """A new invite."""

    uses: Annotated[int, Field(ge=1, le=1000), NUMBER] = 1
    expires_in_days: Annotated[int, Field(ge=1, le=365), NUMBER] = 7


class InviteRead(AnswerModel):
    """An invite without its code. `created_by` is null if it was made on the command line."""

    id: int
    uses: int
    used: int
    created_by: str | None
    created_at: Moment
    expires_at: Moment


class InviteCreated(InviteRead):
    """An invite with its code, which is shown only once."""

    code: str
    url: str
