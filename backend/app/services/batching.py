"""Reads that many callers need at once, sent to the database together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence


class BatchLoader[K, R]:
    """Looks up rows by key: all keys that are asked for in one turn of the event loop, in one statement.

    Nobody gets an answer from a statement that began before they asked, and nobody waits for one that is already
    running.

    Args:
        read: returns the rows of several keys, each of which is given once.
        key: returns a row's key.
    """

    def __init__(self, read: Callable[[list[K]], Awaitable[Sequence[R]]], *, key: Callable[[R], K]) -> None:
        self._read = read
        self._key = key
        self._waiting: list[tuple[K, asyncio.Future[R | None]]] = []
        self._reading: set[asyncio.Task[None]] = set()

    async def load(self, key: K) -> R | None:
        """Return the row of this key, or None if there is none.

        Raises:
            Exception: whatever `read` raises, for everyone whose key was in it.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._start)
        # A separate future for each caller, so that one who gives up doesn't cancel the others.
        mine: asyncio.Future[R | None] = loop.create_future()
        self._waiting.append((key, mine))
        return await mine

    def _start(self) -> None:
        waiting, self._waiting = self._waiting, []
        task = asyncio.create_task(self._answer(waiting))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _answer(self, waiting: list[tuple[K, asyncio.Future[R | None]]]) -> None:
        try:
            found = {self._key(row): row for row in await self._read(list({key for key, _ in waiting}))}
        except Exception as error:  # noqa: BLE001 -- passed on to the callers
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for key, future in waiting:
            if not future.done():
                future.set_result(found.get(key))


class SharedRead[R]:
    """Reads what is the same for everyone, once at a time, for all who asked before the read began.

    Nobody gets an answer from a read that began before they asked. However many ask, one connection is enough.
    """

    def __init__(self, read: Callable[[], Awaitable[R]]) -> None:
        self._read = read
        self._waiting: list[asyncio.Future[R]] = []
        self._reading: asyncio.Task[None] | None = None

    async def get(self) -> R:
        """Return the result of the next read.

        Raises:
            Exception: whatever the read raises, for everyone who waits for it.
        """
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[R] = loop.create_future()
        self._waiting.append(mine)
        if self._reading is None or self._reading.done():
            self._reading = loop.create_task(self._read_on())
        return await mine

    async def _read_on(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            try:
                result = await self._read()
            except Exception as error:  # noqa: BLE001 -- passed on to the callers
                for future in waiting:
                    if not future.done():
                        future.set_exception(error)
            else:
                for future in waiting:
                    if not future.done():
                        future.set_result(result)
