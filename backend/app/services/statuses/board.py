"""The board: each member's newest status, and what blocks people."""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.config import settings
from app.database import AsyncSessionLocal
from app.models import Status, User
from app.models.columns import among
from app.models.status import Category
from app.schemas.base import EARLIEST
from app.schemas.board import Blocker, BoardRead, GitHub, Member
from app.schemas.statuses import StatusRead
from app.schemas.users import UserRead
from app.services.batching import SharedRead
from app.services.feed import log as feed_log
from app.services.feed.log import Position
from app.services.statuses import blockers
from app.services.statuses.reading import read_statuses, select_statuses
from app.services.transactions import snapshot

# The position in the log, the time, and the board as JSON.
type Read = tuple[Position, datetime, bytes]

# The board shows at most this many blockers of one member, the newest.
MOST_BLOCKERS_EACH: Final = 10


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        # Another machine that serves this board may know time zones that this one doesn't.
        return UTC


def _is_today(moment: datetime, now: datetime, time_zone: str) -> bool:
    zone = _zone(time_zone)
    return moment.astimezone(zone).date() == now.astimezone(zone).date()


def _blocker(status: StatusRead) -> Blocker:
    return Blocker(
        status=status,
        since=status.created_at,
        waits_for=blockers.waits_for(status),
        cleared=blockers.is_cleared(status),
    )


async def _newest_ids(db: AsyncSession) -> list[tuple[User, int | None]]:
    newest = (
        select(Status.id)
        .where(Status.author_id == User.id)
        .order_by(Status.created_at.desc(), Status.id.desc())
        .limit(1)
        .lateral()
    )
    query = select(User, newest.c.id).outerjoin(newest, true()).where(~User.disabled)
    rows = await db.execute(query.order_by(func.lower(User.display_name), User.id))
    return [(user, status_id) for user, status_id in rows]


async def _blocker_ids(db: AsyncSession) -> list[int]:
    moved_on = aliased(Status)
    last_moved_on = (
        select(moved_on.created_at)
        .where(moved_on.author_id == User.id, moved_on.category != Category.BLOCKED)
        .order_by(moved_on.created_at.desc(), moved_on.id.desc())
        .limit(1)
        .correlate(User)
        .scalar_subquery()
    )
    blocked = (
        select(Status.id)
        .where(
            Status.author_id == User.id,
            Status.category == Category.BLOCKED,
            Status.created_at > func.coalesce(last_moved_on, EARLIEST),
        )
        .order_by(Status.created_at.desc(), Status.id.desc())
        .limit(MOST_BLOCKERS_EACH)
        .lateral()
    )
    return list(await db.scalars(select(blocked.c.id).select_from(User).join(blocked, true()).where(~User.disabled)))


@snapshot
async def _read(db: AsyncSession) -> Read:
    position = await feed_log.head(db)
    now: datetime = (await db.execute(select(func.now()))).scalar_one()
    newest = await _newest_ids(db)
    blocker_ids = await _blocker_ids(db)
    wanted = {status_id for _, status_id in newest if status_id is not None}.union(blocker_ids)
    found = await read_statuses(db, select_statuses().where(among(Status.id, sorted(wanted))))
    statuses = {status.id: status for status in found}
    members = []
    for user, status_id in newest:
        status = None if status_id is None else statuses[status_id]
        today = status is not None and _is_today(status.created_at, now, user.time_zone)
        members.append(Member(user=UserRead.model_validate(user), status=status, today=today))
    blocking = sorted((statuses[status_id] for status_id in blocker_ids), key=lambda status: status.created_at)
    board = BoardRead(
        position=str(position),
        github=GitHub(url=settings.github_url, repository=settings.GITHUB_REPOSITORY),
        members=members,
        blockers=[_blocker(status) for status in blocking],
    )
    return position, now, board.model_dump_json().encode()


async def _read_once() -> Read:
    async with AsyncSessionLocal() as db:
        return await _read(db)


_shared_read: Final = SharedRead(_read_once)


async def read() -> Read:
    """Return the board as JSON: its members by name, and open blockers, oldest first, all from the same moment.

    Also return the position in the log and the time, by the database's clock, at which it was read. Reading the board
    of many members takes long and is the same for all. So everyone who asks while it is being read gets the next
    reading together.
    """
    return await _shared_read.get()
