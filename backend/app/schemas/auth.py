"""Accounts, logins and sessions."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.base import AnswerModel, Moment, RequestModel
from app.schemas.text import DisplayName, Password, Text, TimeZone, Username

# What is compared with a stored hash need not fit the rules for new names and passwords, but has an end.
GivenName = Annotated[Text, Field(min_length=1, max_length=100)]
GivenPassword = Annotated[Text, Field(min_length=1, max_length=1000)]
Code = Annotated[Text, Field(min_length=1, max_length=200)]


class Registration(RequestModel):
    """A new account. `invite` may be left out only where the board is open and has its first account."""

    username: Username
    display_name: DisplayName
    password: Password
    invite: Code | None = None
    time_zone: TimeZone = "UTC"


class Login(RequestModel):
    """A name and a password."""

    username: GivenName
    password: GivenPassword


class AccessToken(AnswerModel):
    """An access token for `Authorization: Bearer`, good for `expires_in` seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int


class PasswordChange(RequestModel):
    """A new password, by someone who knows the old one."""

    current_password: GivenPassword
    new_password: Password


class PasswordReset(RequestModel):
    """A new password, by someone who was given a reset code."""

    code: Code
    new_password: Password


class SessionRead(AnswerModel):
    """One of my sessions. `current` is the one that asks."""

    id: int
    created_at: Moment
    last_used_at: Moment
    expires_at: Moment
    user_agent: str
    current: bool
