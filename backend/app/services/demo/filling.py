"""The demo: made-up people who fill an empty board with a working week, and keep posting on it.

Their statuses are posted like all others. What they mention is made up as well, so GitHub is never asked for it. Such a
reference is recognised by having a title although it was never fetched.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict, UserNotFound
from app.models import Reference, Status, StatusReference, User
from app.models.columns import among
from app.models.reference import OVER, ReferenceKind, ReferenceState
from app.models.user import Role
from app.places import Place
from app.schemas.base import LATEST
from app.services.demo import week
from app.services.demo.cast import CAST, LABEL, PREFIX, Person
from app.services.demo.week import Imagined, Saying
from app.services.feed import log as feed_log
from app.services.feed.log import NewEvent
from app.services.github import changes
from app.services.github.findings import Found
from app.services.identity import members
from app.services.identity.passwords import hash_password
from app.services.statuses import blockers, reference_grammar, references, terms
from app.services.statuses.reading import read_statuses, select_statuses
from app.services.statuses.references import IN_ORDER
from app.services.transactions import autocommit, transaction

# The username and the display name mark demo people. Everyone sees the display name.
IS_DEMO: Final[ColumnElement[bool]] = and_(
    User.username.startswith(PREFIX, autoescape=True), User.display_name.endswith(LABEL, autoescape=True)
)
MADE_UP: Final[ColumnElement[bool]] = and_(Reference.title.is_not(None), Reference.fetched_at.is_(None))
NEVER: Final = LATEST


@autocommit
async def is_here(db: AsyncSession) -> bool:
    """Tell whether the board has demo people who can post."""
    return await db.scalar(select(exists(select(User.id).where(IS_DEMO, ~User.disabled)))) is True


@autocommit
async def author(db: AsyncSession, person: Person) -> User:
    """Return the account of a demo person.

    Raises:
        UserNotFound: it was removed, or can't post.
    """
    user = await members.by_name(db, person.username)
    if user.disabled:
        raise UserNotFound
    return user


async def fill(db: AsyncSession, *, people: int = len(CAST), statuses: int | None = None) -> str:
    """Fill an empty board, and return the password of its demo people.

    Args:
        db: a session with a longer time limit than a request has.
        people: how many there are.
        statuses: this many from today, by all people in turn; None for the cast's working week.

    Raises:
        Conflict: the board isn't empty.
    """
    password = secrets.token_urlsafe(12)
    await _fill(db, week.people(people), statuses, await hash_password(password))
    return password


@transaction
async def _fill(db: AsyncSession, cast: Sequence[Person], count: int | None, password_hash: str) -> None:
    if await db.scalar(select(exists(select(Status.id)))):
        raise Conflict("This board is in use: somebody has posted on it. The demo needs an empty board.")
    if await db.scalar(select(exists(select(User.id).where(User.username.startswith(PREFIX, autoescape=True))))):
        raise Conflict(f"A username already begins with {PREFIX}. `statusboard demo --remove` removes demo people.")
    now: datetime = (await db.execute(select(func.clock_timestamp()))).scalar_one()
    sayings = week.week(now) if count is None else week.crowd(cast, count, now)
    users = await _insert_people(db, cast, password_hash, since=now - timedelta(days=10))
    over = await _insert_references(db, sayings)
    ids = await _insert_statuses(db, sayings, {user.username: user.id for user in users})
    statuses = await read_statuses(
        db, select_statuses().where(among(Status.id, ids)).order_by(Status.created_at, Status.id)
    )
    told = [members.changed(user) for user in users]
    told += [NewEvent("status.posted", status.id, status.model_dump_json()) for status in statuses]
    cleared = set(await blockers.clear(db, changed=over))
    told += [NewEvent(blockers.CLEARED, s.id, s.model_dump_json()) for s in statuses if s.id in cleared]
    await feed_log.append_all(db, told)


async def _insert_people(
    db: AsyncSession, cast: Sequence[Person], password_hash: str, *, since: datetime
) -> list[User]:
    is_first = not await db.scalar(select(exists(select(User.id))))
    users = [
        User(
            username=person.username,
            display_name=person.display_name,
            password_hash=password_hash,
            time_zone=person.time_zone,
            # On a board without accounts, the first one becomes admin.
            role=Role.ADMIN if is_first and n == 0 else Role.MEMBER,
            founder=is_first and n == 0,
            created_at=since,
        )
        for n, person in enumerate(cast)
    ]
    db.add_all(users)
    await db.flush()
    for user in users:
        await db.refresh(user)
    return users


async def _insert_references(db: AsyncSession, sayings: Sequence[Saying]) -> list[int]:
    """Insert the week's references in their final state, and return the ids of the closed ones."""
    await db.execute(delete(Reference))  # nobody has mentioned them yet
    over = {m.key for said in sayings if said.line.ends for m in reference_grammar.mentioned_in(said.line.message)}
    await _imagine(db, week.references())
    ids = []
    for reference in await db.scalars(select(Reference)):
        if reference.place.key in over:
            reference.state = _end_of(ReferenceKind(reference.kind))
            ids.append(reference.id)
    return ids


def _is_at(place: Place) -> ColumnElement[bool]:
    return references.is_at(place.key)


def _end_of(kind: ReferenceKind) -> ReferenceState:
    return ReferenceState.MERGED if kind is ReferenceKind.PULL_REQUEST else ReferenceState.CLOSED


async def _insert_statuses(db: AsyncSession, sayings: Sequence[Saying], authors: dict[str, int]) -> list[int]:
    rows = [
        {
            "author_id": authors[said.person.username],
            "message": said.line.edited if said.edited_at and said.line.edited else said.line.message,
            "category": said.line.category,
            "created_at": said.at,
            "edited_at": said.edited_at,
        }
        for said in sayings
    ]
    for row in rows:
        row["terms"] = terms.as_tsvector(str(row["message"]))
    inserted = insert(Status).returning(Status.id, sort_by_parameter_order=True)
    ids = list(await db.scalars(inserted, rows))
    known = {reference.place.key: reference.id for reference in await db.scalars(select(Reference))}
    links = [
        {"status_id": status_id, "position": n, "reference_id": known[mention.key]}
        for status_id, row in zip(ids, rows, strict=True)
        for n, mention in enumerate(reference_grammar.mentioned_in(str(row["message"])))
    ]
    await db.execute(insert(StatusReference), links)
    return ids


async def _imagine(db: AsyncSession, imagined: Sequence[Imagined]) -> None:
    rows = [
        {
            "owner": i.place.owner,
            "repo": i.place.repo,
            "number": i.place.number,
            "kind": i.kind,
            "state": i.state,
            "title": i.title,
            "due_at": NEVER,
        }
        for i in sorted(imagined, key=lambda i: i.place.key)
    ]
    await db.execute(upsert(Reference).values(rows).on_conflict_do_nothing())


@transaction
async def imagine(db: AsyncSession, imagined: Imagined) -> None:
    """Make up an issue or pull request, before somebody mentions it."""
    await _imagine(db, [imagined])


@transaction
async def end(db: AsyncSession, message: str) -> None:
    """Merge or close the made-up references of a message, and append blockers that this clears."""
    places = reference_grammar.mentioned_in(message)
    if not places:
        return
    found = await db.scalars(select(Reference).where(or_(*map(_is_at, places)), MADE_UP).order_by(*IN_ORDER))
    said = [(row.id, _ended(row)) for row in found if row.state not in OVER]
    events = await changes.record(db, said)
    ids = [reference_id for reference_id, _ in said]
    still_made_up = update(Reference).where(among(Reference.id, ids)).values(fetched_at=None, due_at=NEVER)
    await db.execute(still_made_up.execution_options(synchronize_session=False))
    await feed_log.append_all(db, events)


def _ended(reference: Reference) -> Found:
    kind = ReferenceKind(reference.kind)
    return Found(
        place=reference.place,
        kind=kind,
        title=reference.title or "",
        state=_end_of(kind),
        private=False,
        changed_at=None,
    )
