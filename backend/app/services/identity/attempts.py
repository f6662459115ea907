"""How often somebody may try a password or a one-time code, and whose turn it is.

An attempt is noted before the password is hashed and taken back when it succeeds, so that the limit holds across
workers and replicas. It is noted when its turn comes and not before, so that those who wait count for nothing: as many
as like may log in from one office.
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

BY_NAME: Final = (5, timedelta(minutes=15))  # for one name from one address
BY_ADDRESS: Final = (30, timedelta(hours=1))

# Whoever has one IPv6 address has its whole /64 (RFC 6177), so that counts as one.
IPV6_PREFIX: Final = 64


@dataclass(slots=True)
class Noted:
    """An attempt that was noted, and what it raises if it was a guess."""

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
        # Those of the future, which a clock that was set back has left, would keep people out until they are past.
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
    # Attempts of one address that other processes note queue here, so that counting and inserting are one step.
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(address, 0))))
    await _refuse_too_many(db, address=address, name=name)
    row = insert(Attempt).values(address=address, name=name).returning(Attempt.id)
    return (await db.execute(row)).scalar_one()


async def forget(db: AsyncSession, attempt_id: int) -> None:
    """Take an attempt back, within the transaction in which it succeeded."""
    await db.execute(delete(Attempt).where(Attempt.id == attempt_id))


@transaction
async def _take_back(db: AsyncSession, attempt_id: int) -> None:
    await forget(db, attempt_id)


@asynccontextmanager
async def attempt(
    db: AsyncSession, *, address: str, name: str | None = None, guess: type[BoardError]
) -> AsyncIterator[Noted]:
    """Wait for a turn to check a secret and to hash, and take note of the attempt; the block has to `forget` it.

    Whoever is over a limit is told so without waiting. Who waits holds no connection of the database.

    Args:
        db: a session without a transaction.
        address: who tries; turns rotate by it, and then by name.
        name: whose password it is, where it is one.
        guess: what the block raises where the secret is wrong. An attempt that failed otherwise is taken back.

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
