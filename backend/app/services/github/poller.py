"""Asks GitHub about references. Whichever worker gets the turn asks for those that are due.

No transaction is open while GitHub is asked. A short one before takes the turn and the due rows, for a time in which no
other worker does. Another one after stores what GitHub said. A worker that dies in between costs only that time.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import AsyncSessionLocal
from app.errors import BoardError
from app.models import GithubBudget, Reference
from app.models.columns import among
from app.places import Place
from app.services.feed import log as feed_log
from app.services.github import changes, client, findings
from app.services.github.client import Findings, GitHub, GithubError, GithubFailed, GithubRefused, Points
from app.services.github.findings import Finding
from app.services.transactions import autocommit, transaction

log = logging.getLogger(__name__)

# How long a worker may keep a turn: to ask, and to store the answer.
TURN: Final = timedelta(seconds=client.WITHIN + 10)
# Nothing is scheduled further ahead than this. Anything that is comes from a database clock that has since been set
# back.
LONGEST_BUSY: Final = 2 * TURN
LONGEST_CLOSED: Final = timedelta(seconds=client.LONGEST_WAIT + 60)
# A request costs one point of GitHub's 2,000 a minute. This pace uses at most 1,200 in a minute.
PACE: Final = timedelta(milliseconds=50)
# If less than this part of the hour's points is left, only new references are fetched. The others wait for the next
# hour.
RESERVE: Final = 0.2
# How long to pause if GitHub doesn't say: after a refusal, and after a useless answer. Doubled each time in a row.
FIRST_REFUSAL, LONGEST_REFUSAL = timedelta(minutes=1), timedelta(hours=1)
FIRST_FAILURE, LONGEST_FAILURE = timedelta(seconds=10), timedelta(minutes=15)
MOST_FAILURES: Final = 10
ALONE: Final = 3  # after this many failures, a reference is asked for alone


@dataclass(frozen=True, slots=True)
class Turn:
    """What one worker may ask, and for how long: these references and no others, once."""

    asked_at: datetime
    ids: list[int]
    places: list[Place]
    missing: bool
    failures: int


def _may_ask(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Tell whether GitHub may be asked: nobody has the turn, and it hasn't asked for a pause."""
    closed = GithubBudget.closed_until.between(now, now + LONGEST_CLOSED)
    busy = GithubBudget.busy_until.between(now, now + LONGEST_BUSY)
    return ~closed & ~busy


@autocommit
async def _is_due(db: AsyncSession) -> bool:
    now = func.clock_timestamp()
    due = select(Reference.id).where(Reference.due_at <= now).exists()
    return await db.scalar(select(due & select(GithubBudget.one).where(_may_ask(now)).exists())) is True


async def _due_rows(db: AsyncSession, *, only_new: bool) -> list[Reference]:
    query = select(Reference).where(Reference.due_at <= func.clock_timestamp())
    if only_new:
        query = query.where(Reference.fetched_at.is_(None))
    query = query.with_for_update(key_share=True, skip_locked=True)
    query = query.execution_options(populate_existing=True)
    by_need = query.order_by(Reference.fetched_at.is_not(None), Reference.failures, Reference.due_at)
    rows = list(await db.scalars(by_need.where(~Reference.missing).limit(client.AT_ONCE)))
    if rows and (failures := rows[0].failures):
        # If one of them causes a useless answer, the others are asked for again in smaller groups.
        rows = [row for row in rows if row.failures == failures][: max(client.AT_ONCE >> 2 * failures, 1)]
    # Numbers that have gone elsewhere are asked for one at a time, when no title is due.
    return rows or list(await db.scalars(by_need.where(Reference.missing).limit(1)))


@transaction
async def take_turn(db: AsyncSession) -> Turn | None:
    """Take the turn and up to 50 due references. Return None if there is nothing to ask."""
    now = func.clock_timestamp()
    taken = (
        update(GithubBudget)
        .where(_may_ask(now))
        .values(busy_until=now + TURN)
        .returning(
            now.label("now"),
            GithubBudget.failures,
            GithubBudget.points,
            GithubBudget.points_limit,
            (GithubBudget.resets_at > now).label("counts"),
        )
    )
    budget = (await db.execute(taken)).one_or_none()
    if budget is None:
        return None
    short = bool(budget.counts) and budget.points < budget.points_limit * RESERVE
    rows = await _due_rows(db, only_new=short)
    if not rows:
        await _end_turn(db)
        return None
    ids = [row.id for row in rows]
    await db.execute(update(Reference).where(among(Reference.id, ids)).values(due_at=now + TURN))
    places = [findings.ask_for(row) for row in rows]
    return Turn(budget.now, ids, places, rows[0].missing, budget.failures)


async def _end_turn(db: AsyncSession, **values: object) -> None:
    pause = func.clock_timestamp() + PACE
    await db.execute(update(GithubBudget).values(busy_until=pause, **values))


@transaction
async def _write_down(db: AsyncSession, turn: Turn, answer: Findings) -> None:
    said: list[tuple[int, Finding]] = list(zip(turn.ids, answer.findings, strict=True))
    events = await changes.record(db, said, asked_at=turn.asked_at)
    await _end_turn(db, failures=0, **_budget(answer.points))
    await feed_log.append_all(db, events)


def _budget(points: Points | None) -> dict[str, object]:
    if points is None:
        return {}
    resets_at = func.clock_timestamp() + timedelta(seconds=points.seconds)
    budget = {"points": points.left, "points_limit": points.limit, "resets_at": resets_at}
    return budget if points.left > 0 else budget | {"closed_until": resets_at}


def _wait(turn: Turn, error: GithubError) -> timedelta:
    if error.wait is not None:
        return timedelta(seconds=error.wait + 1)  # GitHub counts in whole seconds
    if isinstance(error, GithubRefused):
        return min(FIRST_REFUSAL * (1 << turn.failures), LONGEST_REFUSAL)
    return min(FIRST_FAILURE * (1 << turn.failures), LONGEST_FAILURE)


@transaction
async def _give_back(db: AsyncSession, turn: Turn, error: GithubError, wait: timedelta) -> None:
    open_at = func.clock_timestamp() + wait
    given_back = update(Reference).where(among(Reference.id, turn.ids))
    if isinstance(error, GithubFailed):
        failures = func.least(Reference.failures + 1, MOST_FAILURES)
        # One that fails alone is asked for less and less often, and doesn't delay the others.
        alone = case((Reference.failures < ALONE, 0), else_=func.power(2, Reference.failures))
        given_back = given_back.values(failures=failures, due_at=open_at + alone * timedelta(minutes=1))
    else:
        given_back = given_back.values(due_at=open_at)
    await db.execute(given_back)
    await _end_turn(db, failures=min(turn.failures + 1, MOST_FAILURES), closed_until=open_at)


async def run_once(hub: GitHub) -> bool:
    """Ask GitHub once for what is due. Tell whether anything was.

    Raises:
        DatabaseUnavailable: nothing is lost. What was taken is due again when the turn ends.
    """
    async with AsyncSessionLocal() as db:
        turn = await take_turn(db) if await _is_due(db) else None
    if turn is None:
        return False
    try:
        await _ask(hub, turn)
    except GithubError as error:
        wait = _wait(turn, error)
        log.warning("GitHub gave no usable answer: %s. Asking again in %.0f s.", error, wait.total_seconds())
        async with AsyncSessionLocal() as db:
            await _give_back(db, turn, error, wait)
    return True


async def _ask(hub: GitHub, turn: Turn) -> None:
    answer = await (hub.locate(turn.places[0]) if turn.missing else hub.look_up(turn.places))
    try:
        async with AsyncSessionLocal() as db:
            await _write_down(db, turn, answer)
    except BoardError:
        raise
    except Exception as error:
        # A bug. Its references are now asked for less often, and in smaller groups. Only the error's name is logged,
        # because its text may repeat a private title.
        reason = f"it answered with something that can't be stored ({type(error).__name__})"
        raise GithubFailed(reason) from error


@transaction
async def reconsider(db: AsyncSession) -> None:
    """Apply a change of GITHUB_REPOSITORIES. A worker does this first.

    Private references that are no longer listed are hidden at once. Newly listed ones are asked for again.
    """
    await feed_log.append_all(db, await changes.reconsider_hidden(db))
