"""The format of every error (RFC 9457, with FastAPI's `detail`)."""

from pydantic import BaseModel


class FieldError(BaseModel):
    """What is wrong with one field. The value isn't repeated."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """An error. `code` is for programs, `detail` for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str


class ValidationProblem(Problem):
    """An error with the fields that caused it."""

    errors: list[FieldError] = []
