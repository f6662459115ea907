"""The limits on attempts at passwords and one-time codes, and their turns.

An attempt is stored before the password is hashed, and removed if it succeeds, so that the limit holds across processes
and replicas. It is stored only when its turn comes. Waiting attempts don't count, so that many people can log in from
one office.
"""

import ipaddress
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import DateTime, Numeric, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import BoardError, RateLimited
from app.models import Attempt
from app.services.identity.passwords import turns
from app.services.transactions import autocommit, transaction

BY_NAME: Final = (5, timedelta(minutes=15))  # for one username from one address
BY_ADDRESS: Final = (30, timedelta(hours=1))

# A client with one IPv6 address usually has its whole /64 (RFC 6177), so a /64 counts as one address.
IPV6_PREFIX: Final = 64


@dataclass(slots=True)
class Noted:
    """A stored attempt, and the error for a wrong guess."""

    id: int
    guess: type[BoardError]


def _counted_address(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)


def _counted_name(name: str) -> str:
    return name.casefold()[:50]


async def _refuse_too_many(db: AsyncSession, *, address: str, name: str | None) -> None:
    now = func.statement_timestamp(type_=DateTime(timezone=True))
    limits = [(BY_ADDRESS, Attempt.address == address)]
    if name is not None:
        limits.append((BY_NAME, (Attempt.address == address) & (Attempt.name == name)))
    waits = []
    for (most, period), condition in limits:
        # Attempts in the future, left from a clock that was set back, would lock people out until then.
        recent = select(Attempt.created_at).where(condition, Attempt.created_at.between(now - period, now))
        oldest_that_counts = recent.order_by(Attempt.created_at.desc()).offset(most - 1).limit(1).scalar_subquery()
        waits.append(func.extract("epoch", oldest_that_counts + period - now))
    seconds = await db.scalar(select(func.greatest(*waits, type_=Numeric)))
    if seconds is not None:
        raise RateLimited(math.ceil(seconds) or 1)


@autocommit
async def _refuse_early(db: AsyncSession, *, address: str, name: str | None) -> None:
    await _refuse_too_many(db, address=address, name=name)


@transaction
async def _note(db: AsyncSession, *, address: str, name: str | None) -> int:
    # Other processes' attempts from this address wait here, so that counting and inserting are one step.
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(address, 0))))
    await _refuse_too_many(db, address=address, name=name)
    row = insert(Attempt).values(address=address, name=name).returning(Attempt.id)
    return (await db.execute(row)).scalar_one()


async def forget(db: AsyncSession, attempt_id: int) -> None:
    """Remove an attempt, in the transaction in which it succeeded."""
    await db.execute(delete(Attempt).where(Attempt.id == attempt_id))


@transaction
async def _take_back(db: AsyncSession, attempt_id: int) -> None:
    await forget(db, attempt_id)


@asynccontextmanager
async def attempt(
    db: AsyncSession, *, address: str, name: str | None = None, guess: type[BoardError]
) -> AsyncIterator[Noted]:
    """Wait for a turn to check a secret and to hash, and store the attempt. On success, the block must call `forget`.

    A caller over a limit is refused without waiting. A waiting caller holds no database connection.

    Args:
        db: a session without a transaction.
        address: the client's address. Turns go round by address, and then by name.
        name: the username, if the attempt is at a password.
        guess: the error that the block raises for a wrong secret. After any other error the attempt is removed.

    Raises:
        RateLimited: the address, or the name from this address, has used up its attempts.
        TooBusy: too many are waiting.
    """
    address = _counted_address(address)
    name = None if name is None else _counted_name(name)
    await _refuse_early(db, address=address, name=name)
    async with turns.turn(address, name):
        noted = Noted(await _note(db, address=address, name=name), guess)
        try:
            yield noted
        except Exception as error:
            if not isinstance(error, noted.guess):
                await _take_back(db, noted.id)
            raise
