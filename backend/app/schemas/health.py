"""Liveness and readiness."""

from typing import Literal

from app.schemas.base import AnswerModel


class Health(AnswerModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(AnswerModel):
    """The process can do its work. `revision` is the git revision that the image was built from."""

    status: Literal["ready"] = "ready"
    version: str
    revision: str


class NotReady(AnswerModel):
    """What the process waits for."""

    status: Literal["not_ready"] = "not_ready"
    version: str
    revision: str
    missing: list[Literal["database", "migrations", "listener"]]
