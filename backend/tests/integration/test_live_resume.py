"""The live feed's `after`: a client that was away goes on exactly where it was, or is told that it can't."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.live.conversation import LiveSocket
from app.database import AsyncSessionLocal
from app.services import housekeeping
from app.services.feed import follower
from app.services.feed.log import MOST_MISSED
from tests import history
from tests.clock import let_pass
from tests.personas import Persona
from tests.servers import Server, closed_with, receive, receive_until, serve, until

FRESH = ["hello", "snapshot", "ready"]
RESET = ["hello", "reset", "snapshot", "ready"]


async def beginning(server: Server, persona: Persona, after: str | None) -> list[dict]:
    """Return what a socket is sent up to `ready`."""
    async with server.follow(persona.token, after) as socket:
        return await receive_until(socket, "ready")


def types(messages: list[dict]) -> list[str]:
    """Return the messages' types."""
    return [message["type"] for message in messages]


async def test_nothing_missed(server: Server, ada: Persona):
    """Whoever has all of it gets hello and ready, also where the log is still empty."""
    empty = await beginning(server, ada, (await beginning(server, ada, None))[0]["position"])
    await ada.post("one")
    full = await beginning(server, ada, (await beginning(server, ada, None))[0]["position"])

    assert types(empty) == types(full) == ["hello", "ready"]
    assert full[0]["position"] == full[1]["position"]
    assert full[0]["seq"] == 1


async def test_what_was_missed_comes_in_order(server: Server, ada: Persona):
    """From any position the events behind it and no others, up to hello's; then the live ones, numbered on."""
    before = await beginning(server, ada, None)
    posted = [await ada.post(str(number)) for number in range(4)]
    positions = [before[0]["position"]]

    for number in range(5):
        async with server.follow(ada.token, positions[number]) as socket:
            messages = await receive_until(socket, "ready")
            newest = await ada.post("live")
            event = await receive(socket)
        missed = messages[1:-1]
        positions += [message["position"] for message in missed][: 1 if number < 4 else 0]

        assert [message["data"] for message in missed] == posted[number:]
        assert [message["seq"] for message in missed] == list(range(number + 1, len(posted) + 1))
        assert messages[0]["seq"] == messages[-1]["seq"] == len(posted)
        assert (event["seq"], event["data"]) == (len(posted) + 1, newest)
        posted.append(newest)


async def test_any_process_can_continue(database_url: str, ada: Persona):
    """A process that started later has no memory of what was missed, and reads it from the database."""
    async with serve() as first:
        start = (await beginning(first, ada, None))[0]["position"]
        posted = [await ada.post(str(number)) for number in range(3)]
    async with serve() as second:
        messages = await beginning(second, ada, start)

    assert [message["data"] for message in messages[1:-1]] == posted


async def test_a_socket_may_be_faster_than_its_process(database_url: str, ada: Persona, db: AsyncSession, monkeypatch):
    """What is written between a socket's start and the feed's comes from the feed like all that follows."""
    follow = follower.LiveFeed._follow  # noqa: SLF001 -- held back, as a slow connection would
    begin = asyncio.Event()

    async def late(feed: follower.LiveFeed) -> None:
        await begin.wait()
        await follow(feed)

    monkeypatch.setattr(follower.LiveFeed, "_follow", late)
    async with serve(follows=False) as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await history.append(db, 20)
        begin.set()
        received = [await receive(socket) for _ in range(20)]

    assert [event["seq"] for event in received] == list(range(1, 21))


async def test_ten_thousand_missed_events_come_and_one_more_do_not(server: Server, ada: Persona, db: AsyncSession):
    """Beyond that a client starts afresh, and is told so."""
    await history.append(db, MOST_MISSED + 1)
    zero, one = [await history.position_at(db, seq) for seq in (0, 1)]

    continued = await beginning(server, ada, one)
    reset = await beginning(server, ada, zero)

    assert [message["seq"] for message in continued[1:-1]] == list(range(2, MOST_MISSED + 2))
    assert types(reset) == RESET


async def test_seven_days_behind_is_too_far(server: Server, ada: Persona, db: AsyncSession):
    """The log keeps 7 days: who has the last event before them misses none of theirs, who has an earlier one does."""
    for message in ["old", "last before", "recent"]:
        if message == "recent":
            await let_pass(db, timedelta(days=8))
        await ada.post(message)
    positions = [await history.position_at(db, seq) for seq in range(4)]
    async with AsyncSessionLocal() as session:
        await housekeeping.tidy(session)

    begun = [types(await beginning(server, ada, position)) for position in positions]

    assert begun == [RESET, RESET, ["hello", "event", "ready"], ["hello", "ready"]]


async def test_a_board_that_was_quiet_for_long_goes_on(server: Server, ada: Persona, db: AsyncSession):
    """Who has the newest event has missed nothing, however old it is."""
    await ada.post("long ago")
    position = (await beginning(server, ada, None))[0]["position"]
    await let_pass(db, timedelta(days=30))
    async with AsyncSessionLocal() as session:
        await housekeeping.tidy(session)

    assert types(await beginning(server, ada, position)) == ["hello", "ready"]


async def test_positions_that_are_none(server: Server, ada: Persona):
    """Another mark, ahead of the log, or no position at all: a reset, then the snapshot."""
    await ada.post("one")
    hello, snapshot, _ = await beginning(server, ada, None)
    mark = hello["position"].partition("-")[2]
    other = "00000000" if mark != "00000000" else "11111111"
    wrong = [
        *("", "x", "1", "-", mark, f"1-{mark.upper()}x", f"-1-{mark}", f"1.0-{mark}", f" 1-{mark}", f"1-{mark}\n"),
        *(f"1-{other}", f"0-{mark}", f"2-{mark}", f"{2**63}-{mark}", f"{'9' * 18}-{mark}", "x" * 100),
        f"\N{ARABIC-INDIC DIGIT ONE}-{mark}",
    ]

    for after in wrong:
        messages = await beginning(server, ada, after)

        assert types(messages) == RESET, after
        assert messages[0] == hello
        assert messages[2] == snapshot


async def test_a_null_after_is_a_fresh_start(server: Server, ada: Persona):
    """A client may send the field before it has a position."""
    assert types(await beginning(server, ada, None)) == FRESH


async def test_a_restored_database_ends_the_sockets(server: Server, ada: Persona, db: AsyncSession):
    """The log goes back to 3 of 6: sockets are closed with 1012, a position that is gone gets a reset."""
    for number in range(6):
        await ada.post(str(number))
    shared, gone = [await history.position_at(db, seq) for seq in (3, 6)]
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await history.restore(db, to=3)
        code = await closed_with(socket)

    assert code == 1012
    assert types(await beginning(server, ada, gone)) == RESET
    assert types(await beginning(server, ada, shared)) == ["hello", "ready"]


async def test_a_restored_database_that_has_outgrown_the_old_one(server: Server, ada: Persona, db: AsyncSession):
    """The new history is longer than the old one before anyone looks: it is noticed by its marks."""
    for number in range(6):
        await ada.post(str(number))
    shared, gone = [await history.position_at(db, seq) for seq in (3, 6)]
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await history.restore(db, to=3, then=5)
        code = await closed_with(socket)
    continued = await beginning(server, ada, shared)

    assert code == 1012
    assert types(await beginning(server, ada, gone)) == RESET
    assert [message["seq"] for message in continued[1:-1]] == [4, 5, 6, 7, 8]


async def test_nothing_of_another_history_is_written_to_who_had_caught_up(
    server: Server, ada: Persona, db: AsyncSession, monkeypatch
):
    """All have left by the time they are told to go, which is before the new log is read."""
    end, caught_up = LiveSocket.end, []

    def noting(socket: LiveSocket, code: int, reason: str) -> None:
        caught_up.append(len(server.sockets.caught_up))
        end(socket, code, reason)

    monkeypatch.setattr(LiveSocket, "end", noting)
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        for number in range(2):
            await ada.post(str(number))
            await receive_until(socket, "event")
        await until(lambda: server.sockets.caught_up)
        await history.restore(db, to=1)
        code = await closed_with(socket)

    assert (code, caught_up) == (1012, [0])


async def test_a_restore_that_is_under_way_ends_no_process(server: Server, ada: Persona, db: AsyncSession):
    """For a while the tables are there without their rows; once they are back, so is the feed."""
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await history.empty(db)
        assert await closed_with(socket) == 1012
        await history.begin(db)
        async with server.follow(ada.token) as second:
            await receive_until(second, "ready")
            await ada.post("again")
            event = await receive(second)

    assert event["data"]["message"] == "again"
