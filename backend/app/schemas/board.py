"""The board: who is doing what, and who is blocked."""

from app.schemas.base import AnswerModel, Moment
from app.schemas.statuses import ReferenceRead, StatusRead
from app.schemas.users import UserRead


class Member(AnswerModel):
    """A member's newest status, and whether it is from today in that member's time zone."""

    user: UserRead
    status: StatusRead | None
    today: bool


class Blocker(AnswerModel):
    """A blocked status whose author has posted no other category since.

    `waits_for` has the references that aren't merged or closed. `cleared` is true if the status has references, and
    waits for none of them any more.
    """

    status: StatusRead
    since: Moment
    waits_for: list[ReferenceRead]
    cleared: bool


class GitHub(AnswerModel):
    """How references in statuses are found: GitHub's address, and the repository (`owner/repo`) of bare numbers."""

    url: str
    repository: str | None


class BoardRead(AnswerModel):
    """The board at one position of the feed. Members are sorted by name."""

    position: str
    github: GitHub
    members: list[Member]
    blockers: list[Blocker]
