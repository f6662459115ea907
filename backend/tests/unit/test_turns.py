"""Turns are fair: whoever asks for much waits behind everybody who asks for little, and keeps nobody out."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.errors import TooBusy
from app.services.turns import Turns


class Crowd:
    """People who wait for turns, named by group, member and number: `a1.2` is the second of member 1 of group a."""

    def __init__(self, **options) -> None:
        self.turns = Turns(
            **{"at_once": 1, "most_waiting": 100, "patience": 60, "refusal": "Come back later."} | options
        )
        self.had: list[str] = []
        self.refused: list[str] = []
        self.tasks: dict[str, asyncio.Task] = {}
        self.ends: dict[str, asyncio.Event] = {}

    async def come(self, *names: str) -> None:
        """Have them ask, one after the other."""
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._ask(name))
            await asyncio.sleep(0)

    async def _ask(self, name: str) -> None:
        try:
            async with self.turns.turn(name[0], name[1]):
                self.had.append(name)
                await self.ends[name].wait()
        except TooBusy:
            self.refused.append(name)

    async def end(self, name: str) -> None:
        """Have a turn end; the next one begins."""
        self.ends[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def all(self) -> list[str]:
        """Let everyone have their turn, and return their order."""
        for number in range(len(self.tasks)):
            if number < len(self.had):
                await self.end(self.had[number])
        return self.had


@pytest.fixture
async def crowd() -> AsyncIterator[Crowd]:
    """Nobody yet; one turn at a time."""
    crowd = Crowd()
    yield crowd
    for task in crowd.tasks.values():
        task.cancel()


async def test_those_who_wait_rotate_by_group_then_by_member(crowd):
    """Ten of one address come first; each other address waits for one of them at most, and so does each account."""
    await crowd.come("a1.1", "a1.2", "a1.3", "a1.4", "a2.1", "a3.1", "b1.1", "b1.2", "c1.1")

    assert await crowd.all() == ["a1.1", "a1.2", "b1.1", "c1.1", "a2.1", "b1.2", "a3.1", "a1.3", "a1.4"]


async def test_one_who_comes_later_waits_for_one_turn_of_each_group(crowd):
    """However many a group has waiting, also where it had no turn yet."""
    await crowd.come("a1.1", *(f"a1.{number}" for number in range(2, 30)))
    await crowd.end("a1.1")
    await crowd.come("b1.1")
    await crowd.end("a1.2")
    await crowd.end("a1.3")

    assert crowd.had[-1] == "b1.1"


async def test_as_many_turns_at_once_as_there_are():
    """The first ones do not wait, and a turn that nobody waits for is there for the next."""
    crowd = Crowd(at_once=2)
    await crowd.come("a1.1", "a1.2", "a1.3")
    before = list(crowd.had)
    await crowd.end("a1.1")
    for name in ("a1.2", "a1.3"):
        await crowd.end(name)
    await crowd.come("a1.4", "a1.5", "a1.6")

    assert before == ["a1.1", "a1.2"]
    assert crowd.had == ["a1.1", "a1.2", "a1.3", "a1.4", "a1.5"]
    for name in ("a1.4", "a1.5", "a1.6"):
        await crowd.end(name)


@pytest.mark.parametrize(
    ("waiting", "comes", "refused"),
    [
        pytest.param(["a1.2", "a1.3", "a1.4"], "b1.1", "a1.4", id="a group makes room for another"),
        pytest.param(["a1.2", "a2.1", "a1.3"], "b1.1", "a1.3", id="of a group the member who waits most often"),
        pytest.param(["a1.2", "a1.3", "a1.4"], "a2.1", "a1.4", id="a member makes room for another"),
        pytest.param(["a1.2", "a1.3", "a1.4"], "a1.5", "a1.5", id="nobody makes room for a fourth"),
        pytest.param(["a1.2", "b1.1", "c1.1"], "d1.1", "d1.1", id="nor do those who wait once"),
        pytest.param(["a1.2", "a1.3", "b1.1"], "b2.1", "b2.1", id="nor a group that would then have less"),
        pytest.param(["a1.2", "a2.1", "a3.1"], "a4.1", "a4.1", id="nor members who wait once"),
    ],
)
async def test_a_full_queue_is_shared(waiting, comes, refused):
    """At most three wait: the next takes the last place of whoever has more, or is told to come back later."""
    crowd = Crowd(most_waiting=3)
    await crowd.come("x1.1", *waiting, comes)
    await asyncio.sleep(0)

    assert crowd.refused == [refused]
    assert crowd.turns.waiting == 3
    assert sorted(await crowd.all()) == sorted({"x1.1", *waiting, comes} - {refused})


async def test_nobody_waits_for_ever():
    """Whoever waited for too long is told to come back later; the turns go on."""
    crowd = Crowd(patience=0)
    await crowd.come("a1.1", "a1.2")
    await crowd.tasks["a1.2"]
    assert (crowd.refused, crowd.turns.waiting) == (["a1.2"], 0)
    await crowd.end("a1.1")
    await crowd.come("a1.3")

    assert crowd.had == ["a1.1", "a1.3"]
    await crowd.end("a1.3")


@pytest.mark.parametrize("has_turn", [True, False], ids=["just as it has its turn", "while it waits"])
async def test_whoever_gives_up_takes_no_turn_along(crowd, has_turn):
    """The next one has it."""
    async with crowd.turns.turn("x"):
        await crowd.come("a1.1", "a1.2")
        if not has_turn:
            crowd.tasks["a1.1"].cancel()
    crowd.tasks["a1.1"].cancel()
    await asyncio.wait([crowd.tasks["a1.1"]])
    await asyncio.sleep(0)

    assert crowd.had == ["a1.2"]
    await crowd.end("a1.2")
    await crowd.come("a1.3")
    assert crowd.had == ["a1.2", "a1.3"]


async def test_an_error_within_a_turnends_it(crowd):
    """The next one has its own."""
    with pytest.raises(LookupError):
        async with crowd.turns.turn("a"):
            raise LookupError
    await crowd.come("b1.1")

    assert crowd.had == ["b1.1"]
