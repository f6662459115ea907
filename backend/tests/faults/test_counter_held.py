"""A transaction holds the log's counter, for which every writer waits, and does not end."""

import asyncio
import time

import asyncpg
import pytest

from app.database import SESSION_GUARDS
from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import traffic

TAKE = "UPDATE feed_head SET mark = mark"
DAWDLE = {"idle": 3600.0, "busy": 0.5}  # seconds between two statements
LONGEST = 20.0  # seconds


async def hold_counter(stand: Stand, how: str) -> float:
    """Take the counter as the board would, do nothing or dawdle, and return how many seconds it could be held."""
    connection = await asyncpg.connect(stand.postgres.url().replace("+asyncpg", ""), server_settings=SESSION_GUARDS)
    gone = asyncio.Event()
    connection.add_termination_listener(lambda _: gone.set())
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(TAKE)
    began = time.monotonic()
    while not gone.is_set() and time.monotonic() - began < LONGEST:
        try:
            async with asyncio.timeout(min(DAWDLE[how], LONGEST)):
                await gone.wait()
        except TimeoutError:
            try:
                await connection.execute("SELECT 1")
            except (asyncpg.PostgresError, asyncpg.InterfaceError):
                break
    took = time.monotonic() - began
    connection.terminate()
    return took


@pytest.mark.fault(
    "a transaction that holds the counter",
    small={"sockets": 20, "rate": 20, "ways": "idle", "pace": 0.2},
    full={"sockets": 100, "rate": 50, "ways": "idle, busy", "pace": 1},
    mutations={"patient_writers": {"ways": "busy"}},
)
async def test_whoever_holds_the_counter_is_ended(stand: Stand, run: Run):
    """By PostgreSQL itself: nothing else can be relied on to be alive. Writers are told to come back, readers read."""
    size, held = run.size, []
    async with traffic(stand, sockets=size.sockets, rate=size.rate, pace=size.pace) as board:
        await board.goes_on(1)
        for how in size.ways.split(", "):
            held.append(await hold_counter(stand, how))
            await board.writes_again(LONGEST)

    put_off = board.posters.put_off
    assert min(held) > 2, "the counter was free before anybody had waited for it in vain"
    assert put_off, "nobody waited for it in vain"
    run.is_exact(board.verdict)
    run.measured("503 after", max(put_off), "s", at_most=2.5, shows="patient_writers")
    run.measured("held for", max(held), "s", at_most=10)
