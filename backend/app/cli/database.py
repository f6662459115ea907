"""Commands that work on the board's database."""

import asyncio
import logging
import os
import time
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import first_admin
from app.config import settings
from app.database import CONNECTIONS_GRANTED, AsyncSessionLocal, connections_needed
from app.errors import Conflict, DatabaseUnavailable, UserNotFound
from app.migrations.upgrade import upgrade
from app.schemas.invites import InviteCreate
from app.server.processors import worker_count
from app.services.identity import accounts, invites, setup
from app.services.transactions import autocommit, is_refusal, is_unavailability, sqlstate

log = logging.getLogger(__name__)

WRONG_LOGIN: Final = {"28P01", "28000"}  # PostgreSQL's SQLSTATEs: wrong password, no such role
WAIT_AT_MOST: Final = 60.0  # seconds; a database that starts at the same time as the board needs some


async def migrate() -> None:
    """Wait up to a minute for the database, and migrate it to this version's schema.

    A new board gets the admin that SETUP_USERNAME and SETUP_PASSWORD describe. Without them its set-up link is logged.

    Raises:
        DatabaseUnavailable: it didn't answer in time.
        BoardError: the first admin can't be created.
    """
    give_up_at = time.monotonic() + WAIT_AT_MOST
    while True:
        try:
            await upgrade(settings.DATABASE_URL)
            break
        except (OSError, TimeoutError, DBAPIError) as error:
            if isinstance(error, DBAPIError):
                if is_refusal(error):
                    raise DatabaseUnavailable(_refusal(error)) from error
                if not is_unavailability(error):
                    raise
            if time.monotonic() > give_up_at:
                raise DatabaseUnavailable(f"The database did not answer for {WAIT_AT_MOST:.0f} s: {error}") from error
            log.info("Waiting for the database.")
            await asyncio.sleep(1)
    log.info("The database has this version's schema.")
    async with AsyncSessionLocal() as db:
        await _warn_of_few_connections(db)
    await first_admin.create()
    async with AsyncSessionLocal() as db:
        await setup.log_link_once(db)


async def _warn_of_few_connections(db: AsyncSession) -> None:
    granted, needed = await _granted(db), connections_needed(settings.WEB_CONCURRENCY or worker_count())
    if needed > granted:
        log.warning(
            "The board may need %d connections, and PostgreSQL grants %d. Lower WEB_CONCURRENCY or DB_POOL_SIZE, "
            "or raise PostgreSQL's max_connections.",
            *(needed, granted),
        )


@autocommit
async def _granted(db: AsyncSession) -> int:
    granted: int = (await db.execute(text(CONNECTIONS_GRANTED))).scalar_one()
    return granted


def _refusal(error: DBAPIError) -> str:
    text = f"The database refuses DATABASE_URL: {error.orig}"
    if sqlstate(error) in WRONG_LOGIN and "PGPASSWORD" in os.environ:
        # compose.yaml sets it, but the database took its password when its volume was created.
        text += ". POSTGRES_PASSWORD must be the password that the database was created with: see docs/first-run.md"
    return text


async def setup_link() -> str:
    """Return the address at which the first account is created.

    Raises:
        Conflict: there already is an account.
    """
    async with AsyncSessionLocal() as db:
        link = await setup.link(db)
    if link is None:
        raise Conflict("This board already has an account. `statusboard create-invite` prints a link for the next one.")
    return link


async def create_invite(*, uses: int, days: int) -> str:
    """Return the address of a new invite.

    Raises:
        Conflict: there is no account yet, so the set-up link is needed instead.
    """
    async with AsyncSessionLocal() as db:
        if await setup.link(db) is not None:
            raise Conflict("This board has no account yet: `statusboard setup-link` prints the link for the first one.")
        invite = await invites.create(db, data=InviteCreate(uses=uses, expires_in_days=days), creator=None)
    return invite.url


async def reset_password(username: str) -> str:
    """Return the address at which the member sets a new password.

    Raises:
        UserNotFound: no member has this username.
    """
    if not username.isascii():
        # No username has such characters. It may not even be text, because a terminal can send any bytes.
        raise UserNotFound
    async with AsyncSessionLocal() as db:
        return (await accounts.create_reset_code(db, username=username, creator=None)).url
