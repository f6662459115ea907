"""The live feed's snapshot, and what else a socket is sent at its start: bounded, however much was said."""

import asyncio
from functools import partial

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.live import conversation, sockets
from app.database import AsyncSessionLocal
from app.services.feed.events import PIECE_BYTES, Event, Ring, pieces
from app.services.feed.log import Position
from app.services.statuses import catch_up
from tests import history
from tests.faults.stuck import StuckClient
from tests.personas import Persona
from tests.servers import Server, receive, receive_until, serve, until

# All within the last hour, a second apart.
SAY = text("""
    INSERT INTO statuses (author_id, message, category, created_at)
    SELECT :author, n || ' ' || repeat(:filling, :length), 'done', now() - (:count - n) * interval '1 second'
    FROM generate_series(1, :count) AS n
""")


async def say(db: AsyncSession, author: Persona, count: int, *, filling: str = "x", length: int = 1) -> None:
    """Write so many statuses, numbered from 1, the oldest first."""
    await db.execute(SAY, {"author": author.user.id, "count": count, "filling": filling, "length": length})
    await db.commit()


def numbers(snapshot: dict) -> list[int]:
    """Return which of them a snapshot has."""
    return [int(status["message"].split()[0]) for status in snapshot["statuses"]]


async def snapshot_of(server: Server, persona: Persona, after: str | None = None) -> dict:
    """Return the snapshot that a socket begins with."""
    async with server.follow(persona.token, after) as socket:
        messages = await receive_until(socket, "ready")
    return messages[-2]


async def test_a_snapshot_of_a_thousand_statuses_is_whole(server: Server, ada: Persona, db: AsyncSession):
    """It says nothing of `truncated`."""
    await say(db, ada, 1000)

    snapshot = await snapshot_of(server, ada)

    assert numbers(snapshot) == list(range(1, 1001))
    assert "truncated" not in snapshot


async def test_of_more_than_a_thousand_statuses_the_newest_come(server: Server, ada: Persona, db: AsyncSession):
    """The oldest first, also behind a reset; the ones before are in `GET /statuses`."""
    await say(db, ada, 1001)

    fresh = await snapshot_of(server, ada)
    reset = await snapshot_of(server, ada, "5-00000000")
    page = (await ada.client.get("/api/v1/statuses", params={"until": fresh["statuses"][0]["created_at"]})).json()

    assert numbers(fresh) == list(range(2, 1002))
    assert fresh["truncated"] is True
    assert reset == fresh
    assert [status["message"] for status in page["items"]] == ["1 x"]


async def test_a_snapshot_has_at_most_a_million_bytes(server: Server, ada: Persona, db: AsyncSession):
    """Of long statuses fewer come, and as many as fit."""
    await say(db, ada, 600, filling="\N{OCTOPUS}", length=490)
    async with server.follow(ada.token) as socket:
        await socket.recv()
        raw = await socket.recv(decode=False)
        snapshot = await receive_until(socket, "ready")
    async with AsyncSessionLocal() as session:
        beginning = await catch_up.begin(session, after=None)

    assert snapshot[0]["type"] == "ready"
    assert beginning.is_truncated
    assert 1_000_000 - 3000 < len(beginning.statuses) <= 1_000_000
    assert beginning.statuses in raw


async def test_statuses_of_one_moment_are_parted_between_pieces(
    server: Server, ada: Persona, db: AsyncSession, monkeypatch
):
    """Where many were said at once, as by an import, none is skipped or comes twice."""
    monkeypatch.setattr(catch_up, "PIECE", 10)
    await say(db, ada, 95)
    await db.execute(text("UPDATE statuses SET created_at = now()"))
    await db.commit()

    assert numbers(await snapshot_of(server, ada)) == list(range(1, 96))


async def test_clients_that_do_not_read_share_a_bound(database_url: str, ada: Persona, bob: Persona, db, monkeypatch):
    """Two fit. Beyond them, whoever holds most loses the socket that has waited longest; others have theirs."""
    monkeypatch.setattr(sockets, "MOST_UNTAKEN", 1_500_000)
    monkeypatch.setattr(conversation, "GOODBYE_WITHIN", 0.1)
    await say(db, ada, 250, filling="\N{OCTOPUS}", length=490)
    async with serve() as server:
        stuck, seen = [], set()

        def have_begun(count: int) -> bool:
            seen.update(server.sockets.untaken)
            return len(seen) == count

        for count in range(1, 5):
            stuck.append(await asyncio.to_thread(StuckClient, server, ada))
            await until(partial(have_begun, count))
        async with server.follow(bob.token) as socket:
            messages = await receive_until(socket, "ready")
        await until(lambda: len(server.sockets.open) == 1)
        assert {server.sockets.credentials[held].user_id for held in server.sockets.untaken} == {ada.user.id}
        assert len(server.sockets.untaken) == 1
        for client in stuck:
            client.close()
        await until(lambda: not server.sockets.open)

        assert len(messages[1]["statuses"]) == 250
        assert not server.sockets.untaken


async def test_what_was_missed_is_read_in_pieces(database_url: str, db: AsyncSession):
    """However long the events are, a piece has few bytes, or one event; together they are all."""
    await history.append(db, 30, padding=PIECE_BYTES // 4)
    await history.append(db, 1, padding=3 * PIECE_BYTES)
    await history.append(db, 5)
    after, found = 0, []
    while after < 36:
        async with AsyncSessionLocal() as session:
            piece = await catch_up.read_events(session, after=after, up_to=36)
        assert len(piece) == 1 or sum(len(event.message) for event in piece) <= PIECE_BYTES + 100 * len(piece)
        found += [event.position.seq for event in piece]
        after = found[-1]

    assert found == list(range(1, 37))


def events_of(lengths: list[int]) -> list[Event]:
    """Return events, numbered from 1, whose payloads have these lengths."""
    return [Event.from_row(n, "0a1b2c3d", "test", n, "x" * length) for n, length in enumerate(lengths, 1)]


def test_events_are_written_in_pieces():
    """A client that stops reading is noticed after each of them, not after all."""
    lengths = [PIECE_BYTES // 3] * 7 + [2 * PIECE_BYTES, 10, 10]

    parted = [[event.position.seq for event in piece] for piece in pieces(events_of(lengths))]

    assert parted == [[1, 2], [3, 4], [5, 6], [7], [8], [9, 10]]


def test_the_ring_is_bounded_by_bytes_too(monkeypatch):
    """Of long events it keeps fewer, and knows where it begins."""
    monkeypatch.setattr("app.services.feed.events.RING_BYTES", 10_000)
    ring = Ring(Position(0, "00000000"))
    for event in events_of([1900] * 20):
        ring.append(event)

    assert [event.position.seq for event in ring.since(15)] == [16, 17, 18, 19, 20]
    assert ring.covers(15)
    assert not ring.covers(14)
    assert ring.contradicts(Position(15, "00000000"))
    assert not ring.contradicts(Position(15, "0a1b2c3d"))


def test_a_deletion_gives_the_rings_bytes_back(monkeypatch):
    """What is redacted is shorter: more fit."""
    monkeypatch.setattr("app.services.feed.events.RING_BYTES", 10_000)
    ring = Ring(Position(0, "00000000"))
    for number in range(1, 6):
        ring.append(Event.from_row(number, "0a1b2c3d", "status.edited", 7, "x" * 1900))
    ring.append(Event.from_row(6, "0a1b2c3d", "status.deleted", 7, '{"id":7}'))
    for number in range(7, 10):
        ring.append(Event.from_row(number, "0a1b2c3d", "status.posted", number, "x" * 1900))

    assert ring.covers(0)


async def test_an_event_is_kept_as_bytes(server: Server, ada: Persona):
    """One emoji would make a string take four bytes a character."""
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        posted = await ada.post("a" * 400 + "\N{OCTOPUS}")
        event = await receive(socket)
    assert server.sockets.feed.ring is not None
    (kept,) = server.sockets.feed.ring.since(0)

    assert isinstance(kept.message, bytes)
    assert event["data"] == posted
