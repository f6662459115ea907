"""`statusboard demo`: made-up people on an empty board, which then looks as if it were in use."""

import asyncio
import random
import signal
from contextlib import suppress
from typing import Final

import click

from app.config import settings
from app.database import AsyncSessionLocal, async_engine
from app.errors import AccountDisabled, Conflict, StatusNotFound, Unavailable, UserNotFound
from app.schemas.statuses import StatusCreate, StatusRead, StatusUpdate
from app.services.demo import filling, live, removal, week
from app.services.demo.cast import CAST
from app.services.demo.live import Step
from app.services.feed import follower
from app.services.statuses import editing, posting

FILL_WITHIN: Final = 600.0  # seconds; nobody waits for the answer
RETRY: Final = 2.0  # seconds after the database was unavailable
SECOND_THOUGHTS: Final = 6.0  # seconds from a status to its edit, at most


async def run(*, every: float | None, people: int, statuses: int | None) -> None:
    """Fill the board, unless the demo is already on it, and let its people post until a signal ends it.

    Args:
        every: seconds between two statuses; None to exit once the board is filled.
        people: how many there are.
        statuses: how many they have posted today; None for the cast's working week.

    Raises:
        Conflict: the board is in use.
    """
    try:
        async with AsyncSessionLocal(info={"patience": FILL_WITHIN}) as db:
            is_new = not await filling.is_here(db)
            if is_new:
                password = await filling.fill(db, people=people, statuses=statuses)
                await follower.notify(db)
                click.echo(f"Log in at {settings.PUBLIC_URL} as {CAST[0].username}, with the password {password}")
            elif every is None:
                raise Conflict("The demo is already on this board.")
        if every is not None:
            click.echo("The demo's people are posting. Ctrl+C stops them; `statusboard demo --remove` removes them.")
            await _post_until_stopped(every, has_open_ends=is_new and statuses is None)
    finally:
        await async_engine.dispose()


async def remove() -> None:
    """Remove the demo's people and their statuses."""
    try:
        async with AsyncSessionLocal(info={"patience": FILL_WITHIN}) as db:
            people, said = await removal.remove(db)
            await follower.notify(db)
    finally:
        await async_engine.dispose()
    click.echo(f"Removed: {people} people, {said} statuses." if people else "There is no demo on this board.")


async def _post_until_stopped(every: float, *, has_open_ends: bool) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    cast = week.people()
    if has_open_ends:
        for step in live.endings(cast):
            await _perform(step, every, stopping)
    for step in live.scenes(cast, random.Random()):  # noqa: S311 -- no secret
        if stopping.is_set():
            break
        await _perform(step, every, stopping)


async def _pause(seconds: float, stopping: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def _perform(step: Step, every: float, stopping: asyncio.Event) -> None:
    """Do a step after a while, once the database is available, unless the demo is stopped first."""
    await _pause(random.uniform(0.5, 1.5) * every, stopping)  # noqa: S311 -- no secret
    while not stopping.is_set():
        try:
            await _say(step, min(every, SECOND_THOUGHTS), stopping)
            return
        except (UserNotFound, AccountDisabled):  # they are first disabled, then removed
            click.echo("The demo was removed.")
            stopping.set()
        except Unavailable:
            await _pause(RETRY, stopping)


async def _say(step: Step, second_thoughts: float, stopping: asyncio.Event) -> None:
    line = step.line
    async with AsyncSessionLocal() as db:
        author = await filling.author(db, step.person)
        if step.speaks_of is not None:
            await filling.imagine(db, step.speaks_of)
        if line.ends:
            await filling.end(db, line.message)
        await follower.notify(db)
    data = StatusCreate(message=line.message, category=line.category)
    status = StatusRead.model_validate_json(await posting.post(author=author, data=data))
    if line.edited is None:
        return
    await _pause(second_thoughts, stopping)
    async with AsyncSessionLocal() as db:
        with suppress(StatusNotFound):
            changes = StatusUpdate(message=line.edited)
            await editing.edit(db, editor=author, status_id=status.id, changes=changes)
            await follower.notify(db)
