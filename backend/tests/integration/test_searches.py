"""Searches are bounded: other members' posts go on, and what PostgreSQL refuses to look for is no crash."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.services import cursors
from app.services.statuses import board, listing, searches
from tests.answers import refused
from tests.personas import Persona
from tests.servers import until

PATH = "/api/v1/statuses"
HISTORY = "/api/v1/references/octo/api/12"
# Pages of statuses read this table, and plain posts do not.
LOCK = text("LOCK TABLE github_references IN ACCESS EXCLUSIVE MODE")
RUNNING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
""")


@pytest.fixture
async def slow(ada: Persona, db: AsyncSession) -> AsyncIterator[AsyncSession]:
    """Whatever reads statuses has to wait, until PostgreSQL ends it. There is one to be found."""
    await ada.post("one about octo/api#12")
    await db.execute(LOCK)
    yield db
    await db.rollback()


def checked_out() -> int:
    """Return how many of the pool's connections are in use, but for the one that holds the lock."""
    return database.async_engine.pool.checkedout() - 1


@pytest.mark.parametrize(
    "ask",
    [{"q": "one"}, {"reference": "octo/api#12"}, {"author": "ada", "category": "done"}, None],
    ids=["words", "a reference", "filters without a common index", "a reference's history"],
)
async def test_posts_go_on_while_many_search(slow, ada: Persona, bob: Persona, ask):
    """32 searches that don't end hold a share of the connections; Bob posts at once."""
    async with asyncio.TaskGroup() as group:
        for number in range(32):
            filters = {"limit": str(number + 1)} | (ask or {})
            group.create_task(ada.client.get(PATH if ask else HISTORY, params=filters))
        await until(lambda: searches.turns.waiting == 32 - searches.AT_ONCE)
        held = checked_out()
        await bob.post("This is not held up")
        still = searches.turns.waiting
        await slow.rollback()

    assert held == searches.AT_ONCE
    assert still > 0


async def test_what_an_index_finds_is_no_search(ada: Persona):
    """Pages that people turn, by author or category or time, wait for nobody."""
    async with AsyncExitStack() as stack:
        for number in range(searches.AT_ONCE):
            await stack.enter_async_context(searches.turns.turn(number))
        for filters in [{}, {"author": "ada"}, {"category": "done"}, {"since": "2026-01-01T00:00:00Z"}]:
            assert (await ada.client.get(PATH, params=filters)).status_code == 200


async def test_searches_take_turns_by_member(ada: Persona, bob: Persona, monkeypatch):
    """Ada searches for ten things, Bob for one: his comes second."""
    order = []
    read = listing._read  # noqa: SLF001

    async def noted(wanted):
        order.append(wanted.q)
        return await read(wanted)

    monkeypatch.setattr(listing, "_read", noted)
    async with asyncio.TaskGroup() as group, AsyncExitStack() as stack:
        for _ in range(searches.AT_ONCE):
            await stack.enter_async_context(searches.turns.turn("someone"))
        for number in range(10):
            group.create_task(ada.client.get(PATH, params={"q": f"ada{number}"}))
            await until(lambda number=number: searches.turns.waiting == number + 1)
        group.create_task(bob.client.get(PATH, params={"q": "bob"}))
        await until(lambda: searches.turns.waiting == 11)

    assert order[:3] == ["ada0", "bob", "ada1"]


async def test_who_has_no_turn_in_time_is_told_to_come_back(ada: Persona, monkeypatch):
    """It is a 503, and says when."""
    monkeypatch.setattr(searches.turns, "_patience", 0)
    async with AsyncExitStack() as stack:
        for number in range(searches.AT_ONCE):
            await stack.enter_async_context(searches.turns.turn(number))
        busy = await ada.client.get(PATH, params={"q": "one"})
        history = await ada.client.get(HISTORY)

    for response in (busy, history):
        assert refused(response, 503, "too_busy")["detail"].startswith("Too many searches")
        assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("path", [f"{PATH}?q=one", HISTORY])
async def test_a_search_that_takes_too_long_is_ended(slow, ada: Persona, monkeypatch, path):
    """PostgreSQL works on it no more, and its connection is as good as before."""
    monkeypatch.setattr(searches, "TIME_LIMIT", 0.2)
    response = await ada.client.get(path)
    running = await slow.scalar(RUNNING)
    open_before = database.async_engine.pool.checkedin()
    await slow.rollback()
    again = await ada.client.get(path)

    refused(response, 503, "search_too_slow")
    assert response.headers["Retry-After"] == "1"
    assert running == 0
    assert open_before > 0
    assert again.status_code == 200


REFUSED_WORDS = ["-" * 33, "-" * 200, '"' + "-" * 100, "- " * 100, "-(" * 100, "/-" * 100, "a " + "-" * 150 + "a"]
ODD_WORDS = [
    "(" * 200,
    "or " * 66,
    '"' * 200,
    "\\" * 200,
    "x" * 200,
    "\N{OCTOPUS}" * 200,
    ":*&|!<->" * 25,
    "\u0301" * 200,
]


@pytest.mark.parametrize("words", REFUSED_WORDS + ODD_WORDS)
async def test_no_words_are_a_crash(ada: Persona, words):
    """PostgreSQL refuses some as too complex, which is a 422 that says so; by a filter that is recalled, too."""
    for filters in [{"q": words}, {"q": words, "author": "ada"}, {"q": words}]:
        response = await ada.client.get(PATH, params=filters)

        if response.status_code != 200:
            refused(response, 422, "query_refused")


async def test_words_that_are_too_complex_are_refused(ada: Persona):
    """As many signs as PostgreSQL can't take apart."""
    refused(await ada.client.get(PATH, params={"q": "-" * 33}), 422, "query_refused")


EXTREMES = [0, 1, -1, 2**31, 2**63 - 1, -(2**63), -62_135_596_800_000_000, 253_402_300_799_999_999]
LISTS = ["users", "invites", "tokens", "auth/sessions"]


@pytest.mark.parametrize("number", EXTREMES)
async def test_no_cursor_is_a_crash(ada: Persona, number):
    """Whoever forges one, of any number that fits, gets a page or is told that it is damaged."""
    await ada.post("one about octo/api#12")
    asked = [(f"/api/v1/{name}", cursors.write(number)) for name in LISTS]
    asked += [(path, cursors.write(number, other)) for path in (PATH, HISTORY) for other in EXTREMES]
    asked += [(path, cursors.write(other, number)) for path in (PATH, HISTORY) for other in EXTREMES]
    for path, cursor in asked:
        response = await ada.client.get(path, params={"cursor": cursor})

        if response.status_code != 200:
            refused(response, 422, "invalid_cursor")


NUMBERS = ["0", "-1", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 400, "1e3", "٣"]


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_number_in_a_path_is_a_crash(ada: Persona, number):
    """Ids and numbers of references that no column has room for."""
    for method, path in [
        *[(method, f"statuses/{number}") for method in ("GET", "DELETE")],
        ("GET", f"references/octo/api/{number}"),
        *[("DELETE", f"{name}/{number}") for name in ("auth/sessions", "tokens", "invites")],
    ]:
        response = await ada.client.request(method, f"/api/v1/{path}")

        assert response.status_code in {404, 422}, (path, response.text)


MOMENTS = [
    *("1900-01-01T00:00:00+23:59", "2999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "9999-12-31T23:59:60Z"),
    *("2026-02-30T00:00:00Z", "2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00." + "9" * 100 + "Z"),
]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_no_moment_is_a_crash(ada: Persona, moment):
    """Those at the ends of what is known, and those that there never were."""
    for name in ("since", "until"):
        response = await ada.client.get(PATH, params={name: moment})

        assert response.status_code in {200, 422}, response.text


async def test_a_crowd_reads_the_board_together(ada: Persona, monkeypatch):
    """Fifty who ask while it is being read are answered by one reading more, and hold one connection."""
    reads, may_read = [], asyncio.Event()
    together = board._shared_read  # noqa: SLF001
    read = together._read  # noqa: SLF001

    async def slowly():
        reads.append(database.async_engine.pool.checkedout())
        await may_read.wait()
        return await read()

    monkeypatch.setattr(together, "_read", slowly)
    async with asyncio.TaskGroup() as group:
        group.create_task(board.read())
        await until(lambda: len(reads) == 1)
        posted = await ada.post("while it is being read")
        crowd = [group.create_task(ada.client.get("/api/v1/board")) for _ in range(50)]
        await until(lambda: len(together._waiting) == 50)  # noqa: SLF001
        may_read.set()

    assert len(reads) == 2
    assert {answer.json()["members"][0]["status"]["id"] for answer in map(asyncio.Task.result, crowd)} == {posted["id"]}
