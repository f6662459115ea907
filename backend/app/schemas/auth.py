"""Accounts, logins and sessions."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.base import AnswerModel, Moment, RequestModel
from app.schemas.text import STORABLE, DisplayName, Password, TimeZone, Username

# What is compared with a stored hash need not fit the rules for new names and passwords, but has an end.
GivenName = Annotated[str, Field(min_length=1, max_length=100), STORABLE]
GivenPassword = Annotated[str, Field(min_length=1, max_length=1000), STORABLE]
Code = Annotated[str, Field(min_length=1, max_length=200), STORABLE]


class Registration(RequestModel):
    """A new account. `invite` may be left out only where the board is open and has its first account."""

    username: Username
    display_name: DisplayName
    password: Password = Field(repr=False)
    invite: Code | None = Field(default=None, repr=False)
    time_zone: TimeZone = "UTC"


class Login(RequestModel):
    """A name and a password."""

    username: GivenName
    password: GivenPassword = Field(repr=False)


class AccessToken(AnswerModel):
    """An access token for `Authorization: Bearer`, good for `expires_in` seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int


class PasswordChange(RequestModel):
    """A new password, by someone who knows the old one."""

    current_password: GivenPassword = Field(repr=False)
    new_password: Password = Field(repr=False)


class PasswordReset(RequestModel):
    """A new password, by someone who was given a reset code."""

    code: Code = Field(repr=False)
    new_password: Password = Field(repr=False)


class SessionRead(AnswerModel):
    """One of my sessions. `current` is the one that asks."""

    id: int
    created_at: Moment
    last_used_at: Moment
    expires_at: Moment
    user_agent: str
    current: bool
