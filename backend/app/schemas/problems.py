"""The one form of every error (RFC 9457, with FastAPI's `detail` kept)."""

from pydantic import BaseModel


class FieldError(BaseModel):
    """What is wrong with one field; what was sent is not repeated."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """An error. Programs branch on `code`, people read `detail`."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str


class ValidationProblem(Problem):
    """An error with the fields that caused it."""

    errors: list[FieldError] = []
