"""Members."""

from typing import Annotated

from app.models.user import Kind, Role
from app.schemas.base import AddressBool, AnswerModel, GivenBool, Moment, RequestModel, known
from app.schemas.statuses import PageQuery
from app.schemas.text import DisplayName, TimeZone


class UserRead(AnswerModel):
    """A member, as other members see them."""

    username: str
    display_name: str
    kind: Annotated[str, known(Kind)]
    role: Annotated[str, known(Role)]
    time_zone: str
    disabled: bool
    created_at: Moment


class UserQuery(PageQuery):
    """Which members: all, only the disabled ones, or only the others."""

    disabled: AddressBool | None = None


class ProfileUpdate(RequestModel):
    """What members can change about themselves. Missing fields don't change."""

    display_name: DisplayName | None = None
    time_zone: TimeZone | None = None


class MemberUpdate(RequestModel):
    """What admins can change about a member. Missing fields don't change."""

    role: Role | None = None
    disabled: GivenBool | None = None


class ResetCodeRead(AnswerModel):
    """A one-time code with which the member sets a new password."""

    code: str
    url: str
    expires_at: Moment
