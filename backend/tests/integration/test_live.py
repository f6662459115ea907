"""The live feed: what a socket is sent, in which order, and that nothing is lost on the way."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.api.live import caught_up, conversation
from app.config import settings
from app.services import wakeups
from app.services.feed import events, follower
from tests import history
from tests.deployed import replica
from tests.personas import Persona
from tests.servers import Server, closed_with, first_message, receive, receive_until, serve, until

LONG_TITLES = text("""
    INSERT INTO github_references (owner, repo, number, kind, title, state, due_at)
    SELECT 'o', 'r', n, 'pull_request', repeat('é', 200), 'merged', 'infinity' FROM generate_series(1, 20) AS n
""")

OLD = text("""
    INSERT INTO statuses (author_id, message, category, created_at)
    SELECT :author, n || ' minutes ago', 'done', now() - n * interval '1 minute' FROM generate_series(1, 130, 10) AS n
""")


async def frames(socket, count: int) -> list[dict]:
    """Return the next messages."""
    return [await receive(socket) for _ in range(count)]


async def test_a_fresh_start(server: Server, ada: Persona):
    """Hello, snapshot and ready, all of one position; then each event, numbered on."""
    posted = [await ada.post("one octo/api#12"), await ada.post("two", "blocked")]
    async with server.follow(ada.token) as socket:
        hello, snapshot, ready = await receive_until(socket, "ready")
        later = await ada.post("three")
        event = await receive(socket)

    at = {"seq": 2, "position": hello["position"]}
    assert hello == {"type": "hello"} | at
    assert snapshot == {"type": "snapshot", "statuses": posted} | at
    assert ready == {"type": "ready"} | at
    assert event == {
        "type": "event",
        "seq": 3,
        "position": event["position"],
        "kind": "status.posted",
        "data": later,
    }
    assert event["position"] == (await ada.client.get("/api/v1/board")).json()["position"]


async def test_every_kind_of_event(server: Server, ada: Persona, bob: Persona):
    """Posts, edits, deletions and changes of members, in the order in which they were committed."""
    async with server.follow(bob.token) as socket:
        await receive_until(socket, "ready")
        posted = await ada.post("one")
        path = f"/api/v1/statuses/{posted['id']}"
        edited = (await ada.client.patch(path, json={"message": "two"})).json()
        await bob.client.delete(path)
        await ada.client.delete(path)
        member = (await bob.client.patch("/api/v1/users/me", json={"display_name": "Bobby"})).json()
        received = await frames(socket, 4)

    assert [(event["seq"], event["kind"], event["data"]) for event in received] == [
        (1, "status.posted", posted),
        (2, "status.edited", edited),
        (3, "status.deleted", {"id": posted["id"]}),
        (4, "member.changed", member),
    ]


async def test_the_snapshot_reaches_back_some_hours_by_the_databases_clock(
    server: Server, ada: Persona, db: AsyncSession, monkeypatch
):
    """One hour by default, more where the setting says so; the oldest first, and nothing older."""
    await db.execute(OLD, {"author": ada.user.id})
    await db.commit()

    ages = []
    for hours in [1, 2]:
        monkeypatch.setattr(settings, "WS_INITIAL_HOURS", hours)
        async with server.follow(ada.token) as socket:
            _, snapshot, _ = await receive_until(socket, "ready")
        ages.append([int(status["message"].split()[0]) for status in snapshot["statuses"]])

    assert ages == [list(range(51, 0, -10)), list(range(111, 0, -10))]


async def test_old_snapshot_plus_events_is_new_snapshot(server: Server, ada: Persona, bob: Persona):
    """However posts, edits and deletions fall around the start of a socket, it ends with the board as it is."""
    last = 2 * (8 + 3 + 3)  # posts, edits, deletions
    following = []

    async def follow() -> dict[int, dict]:
        async with server.follow(ada.token) as socket:
            _, snapshot, ready = await receive_until(socket, "ready")
            board = {status["id"]: status for status in snapshot["statuses"]}
            for seq in range(ready["seq"] + 1, last + 1):
                event = await receive(socket)
                assert event["seq"] == seq
                status = event["data"]
                if event["kind"] == "status.deleted":
                    board.pop(status["id"], None)  # it may come again, in the place of what told the text
                else:
                    board[status["id"]] = status
        return board

    async def talk(persona: Persona) -> None:
        for number in range(8):
            following.append(asyncio.create_task(follow()))
            posted = await persona.post(f"number {number}")
            path = f"/api/v1/statuses/{posted['id']}"
            if number % 3 == 0:
                await persona.client.patch(path, json={"category": "done"})
            elif number % 3 == 1:
                await persona.client.delete(path)

    await asyncio.gather(talk(ada), talk(bob))
    boards = await asyncio.gather(*following)
    everything = (await ada.client.get("/api/v1/statuses")).json()["items"]

    assert len(everything) == 10
    assert all(board == {status["id"]: status for status in everything} for board in boards)


async def test_two_servers_are_one_board(server: Server, database_url: str, ada: Persona):
    """What is posted at one process is on a socket of another, and the other way round, in one order."""
    async with (
        replica({"DATABASE_URL": database_url, "JWT_SECRET": settings.JWT_SECRET}) as other,
        server.follow(ada.token) as here,
        connect(f"ws://{other.address}/api/v1/live") as there,
        server.client(ada.token) as client,
    ):
        await there.send(first_message(ada.token))
        await receive_until(here, "ready")
        await receive_until(there, "ready")
        for api in [f"{server.url}/api/v1", other.url] * 2:
            response = await client.post(f"{api}/statuses", json={"message": api})
            assert response.status_code == 201
        seen_here, seen_there = await frames(here, 4), await frames(there, 4)

    assert [event["seq"] for event in seen_here] == [1, 2, 3, 4]
    assert seen_here == seen_there


async def test_a_lost_notification_costs_a_second_and_no_event(server: Server, ada: Persona, db: AsyncSession):
    """A process that dies between its commit and its notification is covered by the poll."""
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await history.append(db, 3)
        received = await frames(socket, 3)

    assert [event["data"]["n"] for event in received] == [1, 2, 3]


async def test_a_notification_wakes_and_does_not_wait_for_the_poll(
    database_url: str, ada: Persona, db: AsyncSession, monkeypatch
):
    """With a poll that never comes, another process's event is there by its notification alone."""
    monkeypatch.setattr(follower, "POLL", 3600)
    async with serve() as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await history.append(db, 1)
        await db.execute(text(follower.NOTIFY))
        await db.commit()
        event = await receive(socket)

    assert event["seq"] == 1


def wrap_reads(monkeypatch: pytest.MonkeyPatch, wrapper: Callable[[Callable[[], Awaitable]], Awaitable]) -> None:
    """Have whoever reads the log call `wrapper` with what does it."""
    fetch = asyncpg.Connection.fetch

    async def wrapped(connection: asyncpg.Connection, statement: str, *arguments, **options):
        read = partial(fetch, connection, statement, *arguments, **options)
        return await (wrapper(read) if statement == follower.READ else read())

    monkeypatch.setattr(asyncpg.Connection, "fetch", wrapped)


async def test_a_notification_brings_its_status_with_it(database_url: str, ada: Persona, monkeypatch):
    """Where nothing else is said meanwhile, nobody reads the log for it."""
    reads = []

    async def noting(read):
        reads.append(read)
        return await read()

    monkeypatch.setattr(follower, "POLL", 3600)
    wrap_reads(monkeypatch, noting)
    async with serve() as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await until(lambda: len(server.sockets.caught_up) == 1)
        before = len(reads)
        posted = [await ada.post(f"number {n}, of octo/api#{n}") for n in range(1, 4)]
        received = await frames(socket, 3)

    assert [event["data"] for event in received] == posted
    assert [event["seq"] for event in received] == [1, 2, 3]
    assert len(reads) == before


@pytest.mark.parametrize("waits_first", [True, False])
async def test_what_a_notification_brings_meanwhile_is_not_told_again(
    server: Server, ada: Persona, db: AsyncSession, monkeypatch, *, waits_first: bool
):
    """A read that was under way by then may find it in the log as well, or may have been too early for it."""
    is_reading, may_read = asyncio.Event(), asyncio.Event()

    async def waiting(read):
        found = None if waits_first else await read()
        is_reading.set()
        await may_read.wait()
        return await read() if waits_first else found

    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        wrap_reads(monkeypatch, waiting)
        await is_reading.wait()
        posted = await ada.post("while it reads")
        told = await receive(socket)
        may_read.set()
        await history.append(db, 1)
        later = await receive(socket)

    assert (told["seq"], told["data"]) == (1, posted)
    assert (later["seq"], later["kind"]) == (2, "test.happened")


async def test_an_event_that_can_not_be_told_costs_no_event(server: Server, ada: Persona, monkeypatch, caplog):
    """Whatever breaks while a notification's event is told: sockets are sent away, and find it when they come back."""
    frame_of = caught_up.frame_of
    breaks = iter([True])

    def break_once(text: bytes) -> bytes:
        if next(breaks, False):
            raise RuntimeError("unforeseen")
        return frame_of(text)

    async with server.follow(ada.token) as socket:
        _, _, ready = await receive_until(socket, "ready")
        await until(lambda: len(server.sockets.caught_up) == 1)
        monkeypatch.setattr(caught_up, "frame_of", break_once)
        posted = await ada.post("Not to be lost")
        code = await closed_with(socket)
    async with server.follow(ada.token, ready["position"]) as socket:
        messages = await receive_until(socket, "ready")

    assert code == 1012
    assert messages[1]["data"] == posted
    assert "The live feed failed and starts again." in caplog.messages


async def test_what_no_notification_can_bring_is_read_at_once(
    database_url: str, ada: Persona, db: AsyncSession, monkeypatch
):
    """A status too long for one, and what is told behind a status in the same transaction."""
    monkeypatch.setattr(follower, "POLL", 3600)
    await db.execute(LONG_TITLES)
    await db.commit()
    async with serve() as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        long = await ada.post(" ".join(f"o/r#{n}" for n in range(1, 21)))
        blocked = await ada.post("o/r#1", "blocked")
        received = await frames(socket, 3)

    said = json.dumps(long, ensure_ascii=False, separators=(",", ":"))
    assert len(said) < 7900 < len(said.encode())
    assert [event["kind"] for event in received] == ["status.posted", "status.posted", "blocker.cleared"]
    assert [event["data"] for event in received] == [long, blocked, blocked]


@pytest.mark.parametrize("notification", ["look", "1 of another history", "1 0a1b2c3d 4e5f6a7b status.posted 1 {}"])
async def test_what_does_not_fit_the_log_is_not_passed_on(
    database_url: str, ada: Persona, db: AsyncSession, monkeypatch, notification: str
):
    """Where a notification does not begin at the last known event, what holds is what the log says."""
    monkeypatch.setattr(follower, "POLL", 3600)
    async with serve() as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await history.append(db, 1)
        await db.execute(text(f"SELECT pg_notify('{wakeups.CHANNEL}', :notification)"), {"notification": notification})
        await db.commit()
        event = await receive(socket)
        posted = await ada.post("and then")
        later = await receive(socket)

    assert (event["seq"], event["kind"]) == (1, "test.happened")
    assert (later["seq"], later["data"]) == (2, posted)


async def test_the_listening_connection_may_be_cut(server: Server, ada: Persona, db: AsyncSession):
    """PostgreSQL ends it in the midst of posts; the open socket gets every event, once and in order."""
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        ended = 0
        for number in range(9):
            await ada.post(str(number))
            if number % 3 == 1:
                ended += await history.end_listeners(db)
        received = await frames(socket, 9)

    assert ended >= 1
    assert [event["seq"] for event in received] == list(range(1, 10))
    assert [event["data"]["message"] for event in received] == [str(number) for number in range(9)]


async def test_a_driver_that_trips_costs_no_socket(server: Server, ada: Persona, db: AsyncSession, monkeypatch):
    """A connection cut between two steps of a statement leaves asyncpg in a state of its own; the sockets stay."""
    trips = iter([True])

    async def trip(read):
        if next(trips, False):
            raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")
        return await read()

    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        wrap_reads(monkeypatch, trip)
        await history.append(db, 1)
        event = await receive(socket)

    assert event["seq"] == 1
    assert next(trips, None) is None, "it did not trip"


async def test_a_client_that_does_not_read_is_given_up(server: Server, ada: Persona, db: AsyncSession, monkeypatch):
    """It holds nothing up but itself: others get every event, and it is closed as too slow."""
    monkeypatch.setattr(conversation, "SEND_WITHIN", 0.2)
    monkeypatch.setattr(conversation, "GOODBYE_WITHIN", 0.1)
    async with server.follow(ada.token) as brisk, server.socket(max_queue=1) as stalled:
        await stalled.send(json.dumps({"type": "auth", "token": ada.token}))
        await receive_until(stalled, "ready")
        await receive_until(brisk, "ready")
        stalled.transport.pause_reading()
        await history.append(db, 2000, padding=8000)
        received = await frames(brisk, 2000)
        await until(lambda: len(server.sockets.open) == 1)
        stalled.transport.abort()

    assert received[-1]["seq"] == 2000


async def test_a_client_that_pauses_misses_nothing(server: Server, ada: Persona, db: AsyncSession):
    """It falls behind in the middle of what is written to all, catches up by itself, and is one of them again."""
    async with server.follow(ada.token) as brisk, server.socket() as pausing:
        await pausing.send(json.dumps({"type": "auth", "token": ada.token}))
        await receive_until(pausing, "ready")
        await receive_until(brisk, "ready")
        await until(lambda: len(server.sockets.caught_up) == 2)
        pausing.transport.pause_reading()
        await history.append(db, 500, padding=8000)
        others = await frames(brisk, 500)
        # Who has everything is written to again; who may not be written to is the one that pauses.
        await until(lambda: [held._connection.is_writable for held in server.sockets.open].count(False) == 1)  # noqa: SLF001
        pausing.transport.resume_reading()
        await history.append(db, 500, padding=10)
        received = await frames(pausing, 1000)
        others += await frames(brisk, 500)
        posted = []
        for _ in range(2):  # the first is sent to each that had to wait, and then both have caught up
            posted.append(await ada.post("and one more"))
            received.append(await receive(pausing))
            others.append(await receive(brisk))
            await until(lambda: len(server.sockets.caught_up) == 2)

        assert [event["seq"] for event in received] == list(range(1, 1003))
        assert others == received
        assert [event["data"] for event in received[-2:]] == posted


async def test_who_falls_out_of_memory_is_closed_as_too_slow(
    database_url: str, ada: Persona, db: AsyncSession, monkeypatch
):
    """The last position leads back: what was missed comes from the database."""
    monkeypatch.setattr(events, "RING_SIZE", 5)
    async with serve() as server:
        async with server.follow(ada.token) as socket:
            _, _, ready = await receive_until(socket, "ready")
            await history.append(db, 20)
            code = await closed_with(socket)
        async with server.follow(ada.token, ready["position"]) as socket:
            messages = await receive_until(socket, "ready")

    assert code == 4409
    assert [message["seq"] for message in messages[1:-1]] == list(range(1, 21))


async def test_those_who_keep_up_share_frames(server: Server, ada: Persona, monkeypatch):
    """Each event's frame is made once, however many get it, and nobody is sent anything for itself."""
    made, sent = [], []
    frame_of, send = caught_up.frame_of, conversation.LiveSocket._send  # noqa: SLF001

    def noted(text: bytes) -> bytes:
        made.append(text)
        return frame_of(text)

    async def noting(socket: conversation.LiveSocket, message: bytes) -> None:
        sent.append(message)
        await send(socket, message)

    async with AsyncExitStack() as stack:
        following = [await stack.enter_async_context(server.follow(ada.token)) for _ in range(5)]
        for socket in following:
            await receive_until(socket, "ready")
        monkeypatch.setattr(caught_up, "frame_of", noted)
        monkeypatch.setattr(conversation.LiveSocket, "_send", noting)
        await until(lambda: len(server.sockets.caught_up) == len(following))
        posted = [await ada.post(str(number)) for number in range(3)]
        received = [[(await receive(socket))["data"] for _ in posted] for socket in following]

    assert received == [posted] * len(following)
    assert len(made) == len(posted)
    assert sent == []


async def test_a_stop_tells_every_socket_to_come_back(database_url: str, ada: Persona):
    """1012: the client waits a moment and connects again."""
    async with serve() as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        server.stop()
        with pytest.raises(ConnectionClosed):
            await receive(socket)

    assert socket.close_code == 1012
