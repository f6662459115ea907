"""The set-up code, with which the first account is created. It is stored nowhere.

It is derived from JWT_SECRET and the random id that the migrations gave this database, so that all processes and
replicas know the same code. It stops working once there is an account.
"""

import logging

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Board, User
from app.services.identity import secrets
from app.services.transactions import autocommit, transaction

log = logging.getLogger(__name__)


async def codes(db: AsyncSession) -> list[str]:
    """Return the set-up code, and after it the one that was valid before JWT_SECRET was changed.

    Once there is an account, there is none.
    """
    board_id = await db.scalar(select(Board.id).where(~exists(select(User.id))))
    return [] if board_id is None else secrets.derived("setup", str(board_id))


async def code(db: AsyncSession) -> str | None:
    """Return the set-up code, or None once there is an account."""
    return next(iter(await codes(db)), None)


def _link(code: str) -> str:
    return f"{settings.PUBLIC_URL}/#setup={code}"


@autocommit
async def current_code(db: AsyncSession) -> str | None:
    """Return the set-up code, or None once there is an account."""
    return await code(db)


@autocommit
async def link(db: AsyncSession) -> str | None:
    """Return the address for creating the first account, or None once there is one."""
    found = await code(db)
    return None if found is None else _link(found)


@transaction
async def _claim_first_log_line(db: AsyncSession) -> str | None:
    claimed = await db.scalar(
        update(Board)
        .where(Board.setup_link_logged_at.is_(None))
        .values(setup_link_logged_at=func.clock_timestamp())
        .returning(Board.one)
    )
    return await code(db) if claimed else None


async def log_link_once(db: AsyncSession) -> None:
    """Log the set-up link, unless there is an account or another process of this board has already logged it."""
    if (found := await _claim_first_log_line(db)) is not None:
        log.info("This board has no account yet. Create the first one at %s", _link(found))
