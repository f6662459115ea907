"""How often somebody may try a password or a one-time code.

An attempt is reserved before the password is hashed and released when it succeeds, so that the limit holds across
workers and replicas, however many are under way at once.
"""

import asyncio
import ipaddress
import math
from datetime import timedelta
from typing import Final

from sqlalchemy import DateTime, Numeric, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import RateLimited
from app.models import Attempt
from app.services.transactions import autocommit, transaction

MOST_QUEUEING: Final = 2  # of the 8 connections that a process has
_turns: Final = asyncio.Semaphore(MOST_QUEUEING)

BY_NAME: Final = (5, timedelta(minutes=15))  # for one name from one address
BY_ADDRESS: Final = (30, timedelta(hours=1))

# Whoever has one IPv6 address has its whole /64 (RFC 6177), so that counts as one.
IPV6_PREFIX: Final = 64


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
        recent = select(Attempt.created_at).where(condition, Attempt.created_at > now - period)
        oldest_that_counts = recent.order_by(Attempt.created_at.desc()).offset(most - 1).limit(1).scalar_subquery()
        waits.append(func.extract("epoch", oldest_that_counts + period - now))
    seconds = await db.scalar(select(func.greatest(*waits, type_=Numeric)))
    if seconds is not None:
        raise RateLimited(math.ceil(seconds) or 1)


@autocommit
async def _refuse_early(db: AsyncSession, *, address: str, name: str | None) -> None:
    await _refuse_too_many(db, address=address, name=name)


@transaction
async def _reserve(db: AsyncSession, *, address: str, name: str | None) -> int:
    # Attempts of one address queue here, so that counting and inserting are one step.
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(address, 0))))
    await _refuse_too_many(db, address=address, name=name)
    row = insert(Attempt).values(address=address, name=name).returning(Attempt.id)
    return (await db.execute(row)).scalar_one()


async def reserve(db: AsyncSession, *, address: str, name: str | None = None) -> int:
    """Take note of an attempt and return its id, for `release`.

    Whoever is over a limit is told so without queueing, and few queue in the database: a flood would hold every
    connection of the pool.

    Raises:
        RateLimited: the address, or the name from this address, has used up its attempts.
    """
    address = _counted_address(address)
    name = None if name is None else _counted_name(name)
    await _refuse_early(db, address=address, name=name)
    async with _turns:
        return await _reserve(db, address=address, name=name)


async def forget(db: AsyncSession, attempt_id: int) -> None:
    """Take an attempt back, within the transaction in which it succeeded."""
    await db.execute(delete(Attempt).where(Attempt.id == attempt_id))


@transaction
async def release(db: AsyncSession, attempt_id: int) -> None:
    """Take an attempt back that was no guess: it failed for another reason than a wrong secret."""
    await forget(db, attempt_id)
