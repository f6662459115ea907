"""The board: who is doing what, and what is in the way."""

from app.schemas.base import AnswerModel, Moment
from app.schemas.statuses import ReferenceRead, StatusRead
from app.schemas.users import UserRead


class Member(AnswerModel):
    """A member's newest status, and whether it is of today in that member's time zone."""

    user: UserRead
    status: StatusRead | None
    today: bool


class Blocker(AnswerModel):
    """A blocked status that its author has not moved on from.

    `waits_for` are those of its references that are not merged or closed; `cleared` once there were some, and none is
    left.
    """

    status: StatusRead
    since: Moment
    waits_for: list[ReferenceRead]
    cleared: bool


class GitHub(AnswerModel):
    """By what statuses are read: where GitHub is, and the repository (`owner/repo`) that bare numbers are of."""

    url: str
    repository: str | None


class BoardRead(AnswerModel):
    """The board at one position of the feed. Members are in the order of their names."""

    position: str
    github: GitHub
    members: list[Member]
    blockers: list[Blocker]
