"""Whatever happens in whatever order: an old snapshot plus the events behind it equals a new snapshot."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from websockets.asyncio.client import ClientConnection

from app.services.statuses import catch_up
from tests.personas import Persona
from tests.servers import Server, receive, receive_until

EXAMPLES = 15
LONGEST = 16  # steps of one example
# A snapshot reaches back an hour, and an edit a quarter of one: no age is near either.
WHILE = timedelta(minutes=25)
WINDOW = timedelta(hours=1)

PASS_TIME = text("UPDATE statuses SET created_at = created_at - CAST(:time AS interval)")

TARGET = st.integers(0, 7)
STEP = st.one_of(
    st.tuples(st.just("post"), TARGET),
    st.tuples(st.just("edit"), TARGET),
    st.tuples(st.just("delete"), TARGET),
    st.tuples(st.just("rename"), TARGET),
    st.tuples(st.just("let time pass"), TARGET),
    st.tuples(st.just("connect"), TARGET),
    st.tuples(st.just("sleep"), TARGET),
    st.tuples(st.just("resume"), TARGET),
    st.tuples(st.just("compare"), TARGET),
)


def what_it_says(status: dict) -> dict:
    """Return a status without its times, which the test moves under the board's feet."""
    return status | {"created_at": None, "edited_at": None}


def from_on(begin: int, board: dict[int, dict]) -> dict[int, dict]:
    """Return the statuses from this one on; the ids are in the order in which they were posted."""
    return {status_id: status for status_id, status in board.items() if status_id >= begin}


class Reader:
    """A client as the contract describes it: a board, a position, and at times a socket."""

    def __init__(self, server: Server, token: str) -> None:
        self.board: dict[int, dict] = {}
        self.begin = 0  # the oldest status of a truncated snapshot
        self.seq = -1
        self._server, self._token = server, token
        self._position: str | None = None
        self._socket: ClientConnection | None = None
        self._stack = AsyncExitStack()

    async def wake(self) -> None:
        """Connect, with the last position where there is one."""
        if self._socket is None:
            self._socket = await self._stack.enter_async_context(self._server.follow(self._token, self._position))
            for message in await receive_until(self._socket, "ready"):
                assert message["type"] != "reset"
                self._take(message)

    async def sleep(self) -> None:
        """Lose the socket."""
        self._socket = None
        await self._stack.aclose()

    async def read_up_to(self, seq: int) -> None:
        """Take events until this one has come."""
        assert self._socket is not None
        while self.seq < seq:
            self._take(await receive(self._socket))

    def _take(self, message: dict) -> None:
        match message:
            case {"type": "snapshot", "statuses": statuses}:
                self.board = {status["id"]: what_it_says(status) for status in statuses}
                self.begin = min(self.board) if message.get("truncated") else 0
            case {"type": "event", "seq": seq}:
                assert seq == self.seq + 1
                self._apply(message["kind"], message["data"])
        if message["type"] in {"snapshot", "event"}:
            self.seq, self._position = message["seq"], message["position"]

    def _apply(self, kind: str, data: dict) -> None:
        if kind == "status.deleted":
            self.board.pop(data["id"], None)
        elif kind == "member.changed":
            for status in self.board.values():
                if status["author"]["username"] == data["username"]:
                    status["author"] = status["author"] | {"display_name": data["display_name"]}
        elif kind == "status.posted" or data["id"] in self.board:
            self.board[data["id"]] = what_it_says(data)


class Board:
    """The board, what is known of it without asking it, and its readers."""

    def __init__(self, server: Server, db: AsyncSession, members: list[Persona]) -> None:
        self.ages: dict[int, timedelta] = {}
        self.authors: dict[int, Persona] = {}
        self.said: dict[int, str] = {}
        self.readers: list[Reader] = []
        self._server, self._db, self._members = server, db, members
        self._steps: dict[str, Callable[[int], Coroutine[None, None, None]]] = {
            "post": self.post,
            "edit": self.edit,
            "delete": self.delete,
            "rename": self.rename,
            "let time pass": self.let_time_pass,
            "connect": self.connect,
            "sleep": self.sleep,
            "resume": self.resume,
            "compare": self.compare,
        }
        self._words = 0

    async def do(self, step: str, target: int) -> None:
        """Do one step, to whichever of those that are there the target names."""
        await self._steps[step](target)

    async def post(self, target: int) -> None:
        """Have a member say something."""
        member = self._members[target % len(self._members)]
        status = await member.post(self._word())
        self.ages[status["id"]], self.authors[status["id"]] = timedelta(0), member
        self.said[status["id"]] = status["message"]

    async def edit(self, target: int) -> None:
        """Have someone say it otherwise, or be told that it is too late."""
        if (status_id := self._choose(target)) is not None:
            message = self._word()
            client = self.authors[status_id].client
            answer = await client.patch(f"/api/v1/statuses/{status_id}", json={"message": message})
            assert answer.status_code == (200 if self.ages[status_id] < WHILE else 403)
            if answer.is_success:
                self.said[status_id] = message

    async def delete(self, target: int) -> None:
        """Have someone take it back."""
        if (status_id := self._choose(target)) is not None:
            answer = await self.authors[status_id].client.delete(f"/api/v1/statuses/{status_id}")
            assert answer.status_code == 204
            del self.ages[status_id], self.authors[status_id], self.said[status_id]

    async def rename(self, target: int) -> None:
        """Have a member take another name."""
        member = self._members[target % len(self._members)]
        answer = await member.client.patch("/api/v1/users/me", json={"display_name": self._word()})
        assert answer.status_code == 200

    async def let_time_pass(self, _target: int) -> None:
        """Let every status grow older."""
        await self._db.execute(PASS_TIME, {"time": WHILE})
        await self._db.commit()
        self.ages = {status_id: age + WHILE for status_id, age in self.ages.items()}

    async def connect(self, _target: int) -> None:
        """Have one more follow."""
        self.readers.append(Reader(self._server, self._members[0].token))
        await self.readers[-1].wake()

    async def sleep(self, target: int) -> None:
        """Have one lose its socket."""
        if self.readers:
            await self.readers[target % len(self.readers)].sleep()

    async def resume(self, target: int) -> None:
        """Have one come back."""
        if self.readers:
            await self.readers[target % len(self.readers)].wake()

    async def compare(self, target: int) -> None:
        """Hold what one has against a fresh snapshot, and that against what was said."""
        if not self.readers:
            return
        reader = self.readers[target % len(self.readers)]
        fresh = Reader(self._server, self._members[0].token)
        await fresh.wake()
        await fresh.sleep()
        await reader.wake()
        await reader.read_up_to(fresh.seq)
        young = {status_id for status_id, age in self.ages.items() if age < WINDOW}

        newest = sorted(young)[-catch_up.MOST_STATUSES :]
        begin = max(reader.begin, fresh.begin)

        assert {status_id: status["message"] for status_id, status in fresh.board.items()} == {
            status_id: self.said[status_id] for status_id in newest
        }
        assert bool(fresh.begin) == (len(young) > len(newest))
        assert from_on(begin, {key: status for key, status in reader.board.items() if key in young}) == from_on(
            begin, fresh.board
        )
        assert reader.board.keys() <= self.ages.keys()

    async def end(self) -> None:
        """Have everybody leave, and make room for the next board."""
        for reader in self.readers:
            await reader.sleep()
        while self.ages:
            await self.delete(0)

    def _choose(self, target: int) -> int | None:
        there = sorted(self.ages)
        return there[target % len(there)] if there else None

    def _word(self) -> str:
        self._words += 1
        return f"word {self._words}"


@pytest.mark.parametrize("most", [3, catch_up.MOST_STATUSES])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, max_size=LONGEST))
async def test_an_old_snapshot_and_its_events_make_the_new_one(
    server: Server, ada: Persona, bob: Persona, db: AsyncSession, *, monkeypatch, most: int, steps
):
    """Post, edit, delete, connect, sleep and resume in any order; the examples share a board, each begins it empty.

    Snapshots have all there is, or the newest three: then old and new are equal from where the later one begins.
    """
    monkeypatch.setattr(catch_up, "MOST_STATUSES", most)
    board = Board(server, db, [ada, bob])
    try:
        await board.connect(0)
        for step, target in steps:
            await board.do(step, target)
        for number in range(len(board.readers)):
            await board.compare(number)
    finally:
        await board.end()
