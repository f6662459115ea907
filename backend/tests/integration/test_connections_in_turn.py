"""Whoever waits for one of the pool's connections gets the next that is free."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.services.transactions import transaction


@transaction
async def ask_in_session(db: AsyncSession) -> None:
    """Take a connection as most services do."""
    await db.execute(text("SELECT 1"))


async def by_session() -> None:
    """Ask the database by a session."""
    async with database.AsyncSessionLocal() as db:
        await ask_in_session(db)


async def by_driver() -> None:
    """Ask the database by the bare driver."""
    async with database.driver() as connection:
        await connection.execute("SELECT 1")


@asynccontextmanager
async def all_taken() -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Take every connection of the pool, and yield what gives one of them back."""
    async with AsyncExitStack() as others:
        for _ in range(database.POOL_SIZE - 1):
            await others.enter_async_context(database.driver())
        one = AsyncExitStack()
        await one.enter_async_context(database.driver())
        yield one.aclose


@pytest.mark.parametrize("late", [by_driver, by_session])
@pytest.mark.parametrize("early", [by_driver, by_session])
async def test_nobody_overtakes_those_who_wait(
    early: Callable[[], Awaitable[None]], late: Callable[[], Awaitable[None]], database_url: str
):
    """Not even who asks in the very moment in which a connection is given back."""
    order = []

    async def note(name: str, ask: Callable[[], Awaitable[None]]) -> None:
        await ask()
        order.append(name)

    async with all_taken() as give_back, asyncio.TaskGroup() as group:
        group.create_task(note("early", early))
        for _ in range(10):
            await asyncio.sleep(0)
        await give_back()
        await note("late", late)

    assert order == ["early", "late"]
