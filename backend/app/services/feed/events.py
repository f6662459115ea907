"""Events as they are sent, and the newest of them in memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from app.services.feed.log import Position

# What a process keeps in memory, at most; whoever is further behind reads the database.
RING_SIZE: Final = 10_000
RING_BYTES: Final = 16 * 1024 * 1024

# What is read, or written to a client, at a time. It bounds what is held for one that does not read.
PIECE_BYTES: Final = 64 * 1024

DELETED: Final = "status.deleted"
# What carries a status: its subject is the status's id.
OF_STATUSES: Final = ("status.", "blocker.")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log; `message` is what every socket gets, made once.

    It is kept as bytes: in a string, one emoji makes every character take four.
    """

    position: Position
    kind: str
    subject_id: int
    message: bytes

    @classmethod
    def from_row(cls, seq: int, mark: str, kind: str, subject_id: int, payload: str) -> Self:
        """Make an event of its row; the payload is JSON already, and the rest needs no escaping."""
        position = Position(seq, mark)
        message = f'{{"type":"event","seq":{seq},"position":"{position}","kind":"{kind}","data":{payload}}}'
        return cls(position, kind, subject_id, message.encode())

    @classmethod
    def from_bulletin(cls, bulletin: str) -> tuple[Position, Self]:
        """Make an event of what a notification carries of it (`feed.BULLETIN`), with the position before it.

        Raises:
            ValueError: it carries none, and says no more than "look".
        """
        seq, mark, mark_before, kind, subject_id, payload = bulletin.split(" ", 5)
        event = cls.from_row(int(seq), mark, kind, int(subject_id), payload)
        return Position(event.position.seq - 1, mark_before), event


def pieces(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Part events into pieces, each of `PIECE_BYTES` at most or of one event."""
    piece: list[Event] = []
    size = 0
    for event in events:
        if piece and size + len(event.message) > PIECE_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(event)
        size += len(event.message)
    if piece:
        yield piece


class Ring:
    """The newest events without a gap, oldest first, behind the position at which it began."""

    def __init__(self, begin: Position) -> None:
        self.last = begin
        self._before = begin
        self._events: deque[Event] = deque()
        self._bytes = 0

    @property
    def first_seq(self) -> int:
        """The seq of the oldest event that is here, or would be next."""
        return self.last.seq - len(self._events) + 1

    def append(self, event: Event) -> None:
        """Add the next event. A deletion takes the text out of the events before it, as it does in the database."""
        assert event.position.seq == self.last.seq + 1, "the log has no gaps"
        if event.kind == DELETED:
            self._redact(event)
        self._events.append(event)
        self._bytes += len(event.message)
        self.last = event.position
        while len(self._events) > RING_SIZE or self._bytes > RING_BYTES:
            oldest = self._events.popleft()
            self._bytes -= len(oldest.message)
            self._before = oldest.position

    def _redact(self, deletion: Event) -> None:
        payload = f'{{"id":{deletion.subject_id}}}'
        for index, event in enumerate(self._events):
            if event.subject_id == deletion.subject_id and event.kind.startswith(OF_STATUSES):
                seq, mark = event.position.seq, event.position.mark
                redacted = Event.from_row(seq, mark, DELETED, event.subject_id, payload)
                self._bytes += len(redacted.message) - len(event.message)
                self._events[index] = redacted

    def covers(self, after: int) -> bool:
        """Tell whether the event behind `after` is here, or will be."""
        return after + 1 >= self.first_seq

    def contradicts(self, position: Position) -> bool:
        """Tell whether the ring knows another mark for that seq: one of them is of a history that is gone."""
        index = position.seq - self.first_seq
        if index >= len(self._events) or index < -1:
            return False
        known = self._before if index == -1 else self._events[index].position
        return known.mark != position.mark

    def since(self, after: int) -> Iterator[Event]:
        """Yield the events behind `after`, which the ring must cover."""
        start = max(after + 1, self.first_seq)
        for seq in range(start, self.last.seq + 1):
            index = seq - self.first_seq
            if index < 0:
                # It fell out of the ring while the receiver was waited for.
                return
            yield self._events[index]
