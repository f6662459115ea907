"""The traffic that a fault is done to, and the verdict on what became of it.

async with traffic(stand, sockets=20, rate=20) as board:
await board.goes_on(1)
...the fault...
await board.goes_on(1)
board.verdict
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson

from tests.faults.checker import Status, Table, Verdict, check
from tests.faults.clients import Posters, Readers, event_of
from tests.faults.stand import Stand

HEAD = "SELECT seq FROM feed_head"
EVENTS = "SELECT seq, mark, kind, payload FROM feed_events WHERE seq > 0 ORDER BY seq"
STATUSES = """
    SELECT s.id, s.message, s.category, u.username, s.created_at, s.edited_at
    FROM statuses AS s JOIN users AS u ON u.id = s.author_id
"""


def quantile(numbers: Sequence[float], share: float) -> float:
    """Return the number that so large a share of them does not exceed; 0 of none."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def read_table(stand: Stand) -> Table:
    """Return what the database holds, all of one instant."""
    async with stand.connection() as connection, connection.transaction(isolation="repeatable_read"):
        head = await connection.fetchval(HEAD)
        events = await connection.fetch(EVENTS)
        statuses = await connection.fetch(STATUSES)
    return Table(
        head,
        [
            event_of({"seq": seq, "position": f"{seq}-{mark}", "kind": kind, "data": orjson.loads(data)})
            for seq, mark, kind, data in events
        ],
        {status_id: Status(*columns) for status_id, *columns in statuses},
    )


class Traffic:
    """Posters and readers on a stand."""

    def __init__(self, stand: Stand, posters: Posters, readers: Readers) -> None:
        self.stand, self.posters, self.readers = stand, posters, readers
        self.verdict = Verdict()

    async def goes_on(self, seconds: float) -> None:
        """Let it go on for a while."""
        await asyncio.sleep(seconds)

    async def writes_again(self, within: float) -> None:
        """Wait for the next post that is acknowledged."""
        before = len(self.posters.answered)
        async with asyncio.timeout(within):
            while len(self.posters.answered) == before:
                await asyncio.sleep(0.01)

    async def judge(self, within: float) -> None:
        """Wait until all is said and read, and compare."""
        (row,) = await self.stand.query(HEAD)
        await self.readers.settle(row["seq"], within)
        self.verdict = check(self.posters.ledger, self.readers.logs, await read_table(self.stand))
        self.verdict.refused += self.posters.refusals

    @property
    def delays(self) -> list[float]:
        """How long each status took from the start of its request to each reader that is timed, in seconds."""
        said_at = self.posters.said_at
        return [
            at - said_at[event.subject_id]
            for reader in self.readers.all
            if reader.timed
            for event in reader.log
            if hasattr(event, "kind")
            and event.kind == "status.posted"
            and event.subject_id in said_at
            and (at := reader.applied_at.get(event.seq)) is not None
        ]


@asynccontextmanager
async def traffic(
    stand: Stand, *, sockets: int, rate: float, length: int = 0, pace: float = 1.0, patience: float = 60.0
) -> AsyncIterator[Traffic]:
    """Have readers connect, and people post, until the block ends; then judge.

    Args:
        stand: where.
        sockets: how many readers.
        rate: posts a second.
        length: of their messages at least, up to 500.
        pace: shrinks the readers' waits before they reconnect, for a scaled-down run.
        patience: seconds that posters and readers have to come to an end.
    """
    members = await stand.members(max(sockets, 20))
    posters = Posters(stand, members[:20], rate=rate, length=length)
    readers = Readers(stand, pace=pace)
    board = Traffic(stand, posters, readers)
    try:
        await readers.begin(members[:sockets], patience)
        posters.begin()
        try:
            yield board
        finally:
            await board.posters.end(patience)
        await board.judge(patience)
    finally:
        await readers.end()
