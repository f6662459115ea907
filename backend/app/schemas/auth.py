"""Accounts, logins and sessions."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.base import AnswerModel, Moment, RequestModel
from app.schemas.text import STORABLE, DisplayName, Password, TimeZone, Username

# These passwords are compared with a stored hash. They don't have to follow the rules for new ones, but have a limit.
GivenName = Annotated[str, Field(min_length=1, max_length=100), STORABLE]
GivenPassword = Annotated[str, Field(min_length=1, max_length=1000), STORABLE]
Code = Annotated[str, Field(min_length=1, max_length=200), STORABLE]


class Registration(RequestModel):
    """A new account. `invite` is optional only if the board is open and already has an account."""

    username: Username
    display_name: DisplayName
    password: Password = Field(repr=False)
    invite: Code | None = Field(default=None, repr=False)
    time_zone: TimeZone = "UTC"


class Login(RequestModel):
    """A username and a password."""

    username: GivenName
    password: GivenPassword = Field(repr=False)


class AccessToken(AnswerModel):
    """An access token for `Authorization: Bearer`, valid for `expires_in` seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int


class PasswordChange(RequestModel):
    """A new password, from someone who knows the current one."""

    current_password: GivenPassword = Field(repr=False)
    new_password: Password = Field(repr=False)


class PasswordReset(RequestModel):
    """A new password, from someone with a reset code."""

    code: Code = Field(repr=False)
    new_password: Password = Field(repr=False)


class SessionRead(AnswerModel):
    """One of the caller's sessions. `current` marks the one that sent the request."""

    id: int
    created_at: Moment
    last_used_at: Moment
    expires_at: Moment
    user_agent: str
    current: bool
