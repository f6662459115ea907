"""Events as they are sent, and the newest of them in memory."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from app.services.feed import Position

# What a process keeps in memory; whoever is further behind reads the database.
RING_SIZE: Final = 10_000

DELETED: Final = "status.deleted"
# What carries a status: its subject is the status's id.
OF_STATUSES: Final = ("status.", "blocker.")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log; `frame` is the message that every socket gets, made once."""

    position: Position
    kind: str
    subject_id: int
    frame: str

    @classmethod
    def from_row(cls, seq: int, mark: str, kind: str, subject_id: int, payload: str) -> Self:
        """Make an event of its row; the payload is JSON already, and the rest needs no escaping."""
        position = Position(seq, mark)
        frame = f'{{"type":"event","seq":{seq},"position":"{position}","kind":"{kind}","data":{payload}}}'
        return cls(position, kind, subject_id, frame)

    @classmethod
    def from_bulletin(cls, bulletin: str) -> tuple[Position, Self]:
        """Make an event of what a notification carries of it (`feed.BULLETIN`), with the position before it.

        Raises:
            ValueError: it carries none, and says no more than "look".
        """
        seq, mark, mark_before, kind, subject_id, payload = bulletin.split(" ", 5)
        event = cls.from_row(int(seq), mark, kind, int(subject_id), payload)
        return Position(event.position.seq - 1, mark_before), event


class Ring:
    """The newest events without a gap, oldest first, behind the position at which it began."""

    def __init__(self, begin: Position) -> None:
        self.last = begin
        self._before = begin
        self._events: deque[Event] = deque(maxlen=RING_SIZE)

    @property
    def first_seq(self) -> int:
        """The seq of the oldest event that is here, or would be next."""
        return self.last.seq - len(self._events) + 1

    def append(self, event: Event) -> None:
        """Add the next event. A deletion takes the text out of the events before it, as it does in the database."""
        assert event.position.seq == self.last.seq + 1, "the log has no gaps"
        if event.kind == DELETED:
            self._redact(event)
        if len(self._events) == RING_SIZE:
            self._before = self._events[0].position
        self._events.append(event)
        self.last = event.position

    def _redact(self, deletion: Event) -> None:
        payload = f'{{"id":{deletion.subject_id}}}'
        for index, event in enumerate(self._events):
            if event.subject_id == deletion.subject_id and event.kind.startswith(OF_STATUSES):
                seq, mark = event.position.seq, event.position.mark
                self._events[index] = Event.from_row(seq, mark, DELETED, event.subject_id, payload)

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
