"""What delivery costs without a framework: posts by the board's own statement, and sockets that get their events.

    DATABASE_URL=... uvicorn benchmarks.delivery_floor:app

It posts as the first member, and knows neither who asks nor what went wrong.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import orjson

from app.services import wakeups
from app.services.feed.events import Event
from app.services.statuses import post_statements
from benchmarks.floors import Floor, Receive, Scope, Send, answer
from benchmarks.post_floors import common_values

WHO: Final = "SELECT id, username, display_name, kind FROM users LIMIT 1"
STATEMENT: Final = post_statements.insert(keyed=False, linked=False)
READY: Final = '{"type":"ready"}'


class DeliveryFloor(Floor):
    """The bare callable."""

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a post, or a socket."""
        if scope["type"] == "websocket":
            await self._follow(receive, send)
            return
        message = orjson.loads((await receive())["body"])["message"]
        author_id, username, display_name, kind = self._who
        said = {"author": {"username": username, "display_name": display_name, "kind": kind}}
        said |= {"message": message, "category": "in-progress", "references": []}
        async with self.pool.acquire() as connection:
            (row,) = await STATEMENT.fetch(connection, common_values(author_id, said, tells=True))
        await answer(send, 201, row["payload"].encode())

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Listen meanwhile."""
        self._following: set[asyncio.Queue[str]] = set()
        listener = await asyncpg.connect(os.environ["DATABASE_URL"].replace("+asyncpg", ""))
        self._who = await listener.fetchrow(WHO)
        await listener.add_listener(wakeups.CHANNEL, self._pass_on)
        async with super().working():
            yield
        await listener.close()

    async def _follow(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()  # who follows
        frames: asyncio.Queue[str] = asyncio.Queue()
        frames.put_nowait(READY)
        sending = asyncio.create_task(self._send_everything(frames, send))
        self._following.add(frames)
        await receive()  # the end
        self._following.discard(frames)
        sending.cancel()

    @staticmethod
    async def _send_everything(frames: asyncio.Queue[str], send: Send) -> None:
        while True:
            await send({"type": "websocket.send", "text": await frames.get()})

    def _pass_on(self, _connection: object, _sender: int, _channel: str, notification: str) -> None:
        _, event = Event.from_notification(notification)
        for frames in self._following:
            frames.put_nowait(event.message.decode())


app = DeliveryFloor()
