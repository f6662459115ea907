"""What only the inside of a worker shows: how many sockets read their beginning from the database at the same time."""

import os
from pathlib import Path
from typing import Any

from app.services import catch_up

PREFIX = "beginnings-"


def count_beginnings() -> None:
    """Have this worker write the most that it had at once to a file of the stand's folder."""
    begin: Any = catch_up.begin
    file = Path(f"{PREFIX}{os.getpid()}")
    now = most = 0

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


def most_beginnings(folder: Path, workers: list[int]) -> int:
    """Return the most that any of these workers had at once."""
    files = [folder / f"{PREFIX}{pid}" for pid in workers]
    return max((int(file.read_text()) for file in files if file.exists()), default=0)
