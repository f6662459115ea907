"""What only the inside of a worker shows or can do.

It counts how many sockets read their beginning from the database at the same time, and whose passwords are really
checked, and it can keep the pool's connections from everyone else.
"""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from app import database
from app.api.live import sockets
from app.services.identity import passwords
from app.services.statuses import catch_up

PREFIX = "beginnings-"
CHECKS = "password-checks"
HOLD_POOL = signal.SIGUSR2


def set_clock_off(seconds: float) -> None:
    """Have this worker live so many seconds from now; what measures durations is left alone.

    libfaketime would do it from outside, but Python 3.13 can't sleep under it.
    """
    now, right = time.time, datetime

    class EveryDatetime(type):
        """Every datetime counts as a shifted one."""

        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, right)

    class Shifted(datetime, metaclass=EveryDatetime):
        """A datetime whose now is another."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return right.fromtimestamp(time.time(), tz)

    time.time = lambda: now() + seconds
    for name, module in list(sys.modules.items()):
        if name.startswith(("app.", "jwt.", "tests.")) and vars(module).get("datetime") is right:
            module.datetime = Shifted  # type: ignore[attr-defined]


def count_beginnings() -> None:
    """Have this worker write the most that it had at once to a file of the stand's folder."""
    begin: Any = catch_up.begin
    file = Path(f"{PREFIX}{os.getpid()}")
    now = most = 0
    file.write_text("0")

    async def counted(*arguments: object, **options: object) -> object:
        nonlocal now, most
        now += 1
        if now > most:
            most = now
            file.write_text(str(most))  # noqa: ASYNC240 - a few bytes, a few times
        try:
            return await begin(*arguments, **options)
        finally:
            now -= 1

    counted.__wrapped__ = begin.__wrapped__  # type: ignore[attr-defined]
    catch_up.begin = counted  # type: ignore[assignment]


def has_begun(folder: Path, worker: int) -> bool:
    """Tell whether this worker has loaded the app."""
    return (folder / f"{PREFIX}{worker}").exists()


def most_beginnings(folder: Path, workers: list[int]) -> int:
    """Return the most that any of these workers had at once."""
    files = [folder / f"{PREFIX}{pid}" for pid in workers]
    return max((int(file.read_text()) for file in files if file.exists()), default=0)


def count_password_checks() -> None:
    """Have this worker write down each password that it hashes in order to compare it."""
    verify = passwords._verify  # noqa: SLF001

    def noted(password_hash: str, password: str) -> bool:
        with Path(CHECKS).open("a") as file:
            file.write(f"{password}\n")
        return verify(password_hash, password)

    passwords._verify = noted  # noqa: SLF001


def password_checks(folder: Path) -> Counter[str]:
    """Return how often each password was really checked, by all workers together."""
    return Counter((folder / CHECKS).read_text().splitlines())


def check_credentials_every(seconds: float) -> None:
    """Have this worker look more often whether the sessions behind its sockets have ended."""
    sockets.CHECK_EVERY = seconds  # type: ignore[misc]


def hold_pool_on_signal() -> None:
    """Have this worker take every connection of its pool at `HOLD_POOL`, and give them back at the next."""
    release: asyncio.Event | None = None
    tasks = set()

    async def hold(until: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(database.POOL_SIZE + database.POOL_OVERFLOW):
                await stack.enter_async_context(database.async_engine.connect())
            await until.wait()

    def toggle(*_: object) -> None:
        nonlocal release
        if release is not None:
            release.set()
            release = None
            return
        release = asyncio.Event()
        task = asyncio.get_running_loop().create_task(hold(release))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    signal.signal(HOLD_POOL, toggle)
