"""What many ask at once is one question, and everyone gets their own answer."""

import asyncio
from operator import itemgetter

import pytest

from app.services.batching import BatchLoader
from tests.servers import until


class Table:
    """Rows by number; it notes what it was asked, and answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None

    async def rows(self, keys: list[int]) -> list[dict[str, int]]:
        """Return the rows of all keys but 0."""
        self.asked.append(sorted(keys))
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return [{"id": key, "square": key * key} for key in keys if key]


@pytest.fixture
def table() -> Table:
    """A table to look things up in."""
    return Table()


@pytest.fixture
def loader(table: Table) -> BatchLoader[int, dict[str, int]]:
    """A loader of its rows."""
    return BatchLoader(table.rows, key=itemgetter("id"))


async def test_all_who_ask_in_one_turn_ask_together(table, loader):
    """Each key is named once, and each gets its own row, or none where there is none."""
    found = await asyncio.gather(*(loader.load(key) for key in (2, 3, 2, 0)))

    assert [row and row["square"] for row in found] == [4, 9, 4, None]
    assert table.asked == [[0, 2, 3]]


async def test_nobody_gets_an_answer_that_is_older_than_the_question(table, loader):
    """Who asks while a question is under way asks anew, and does not wait for it either."""
    table.may_answer.clear()
    first = asyncio.create_task(loader.load(2))
    await until(lambda: table.asked == [[2]])
    second = asyncio.create_task(loader.load(2))
    await until(lambda: table.asked == [[2], [2]])
    table.may_answer.set()
    assert await first == await second == {"id": 2, "square": 4}


async def test_whoever_gives_up_takes_nobody_along(table, loader):
    """The others get their answers."""
    table.may_answer.clear()
    hasty, patient = asyncio.create_task(loader.load(2)), asyncio.create_task(loader.load(3))
    await until(lambda: table.asked == [[2, 3]])
    hasty.cancel()
    table.may_answer.set()

    assert await patient == {"id": 3, "square": 9}
    assert hasty.cancelled()


async def test_an_error_is_everyones_and_the_next_question_begins_anew(table, loader):
    """All who asked together are told."""
    table.error = OSError("gone")
    found = await asyncio.gather(loader.load(2), loader.load(3), return_exceptions=True)
    table.error = None

    assert [type(error) for error in found] == [OSError, OSError]
    assert await loader.load(2) == {"id": 2, "square": 4}
