"""The board: who is doing what, and what is in the way."""

from app.schemas.base import AnswerModel, Moment
from app.schemas.statuses import StatusRead
from app.schemas.users import UserRead


class Member(AnswerModel):
    """A member's newest status, and whether it is of today in that member's time zone."""

    user: UserRead
    status: StatusRead | None
    today: bool


class Blocker(AnswerModel):
    """A blocked status that its author has not moved on from; `cleared` once all it waits for is merged or closed."""

    status: StatusRead
    since: Moment
    cleared: bool


class BoardRead(AnswerModel):
    """The board at one position of the feed. Members are in the order of their names."""

    position: str
    members: list[Member]
    blockers: list[Blocker]
