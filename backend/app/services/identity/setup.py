"""The set-up code: whoever has it makes the first account, and it is stored nowhere.

It is derived from JWT_SECRET and the random id that the migrations gave this database, so that all workers and
replicas know the same one. It is void once there is an account.
"""

import logging

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Board, User
from app.services.identity import secrets
from app.services.transactions import autocommit, transaction

log = logging.getLogger(__name__)


async def code(db: AsyncSession) -> str | None:
    """Return the set-up code, or None once there is an account."""
    board_id = await db.scalar(select(Board.id).where(~exists(select(User.id))))
    return None if board_id is None else secrets.derive("setup", str(board_id))


def _link(code: str) -> str:
    return f"{settings.PUBLIC_URL}/#setup={code}"


@autocommit
async def link(db: AsyncSession) -> str | None:
    """Return the address at which the first account is made, or None once there is one."""
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
    """Write the set-up link to the log if there is no account and no process of this board has written it yet."""
    if (found := await _claim_first_log_line(db)) is not None:
        log.info("This board has no account yet. Create the first one at %s", _link(found))
