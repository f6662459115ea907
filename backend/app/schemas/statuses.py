"""Statuses and the references in them."""

from typing import Annotated

from pydantic import Field, computed_field

from app.config import settings
from app.models.reference import ReferenceKind, ReferenceState
from app.models.status import Category
from app.models.user import Kind
from app.schemas.base import DIGITS, AnswerModel, GivenMoment, Moment, Page, RequestModel, known
from app.schemas.text import STORABLE, Message, Username

# The word for each kind in GitHub's addresses. GitHub redirects from `issues` to whatever the reference is.
URL_PARTS: dict[str, str] = {ReferenceKind.PULL_REQUEST: "pull", ReferenceKind.DISCUSSION: "discussions"}

# `owner/repo#12`, with the limits of the grammar in `services/statuses/reference_grammar.py`.
ReferenceName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,38}/[A-Za-z0-9._-]{1,100}#[1-9][0-9]{0,8}$", max_length=150)
]


class Author(AnswerModel):
    """Who posted it."""

    username: str
    display_name: str
    kind: Annotated[str, known(Kind)]


class ReferenceRead(AnswerModel):
    """A GitHub issue, pull request or discussion. Title and state are null if they aren't known.

    `moved_to` is the place where it is now, if that has changed. Title and state are then those of the new place.
    """

    owner: str
    repo: str
    number: int
    kind: Annotated[str, known(ReferenceKind)]
    title: str | None
    state: Annotated[str | None, known(ReferenceState)]
    moved_to: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def url(self) -> str:
        """Its address on GitHub."""
        return f"{settings.github_url}/{self.owner}/{self.repo}/{URL_PARTS.get(self.kind, 'issues')}/{self.number}"


class StatusRead(AnswerModel):
    """A status."""

    id: int
    author: Author
    message: str
    category: Annotated[str, known(Category)]
    references: list[ReferenceRead]
    created_at: Moment
    edited_at: Moment | None


class StatusCreate(RequestModel):
    """A status to post."""

    message: Message
    category: Category = Category.IN_PROGRESS


class StatusUpdate(RequestModel):
    """The author's changes. Missing fields don't change.

    `edited_at` is that of the status that the author saw, null if it was never edited. With it, an edit can't undo
    another one.
    """

    message: Message | None = None
    category: Category | None = None
    edited_at: GivenMoment | None = None


class StatusPage(Page[StatusRead]):
    """A page of statuses, and the position in the feed at which it was read."""

    position: str


class FoundStatus(StatusRead):
    """A status that a search found, and where its words are in the message: `[start, end]` in code points."""

    matches: list[tuple[int, int]]


class SearchPage(Page[FoundStatus]):
    """A page of what a search for words found, and the position in the feed at which it was read."""

    position: str


class ReferenceHistory(StatusPage):
    """A reference, and a page of the statuses that mention it, oldest first."""

    reference: ReferenceRead


class PageQuery(RequestModel):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=100), DIGITS] = 50
    cursor: Annotated[str, Field(min_length=1, max_length=200), STORABLE] | None = None


class StatusQuery(PageQuery):
    """Which statuses: those that match all given filters."""

    author: Username | None = None
    category: Category | None = None
    reference: ReferenceName | None = None
    q: Annotated[str, Field(min_length=1, max_length=200), STORABLE] | None = None
    since: GivenMoment | None = None
    until: GivenMoment | None = None
