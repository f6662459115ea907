"""Events in the form in which they are sent, and the newest of them in memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from app.services.feed.log import Position

# The most that a process keeps in memory. A socket that is further behind reads the database.
RING_SIZE: Final = 10_000
RING_BYTES: Final = 16 * 1024 * 1024

# How much is read, or written to a client, at a time. It limits the memory for a client that doesn't read.
PIECE_BYTES: Final = 64 * 1024

DELETED: Final = "status.deleted"
# Events that carry a status. Their subject is the status's id.
OF_STATUSES: Final = ("status.", "blocker.")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log. `message` is what every socket is sent, made once.

    It is stored as bytes, because in a string a single emoji makes every character take four bytes.
    """

    position: Position
    kind: str
    subject_id: int
    message: bytes

    @classmethod
    def from_row(cls, seq: int, mark: str, kind: str, subject_id: int, payload: str) -> Self:
        """Make an event from its row. The payload is already JSON, and nothing else needs escaping."""
        position = Position(seq, mark)
        message = f'{{"type":"event","seq":{seq},"position":"{position}","kind":"{kind}","data":{payload}}}'
        return cls(position, kind, subject_id, message.encode())

    @classmethod
    def from_notification(cls, notification: str) -> tuple[Position, Self]:
        """Make an event from a notification (`log.NOTIFICATION`). Also return the position before it.

        Raises:
            ValueError: the notification carries no event. It only means "look at the log".
        """
        seq, mark, mark_before, kind, subject_id, payload = notification.split(" ", 5)
        event = cls.from_row(int(seq), mark, kind, int(subject_id), payload)
        return Position(event.position.seq - 1, mark_before), event


def pieces(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Split events into pieces, each of at most `PIECE_BYTES` or of a single event."""
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
    """The newest events without a gap, oldest first, and the position before them."""

    def __init__(self, begin: Position) -> None:
        self.last = begin
        self._before = begin
        self._events: deque[Event] = deque()
        self._bytes = 0

    @property
    def first_seq(self) -> int:
        """The seq of the oldest event in the ring, or of the next one if it is empty."""
        return self.last.seq - len(self._events) + 1

    def append(self, event: Event) -> None:
        """Add the next event. A deletion removes the text from earlier events, as in the database."""
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
        """Tell whether the event after `after` is in the ring, or will be."""
        return after + 1 >= self.first_seq

    def contradicts(self, position: Position) -> bool:
        """Tell whether the ring knows a different mark for that seq. Then one of them is from a lost history."""
        index = position.seq - self.first_seq
        if index >= len(self._events) or index < -1:
            return False
        known = self._before if index == -1 else self._events[index].position
        return known.mark != position.mark

    def since(self, after: int) -> Iterator[Event]:
        """Yield the events after `after`, which the ring must cover."""
        start = max(after + 1, self.first_seq)
        for seq in range(start, self.last.seq + 1):
            index = seq - self.first_seq
            if index < 0:
                # It left the ring while the receiver was busy.
                return
            yield self._events[index]
