"""Turns at something a process has little of: hashing passwords, and database connections for long reads.

Waiting callers take turns by group, and within a group by member. So a caller with many requests waits behind everyone
with few, and can't lock anyone out.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from app.errors import TooBusy

type Waiting = asyncio.Future[None]
type Members = dict[Hashable, deque[Waiting]]


def _count(members: Members) -> int:
    return sum(map(len, members.values()))


class Turns:
    """A number of simultaneous turns, in an order that is fair to groups and to their members.

    Args:
        at_once: how many can have a turn at the same time.
        most_waiting: how many can wait. One more replaces the last of the member with the most waiting requests, if
            that member has more than the new one's.
        patience: how many seconds they wait.
        refusal: the text for those who must come back later.
    """

    def __init__(self, *, at_once: int, most_waiting: int, patience: float, refusal: str) -> None:
        self._left = at_once
        self._most_waiting = most_waiting
        self._patience = patience
        self._refusal = refusal
        # The groups, and the members of each, in the order of their next turns.
        self._queues: dict[Hashable, Members] = {}

    @property
    def waiting(self) -> int:
        """The number of waiting callers."""
        return sum(map(_count, self._queues.values()))

    @asynccontextmanager
    async def turn(self, group: Hashable, member: Hashable = None) -> AsyncIterator[None]:
        """Wait for a turn, and keep it for the duration of the block.

        Raises:
            TooBusy: too many are waiting, or it took too long.
        """
        await self._take(group, member)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, group: Hashable, member: Hashable) -> None:
        if self._left > 0:
            self._left -= 1
            return
        if self.waiting >= self._most_waiting:
            self._make_room(group, member)
        mine: Waiting = asyncio.get_running_loop().create_future()
        self._queues.setdefault(group, {}).setdefault(member, deque()).append(mine)
        try:
            async with asyncio.timeout(self._patience):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled() and mine.exception() is None:
                self._pass_on()  # the turn came just when the caller gave up
            else:
                self._leave(group, member, mine)
            if isinstance(error, TimeoutError):
                raise TooBusy(self._refusal) from None
            raise

    def _pass_on(self) -> None:
        while self._queues:
            group, members = next(iter(self._queues.items()))
            member, queue = next(iter(members.items()))
            # Both move to the end of their order, as long as they have anyone waiting.
            self._queues[group] = self._queues.pop(group)
            members[member] = members.pop(member)
            turn = queue[0]
            self._leave(group, member, turn)
            if not turn.done():
                turn.set_result(None)
                return
        self._left += 1

    def _leave(self, group: Hashable, member: Hashable, waiting: Waiting) -> None:
        members = self._queues.get(group, {})
        queue = members.get(member)
        if queue is None or waiting not in queue:
            return  # it was sent away, or got a turn
        queue.remove(waiting)
        if not queue:
            del members[member]
        if not members:
            del self._queues[group]

    def _make_room(self, group: Hashable, member: Hashable) -> None:
        mine = self._queues.get(group, {})
        largest = max(self._queues, key=lambda each: _count(self._queues[each]))
        if _count(self._queues[largest]) <= _count(mine) + 1:
            largest = group  # no group has more waiting than this one, so its own members must make room
        members = self._queues.get(largest, {})
        longest = max(members, key=lambda each: len(members[each]), default=None)
        if longest not in members or (largest == group and len(members[longest]) <= len(mine.get(member, ())) + 1):
            raise TooBusy(self._refusal)
        last = members[longest][-1]
        self._leave(largest, longest, last)
        if not last.done():
            last.set_exception(TooBusy(self._refusal))
