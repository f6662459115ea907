"""The clients of the stand: posters, who insist until they are answered, and readers, who follow the contract.

Both write down everything that `checker.py` needs, and the moments that the measured times are made of.
"""

import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import httpx
import orjson

from tests.deployed import Replica
from tests.faults.checker import Event, Ledger, Log, Snapshot, Status
from tests.faults.stand import Member, Stand
from tests.faults.wire import Wire, open_wire

RESTART: Final = 1012
EDITED, DELETED = 0.1, 0.05  # of the statuses
TIMED: Final = 50  # of the readers
AT_A_TIME: Final = 50  # of the readers that connect before a fault
ANSWER_WITHIN: Final = 15.0  # seconds a client waits for an answer before it asks again
MOST_AT_ONCE: Final = 64  # statuses under way; beyond it a slow board slows its posters down


class Backoff:
    """Full jitter: a random wait below a bound that doubles. `pace` shrinks all waits of a scaled-down run."""

    def __init__(self, first: float, last: float, pace: float = 1.0) -> None:
        self._first, self._last, self._pace = first, last, pace
        self._bound = first

    def calm(self) -> None:
        """Begin again at the first bound."""
        self._bound = self._first

    async def wait(self, at_least: float = 0.0) -> None:
        """Wait, at random up to the bound, which is at least so many seconds."""
        await asyncio.sleep(random.uniform(0, max(self._bound, at_least)) * self._pace)
        self._bound = min(2 * self._bound, self._last)


class Refused(Exception):
    """The board has given an answer that repeating does not change."""


class Posters:
    """People who post at a steady rate, and edit and delete some of what they said.

    `ledger` is what they know. A status whose answer got lost is posted again under the same key, until it is
    acknowledged.
    """

    def __init__(self, stand: Stand, members: Sequence[Member], *, rate: float, length: int) -> None:
        self.ledger = Ledger()
        self.attempts = 0
        self.refusals: list[str] = []  # answers that no board should give, such as a 500
        self.said_at: dict[int, float] = {}  # when the attempt began that was acknowledged
        self.answered: list[float] = []  # when each 201 came
        self.put_off: list[float] = []  # seconds that each 503 took
        self._stand, self._members, self._rate, self._length = stand, members, rate, length
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._client = httpx.AsyncClient(timeout=ANSWER_WITHIN, limits=httpx.Limits(max_connections=MOST_AT_ONCE))
        self._ticking: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Begin to post."""
        self._ticking = asyncio.create_task(self._tick())

    async def end(self, within: float) -> None:
        """Post nothing new, and wait until everything has been acknowledged."""
        if self._ticking is not None:
            self._ticking.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._client.aclose()

    async def _tick(self) -> None:
        due = time.monotonic()
        while True:
            await self._free.acquire()
            task = asyncio.create_task(self._say(random.choice(self._members)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            task.add_done_callback(lambda _: self._free.release())
            due = max(due + 1 / self._rate, time.monotonic() - 1)
            await asyncio.sleep(due - time.monotonic())

    async def _say(self, member: Member) -> None:
        with suppress(Refused):
            await self._live(member)

    async def _live(self, member: Member) -> None:
        """Post a status, and do to it whatever is done to it later."""
        key = uuid.uuid4().hex
        self.ledger.tried.add(key)
        message = f"{key} is what I do" + random.choice(["", ", for octo/api#12", ", after octo/engine#87"])
        message = message.ljust(self._length, ".")
        answer = await self.insist(member, "POST", "/statuses", {"message": message}, key)
        status_id = orjson.loads(answer.content)["id"]
        self.ledger.acknowledged[key] = status_id
        self.ledger.said[status_id] = message
        if random.random() < EDITED:
            edited = f"{key} is what I did"
            await self.insist(member, "PATCH", f"/statuses/{status_id}", {"message": edited, "category": "done"})
            self.ledger.said[status_id] = edited
        if random.random() < DELETED:
            await self.insist(member, "DELETE", f"/statuses/{status_id}")
            self.ledger.said[status_id] = None

    async def insist(
        self, member: Member, method: str, path: str, body: dict[str, str] | None = None, key: str | None = None
    ) -> httpx.Response:
        """Ask until there is an answer that stands: of any replica, with the same key, after a random wait.

        Raises:
            Refused: the answer is an error that a repetition can't mend; `refusals` has it.
        """
        headers = {"Authorization": f"Bearer {member.token}"} | ({} if key is None else {"Idempotency-Key": key})
        backoff = Backoff(0.1, 1.0)
        tries = 0
        while True:
            self.attempts += 1
            tries += 1
            began = time.monotonic()
            with suppress(httpx.TransportError):
                url = self._stand.any_replica().url + path
                answer = await self._client.request(method, url, json=body, headers=headers)
                # A repeated deletion finds nothing any more.
                if answer.is_success or (
                    method == "DELETE" and tries > 1 and answer.status_code == httpx.codes.NOT_FOUND
                ):
                    if method == "POST":
                        self.said_at[orjson.loads(answer.content)["id"]] = began
                        self.answered.append(time.monotonic())
                    return answer
                self.put_off.append(time.monotonic() - began)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or "Retry-After" not in answer.headers:
                    self.refusals.append(f"{method} {path}: {answer.status_code} {answer.text}")
                    raise Refused
            await backoff.wait()


_parsed: dict[bytes, Event] = {}
_statuses: dict[Status, Status] = {}


def status_of(data: dict[str, Any]) -> Status:
    """Return a status as the checker has it; equal ones are one object, of which thousands of readers have many."""
    edited = data["edited_at"]
    status = Status(
        data["message"],
        data["category"],
        data["author"]["username"],
        datetime.fromisoformat(data["created_at"]),
        edited and datetime.fromisoformat(edited),
    )
    return _statuses.setdefault(status, status)


def event_of(message: dict[str, Any]) -> Event:
    """Return an event of the feed as the checker has it."""
    kind, data = message["kind"], message["data"]
    status = status_of(data) if kind in {"status.posted", "status.edited"} else None
    return Event(message["seq"], message["position"], kind, data.get("id", 0), status)


class Reader:
    """A client of the live feed, which comes back after every loss, with its last position. `log` has all it saw."""

    def __init__(self, stand: Stand, member: Member, *, pace: float, timed: bool) -> None:
        self.log: list[Snapshot | Event] = []
        self.position: str | None = None
        self.seq = -1
        self.applied_at: dict[int, float] = {}  # when each event came, for a reader that is `timed`
        self.timed = timed
        self.codes: list[int | None] = []  # how its sockets ended that were live
        self.turned_away: list[int | None] = []  # and those that never were
        self.outages: list[float] = []  # seconds from the loss of a socket to `ready` on the next
        self.resets = 0  # how often it was told that its position is of no use
        self.is_live = False
        self.replica: Replica | None = None
        self._stand, self._member, self._pace = stand, member, pace
        self._lost_at = time.monotonic()
        self._backoff = Backoff(0.5, 5.0, pace)
        self._wire: Wire | None = None
        self._hello: dict[str, Any] = {}

    async def follow(self) -> None:
        """Follow the board for ever."""
        while True:
            with suppress(OSError, TimeoutError):
                self.replica = self._stand.any_replica()
                wire = await open_wire(self.replica.port, self._on_text)
                self._wire = wire
                wire.send(orjson.dumps({"type": "auth", "token": self._member.token, "after": self.position}))
                try:
                    code = await wire.closed
                finally:
                    wire.abort()
                await self._note_end(code)
                continue
            await self._backoff.wait()

    async def _note_end(self, code: int | None) -> None:
        if self.is_live:
            self.is_live = False
            self._lost_at = time.monotonic()
            self.codes.append(code)
        else:
            self.turned_away.append(code)
        # A restart is the one that all clients meet at once: the contract asks for up to 5 s.
        await self._backoff.wait(at_least=5.0 if code == RESTART else 0.0)

    def _on_text(self, text: bytes) -> None:
        event = _parsed.get(text)
        if event is not None:
            self._apply(event)
            return
        message = orjson.loads(text)
        match message["type"]:
            case "event":
                self._apply(_parsed.setdefault(text, event_of(message)))
            case "snapshot":
                statuses = {status["id"]: status_of(status) for status in message["statuses"]}
                self.log.append(Snapshot(message["seq"], statuses, message.get("truncated", False)))
                self.seq, self.position = message["seq"], message["position"]
            case "reset":
                self.resets += 1
            case "ready":
                self.is_live = True
                self._backoff.calm()
                if self.codes:
                    self.outages.append(time.monotonic() - self._lost_at)

    def _apply(self, event: Event) -> None:
        self.log.append(event)
        self.seq, self.position = event.seq, event.position
        if self.timed:
            self.applied_at[event.seq] = time.monotonic()


class Readers:
    """Many readers, and what they have seen together."""

    def __init__(self, stand: Stand, *, pace: float = 1.0) -> None:
        self.all: list[Reader] = []
        self._stand, self._pace = stand, pace
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, member: Member) -> None:
        """Let one more follow. The first of them are timed."""
        reader = Reader(self._stand, member, pace=self._pace, timed=len(self.all) < TIMED)
        self.all.append(reader)
        self._tasks.append(asyncio.create_task(reader.follow()))

    async def leave(self, reader: Reader) -> None:
        """Let one fall asleep, without a word."""
        task = self._tasks[self.all.index(reader)]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        reader.is_live = False

    def wake(self, reader: Reader) -> None:
        """Let one that left come back, with its last position."""
        self._tasks[self.all.index(reader)] = asyncio.create_task(reader.follow())

    async def begin(self, members: Sequence[Member], within: float) -> None:
        """Let them connect, a few at a time, and wait until they are live."""
        for few in itertools.batched(members, AT_A_TIME, strict=False):
            for member in few:
                self.add(member)
            await self.until_live(within)

    async def until_live(self, within: float) -> None:
        """Wait until every reader is live."""
        async with asyncio.timeout(within):
            while not all(reader.is_live for reader in self.all):
                await asyncio.sleep(0.05)

    async def settle(self, head: int, within: float) -> None:
        """Wait until every reader is at the head of the log, for so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not all(reader.is_live and reader.seq >= head for reader in self.all):
                    await asyncio.sleep(0.05)

    async def end(self) -> None:
        """Let all of them leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _parsed.clear()
        _statuses.clear()

    @property
    def logs(self) -> list[Log]:
        """What each has seen."""
        return [reader.log for reader in self.all]

    @property
    def outages(self) -> list[float]:
        """How many seconds each loss of a socket lasted."""
        return [seconds for reader in self.all for seconds in reader.outages]

    @property
    def codes(self) -> list[int | None]:
        """How all sockets ended that were live."""
        return [code for reader in self.all for code in reader.codes]
