"""Liveness and readiness."""

from typing import Literal

from app.schemas.base import AnswerModel
from app.schemas.problems import Problem


class Health(AnswerModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(AnswerModel):
    """The process can do its work.

    `revision` is the git revision from which the image was built. Without a GitHub token, titles are off.
    """

    status: Literal["ready"] = "ready"
    version: str
    revision: str
    titles: Literal["on", "off"]


class NotReady(Problem):
    """What the process waits for."""

    version: str
    revision: str
    missing: list[Literal["database", "migrations", "listener"]]
