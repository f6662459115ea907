"""Personal API tokens."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from app.schemas.base import AnswerModel, GivenMoment, Moment, RequestModel
from app.schemas.text import TokenName


class TokenScope(StrEnum):
    """What an API token can do."""

    READ = "read"
    POST = "post"


def _each_once(scopes: list[TokenScope]) -> list[TokenScope]:
    return sorted(set(scopes))


class TokenCreate(RequestModel):
    """A new token. Without `expires_at` it works until it is deleted."""

    name: TokenName
    scopes: Annotated[list[TokenScope], Field(min_length=1, max_length=10), AfterValidator(_each_once)]
    expires_at: GivenMoment | None = None


class TokenRead(AnswerModel):
    """A token without its secret."""

    id: int
    name: str
    scopes: list[TokenScope]
    created_at: Moment
    last_used_at: Moment | None
    expires_at: Moment | None


class TokenCreated(TokenRead):
    """A token with its secret, which is shown only once."""

    token: str
