"""Compares what was said, what readers saw, and what the table holds: lost, duplicated, reordered, phantom.

It knows nothing of processes or sockets: `Ledger` is what the posters know, a `Log` is what one reader saw, `Table` is
what the database has. An exact board has nothing in any of the four lists.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

POSTED, EDITED, DELETED = "status.posted", "status.edited", "status.deleted"
EXAMPLES = 5


class Status(NamedTuple):
    """What a status says, by whom, and when it was said and changed."""

    message: str
    category: str
    author: str
    created_at: datetime
    edited_at: datetime | None


class Snapshot(NamedTuple):
    """The board as a reader got it, at `seq`: all of it, or its newest part if it is truncated."""

    seq: int
    statuses: dict[int, Status]
    is_truncated: bool = False


class Event(NamedTuple):
    """One event; `status` is None for a deletion, and for events of other things."""

    seq: int
    position: str
    kind: str
    subject_id: int
    status: Status | None


type Log = Sequence[Snapshot | Event]


@dataclass
class Ledger:
    """What the posters tried, what was acknowledged, and what each acknowledged status says by now.

    A message begins with its key, so that whatever is found anywhere can be told by it.
    """

    tried: set[str] = field(default_factory=set)
    acknowledged: dict[str, int] = field(default_factory=dict)
    said: dict[int, str | None] = field(default_factory=dict)  # None: deleted


@dataclass
class Table:
    """The log's head, its events, and the statuses."""

    head: int
    events: list[Event]
    statuses: dict[int, Status]


@dataclass
class Verdict:
    """What is wrong, each as a sentence.

    `refused` has the answers that no client can make sense of; `resets` counts snapshots beyond each reader's first.
    """

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    phantom: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    acknowledged: int = 0
    events: int = 0
    readers: int = 0
    resets: int = 0

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """How many of each."""
        return len(self.lost), len(self.duplicated), len(self.reordered), len(self.phantom)

    @property
    def is_exact(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.counts)

    def __str__(self) -> str:
        kinds = ("lost", "duplicated", "reordered", "phantom")
        lines = [", ".join(f"{count} {kind}" for kind, count in zip(kinds, self.counts, strict=True))]
        for kind in kinds:
            found: list[str] = getattr(self, kind)
            lines += [f"  {kind}: {sentence}" for sentence in found[:EXAMPLES]]
            lines += [f"  {kind}: and {len(found) - EXAMPLES} more"] if len(found) > EXAMPLES else []
        return "\n".join(lines)


def key_of(message: str) -> str:
    """Return the key that a message begins with."""
    return message.split(" ", 1)[0]


def check(ledger: Ledger, logs: Iterable[Log], table: Table) -> Verdict:
    """Return everything in which the three disagree."""
    verdict = Verdict(acknowledged=len(ledger.acknowledged), events=table.head)
    _check_table(verdict, ledger, table)
    _check_events(verdict, ledger, table)
    known = {event.seq: event for event in table.events}
    for number, log in enumerate(logs):
        verdict.readers += 1
        _check_reader(verdict, f"reader {number}", log, table, known)
    return verdict


def _check_table(verdict: Verdict, ledger: Ledger, table: Table) -> None:
    """Whatever was acknowledged is there as it was last said, once, and nothing else is."""
    for key, status_id in ledger.acknowledged.items():
        said, found = ledger.said[status_id], table.statuses.get(status_id)
        if said is None and found is not None:
            verdict.phantom.append(f"status {status_id} was deleted, and is in the table")
        elif said is not None and (found is None or found.message != said):
            verdict.lost.append(f"status {status_id} ({key}) should say {said!r}, and is {found}")
    for key, count in Counter(key_of(status.message) for status in table.statuses.values()).items():
        if count > 1:
            verdict.duplicated.append(f"{key} is in the table {count} times")
        if key not in ledger.tried:
            verdict.phantom.append(f"{key} is in the table, and nobody said it")


def _check_events(verdict: Verdict, ledger: Ledger, table: Table) -> None:
    """The log has no gap, and posts each acknowledged status once; a deletion hides what came before it."""
    seqs = [event.seq for event in table.events]
    for missing in set(range(1, table.head + 1)).difference(seqs):
        verdict.lost.append(f"the log has no event {missing}")
    posted = Counter(event.subject_id for event in table.events if event.kind == POSTED)
    for status_id in ledger.acknowledged.values():
        if ledger.said[status_id] is not None and posted[status_id] == 0:
            verdict.lost.append(f"the log does not post status {status_id}")
    for status_id, count in posted.items():
        if count > 1:
            verdict.duplicated.append(f"the log posts status {status_id} {count} times")
        if status_id not in table.statuses:
            verdict.phantom.append(f"the log posts status {status_id}, which is not in the table")


def _check_reader(verdict: Verdict, name: str, log: Log, table: Table, known: dict[int, Event]) -> None:
    lives = _lives(log)
    if not lives:
        verdict.lost.append(f"{name} never got a snapshot")
        return
    verdict.resets += len(lives) - 1
    for snapshot, events in lives:
        _check_order(verdict, name, snapshot.seq, events)
    snapshot, events = lives[-1]
    _check_against_log(verdict, name, events, known)
    last = max((event.seq for event in events), default=snapshot.seq)
    for missing in range(last + 1, table.head + 1):
        verdict.lost.append(f"{name} did not get event {missing}, the log's end")
    _check_end(verdict, name, replay(verdict, name, snapshot, events), part_behind(snapshot, table.statuses))


def _lives(log: Log) -> list[tuple[Snapshot, list[Event]]]:
    """Part a log at its snapshots: with each the reader began anew."""
    lives: list[tuple[Snapshot, list[Event]]] = []
    for entry in log:
        if isinstance(entry, Snapshot):
            lives.append((entry, []))
        else:
            lives[-1][1].append(entry)
    return lives


def _check_order(verdict: Verdict, name: str, begin: int, events: list[Event]) -> None:
    seen: set[int] = set()
    highest = begin
    for event in events:
        if event.seq in seen:
            verdict.duplicated.append(f"{name} got event {event.seq} again")
        elif event.seq <= begin:
            verdict.duplicated.append(f"{name} got event {event.seq} behind a snapshot at {begin}")
        elif event.seq < highest:
            verdict.reordered.append(f"{name} got event {event.seq} after {highest}")
        seen.add(event.seq)
        highest = max(highest, event.seq)
    for missing in set(range(begin + 1, highest + 1)).difference(seen):
        verdict.lost.append(f"{name} did not get event {missing}")


def _check_against_log(verdict: Verdict, name: str, events: list[Event], known: dict[int, Event]) -> None:
    for event in events:
        there = known.get(event.seq)
        # A deletion has taken the text out of the log's earlier events.
        if there is None or there.position != event.position or (there.kind != DELETED and there != event):
            verdict.phantom.append(f"{name} got {event}, and the log has {there}")


def replay(verdict: Verdict, name: str, snapshot: Snapshot, events: Iterable[Event]) -> dict[int, Status]:
    """Return the board as a reader has it in the end, and note what it was told to post twice."""
    board = dict(snapshot.statuses)
    for event in events:
        if event.kind == DELETED:
            board.pop(event.subject_id, None)
        elif event.kind == POSTED and event.status is not None:
            if event.subject_id in board:
                verdict.duplicated.append(f"{name} was told twice to post status {event.subject_id}")
            board[event.subject_id] = event.status
        elif event.status is not None and (event.subject_id in board or not snapshot.is_truncated):
            board[event.subject_id] = event.status
    return board


def part_behind(snapshot: Snapshot, statuses: dict[int, Status]) -> dict[int, Status]:
    """Return those of the statuses that a reader who began with this snapshot has to have."""
    if not snapshot.is_truncated:
        return statuses
    begin = min((status.created_at, status_id) for status_id, status in snapshot.statuses.items())
    return {status_id: status for status_id, status in statuses.items() if (status.created_at, status_id) >= begin}


def _check_end(verdict: Verdict, name: str, board: dict[int, Status], expected: dict[int, Status]) -> None:
    for status_id in board.keys() | expected.keys():
        has, there = board.get(status_id), expected.get(status_id)
        if there is None:
            verdict.phantom.append(f"{name} ends with status {status_id}, which is not in the table")
        elif has != there:
            verdict.lost.append(f"{name} ends with {has} for status {status_id}, and the table has {there}")
