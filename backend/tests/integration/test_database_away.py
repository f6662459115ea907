"""A database that is down, silent, full or locked ends nothing: work goes on by itself once it is back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app import database
from app.services.feed import log as feed_log
from app.services.statuses import posting
from tests import history
from tests.answers import refused
from tests.databases import DatabaseProxy
from tests.patience import LONG
from tests.personas import Persona
from tests.servers import Server, closed_with, receive, receive_until, serve

PATH = "/api/v1/statuses"

pytestmark = pytest.mark.shipped_patience

# Without the limits it would be 8 s at least, in which a path to the database has to answer. That they make 2.5 s at
# most is held by `test_the_limits_are_shorter_than_what_is_promised`, whatever else the machine does.
IN_TIME = 7.0

END_OTHERS = text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
""")


@asynccontextmanager
async def soon(within: float) -> AsyncIterator[None]:
    """Hold that the block takes no longer than so many seconds."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < within


async def say(client: httpx.AsyncClient, message: str = "x") -> httpx.Response:
    """Answer a post."""
    return await client.post(PATH, json={"message": message})


async def until_it_works(client: httpx.AsyncClient) -> dict:
    """Post until it is accepted, for 5 s at most, and return the status."""
    async with asyncio.timeout(LONG):
        while (response := await say(client, "it works")).status_code != 201:
            refused(response, 503, "database_unavailable")
            await asyncio.sleep(0.05)
    return response.json()


async def until_ready(client: httpx.AsyncClient) -> None:
    """Wait for `/ready`, for 5 s at most."""
    async with asyncio.timeout(LONG):
        while (await client.get("/api/v1/ready")).status_code != 200:
            await asyncio.sleep(0.05)


def unavailable(response: httpx.Response) -> None:
    """Hold that the answer says when to come back, and nothing of the database."""
    refused(response, 503, "database_unavailable")
    assert 0 < int(response.headers["retry-after"]) <= 5
    assert "postgres" not in response.text.lower()


async def test_a_database_that_is_cut_off(proxy: DatabaseProxy, ada: Persona):
    """Health stays, ready names what is missing, requests get 503 at once, an open socket stays and goes on."""
    async with serve() as server, server.client(ada.token) as client, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        before = await say(client, "before")
        assert (await receive(socket))["data"] == before.json()
        proxy.refuse()
        async with soon(IN_TIME):
            health = await client.get("/api/v1/health")
            ready = await client.get("/api/v1/ready")
            answers = await asyncio.gather(say(client), client.get(PATH), client.get("/api/v1/board"))
        async with server.follow(ada.token) as turned_away:
            assert await closed_with(turned_away) == 1013
        await proxy.mend()
        status = await until_it_works(client)
        event = await receive(socket)
        await until_ready(client)

    assert health.status_code == 200
    assert refused(ready, 503, "not_ready")["missing"][0] == "database"
    for answer in answers:
        unavailable(answer)
    assert (event["seq"], event["data"]) == (2, status)


async def test_a_database_that_falls_silent(proxy: DatabaseProxy, ada: Persona):
    """No connection can be had: 503 within 2.5 s, also for many at once; what was frozen goes on where it was."""
    async with serve() as server, server.client(ada.token) as client, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await database.AsyncSessionLocal.kw["bind"].dispose()
        proxy.freeze()
        async with soon(IN_TIME):
            answers = await asyncio.gather(*(say(client) for _ in range(12)))
            health = await client.get("/api/v1/health")
        await proxy.mend()
        status = await until_it_works(client)
        event = await receive(socket)

    assert health.status_code == 200
    for answer in answers:
        unavailable(answer)
    assert event["data"] == status


async def test_a_path_that_falls_silent_under_a_statement(proxy: DatabaseProxy, ada: Persona, monkeypatch):
    """A pooled connection that no longer answers is given up after the time for a statement, and not used again."""
    monkeypatch.setattr(database, "COMMAND_TIMEOUT", 0.5)
    engine = database.create_engine(proxy.url)
    database.AsyncSessionLocal.configure(bind=engine)
    await until_it_works(ada.client)
    proxy.freeze()
    async with soon(IN_TIME):
        frozen = await say(ada.client)
    await proxy.mend()
    await until_it_works(ada.client)
    await engine.dispose()

    unavailable(frozen)


async def test_a_database_that_is_away_at_the_start(proxy: DatabaseProxy, ada: Persona):
    """The process starts, says what it waits for, and begins to work when the database comes."""
    proxy.refuse()
    async with serve(follows=False) as server, server.client(ada.token) as client:
        ready = await client.get("/api/v1/ready")
        unavailable(await client.get(PATH))
        await proxy.mend()
        await until_ready(client)
        async with server.follow(ada.token) as socket:
            await receive_until(socket, "ready")
            posted = await say(client)
            event = await receive(socket)

    assert refused(ready, 503, "not_ready")["missing"] == ["database", "listener"]
    assert event["data"] == posted.json()


async def test_a_socket_catches_up_with_what_others_wrote_meanwhile(proxy: DatabaseProxy, ada: Persona):
    """One process has lost the database, another has not: nothing is missing afterwards, nothing comes twice."""
    async with serve() as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        proxy.refuse()
        async with database.AsyncSession(proxy.direct) as direct:
            await history.append(direct, 50)
        await proxy.mend()
        events = [await receive(socket) for _ in range(50)]

    assert [event["seq"] for event in events] == list(range(1, 51))


async def test_connections_that_postgresql_ended_cost_no_request(ada: Persona):
    """After a restart of PostgreSQL the pool's old connections are replaced before anyone notices."""
    await asyncio.gather(*(ada.post(str(number)) for number in range(5)))
    autocommit = database.async_engine.execution_options(isolation_level="AUTOCOMMIT")
    async with autocommit.connect() as connection, asyncio.timeout(LONG):
        while await connection.scalar(END_OTHERS):
            await asyncio.sleep(0.01)
        answers = await asyncio.gather(*(say(ada.client) for _ in range(5)))

    assert [answer.status_code for answer in answers] == [201] * 5
    assert database.async_engine.pool.checkedout() == 0


async def test_a_connection_whose_end_was_announced_costs_no_request(proxy: DatabaseProxy, ada: Persona):
    """PostgreSQL has said that it ends it, the end of the stream is still to come: what wasn't sent is sent anew."""
    first = await say(ada.client, "octo/api#1")
    proxy.tells_of_ends = False
    autocommit = proxy.direct.execution_options(isolation_level="AUTOCOMMIT")
    answers = []
    for ask in (
        lambda: say(ada.client, "plain"),
        lambda: say(ada.client, "octo/api#2"),
        lambda: ada.client.patch(f"{PATH}/{first.json()['id']}", json={"message": "edited"}),
        lambda: ada.client.get("/api/v1/board"),
        lambda: ada.client.get(PATH, params={"q": "edited"}),
    ):
        async with autocommit.connect() as connection, asyncio.timeout(LONG):
            while await connection.scalar(END_OTHERS):
                await asyncio.sleep(0.01)
        answers.append(await ask())

    assert [answer.status_code for answer in answers] == [201, 201, 200, 200, 200]


def test_the_limits_are_shorter_than_what_is_promised():
    """503 within 2.5 s: a session's patience covers connections and locks together, and each by itself is shorter."""
    lock = int(database.SESSION_GUARDS["lock_timeout"]) / 1000

    assert max(database.PATIENCE, database.POOL_TIMEOUT, database.CONNECT_TIMEOUT, lock) <= 2


async def test_a_pool_without_a_free_connection(ada: Persona):
    """503 within 2.5 s for whoever waits in vain; the next one after that is served."""
    async with AsyncExitStack() as held:
        for _ in range(database.POOL_SIZE + database.POOL_OVERFLOW):
            await held.enter_async_context(database.async_engine.connect())
        async with soon(IN_TIME):
            answers = await asyncio.gather(*(say(ada.client) for _ in range(3)))
    freed = await say(ada.client)

    for answer in answers:
        unavailable(answer)
    assert freed.status_code == 201


async def lock_head(connection: AsyncConnection) -> None:
    """Hold the log's one lock, as a writer does that hangs before its commit."""
    await connection.execute(text("SELECT 1 FROM feed_head FOR UPDATE"))


async def test_a_writer_that_hangs_holds_others_up_for_2_seconds(ada: Persona):
    """Posts are 503 then, and leave nothing behind; reading goes on."""
    async with database.async_engine.connect() as hanging:
        await lock_head(hanging)
        async with soon(IN_TIME):
            blocked, listed = await asyncio.gather(say(ada.client, "blocked"), ada.client.get(PATH))
        await hanging.rollback()
    status = await until_it_works(ada.client)

    unavailable(blocked)
    assert listed.status_code == 200
    assert (await ada.client.get(PATH)).json()["items"] == [status]


DEADLOCK = "DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40P01'; END $$"


async def test_a_deadlock_is_tried_once_more(ada: Persona, monkeypatch):
    """Nobody is told of a deadlock that PostgreSQL resolved; a second one is 503."""
    append, insert = feed_log.append, posting._insert  # noqa: SLF001 -- the last step of each
    failures = [1]

    async def append_or_deadlock(db: database.AsyncSession, **event: object) -> None:
        if failures[0]:
            failures[0] -= 1
            await db.execute(text(DEADLOCK))
        await append(db, **event)

    async def insert_or_deadlock(connection: asyncpg.Connection, *post: object, **how: object) -> asyncpg.Record | None:
        if failures[0]:
            failures[0] -= 1
            await connection.execute(DEADLOCK)
        return await insert(connection, *post, **how)

    async def edit(status_id: int, message: str) -> httpx.Response:
        return await ada.client.patch(f"{PATH}/{status_id}", json={"message": message})

    monkeypatch.setattr(feed_log, "append", append_or_deadlock)
    monkeypatch.setattr(posting, "_insert", insert_or_deadlock)
    for once in ("once", "once on octo/api#12"):
        failures[0] = 1
        posted = await say(ada.client, once)
        failures[0] = 1
        edited = await edit(posted.json()["id"], f"edited {once}")
        failures[0] = 2
        twice = await say(ada.client, f"twice {once}")
        failures[0] = 2
        edited_twice = await edit(posted.json()["id"], f"twice {once}")
        failures[0] = 0

        assert (posted.status_code, edited.status_code) == (201, 200)
        unavailable(twice)
        unavailable(edited_twice)
    assert [status["message"] for status in (await ada.client.get(PATH)).json()["items"]] == [
        "edited once on octo/api#12",
        "edited once",
    ]


async def test_a_database_that_is_not_migrated(server: Server, ada: Persona):
    """Requests are 503 until the tables are there, and nothing has to be restarted then."""
    async with database.async_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE statuses RENAME TO not_yet"))
    before = await say(ada.client)
    async with database.async_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE not_yet RENAME TO statuses"))
    after = await say(ada.client)

    unavailable(before)
    assert after.status_code == 201
