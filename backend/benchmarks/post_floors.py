"""The floor of posting: the statements of the board itself, by the bare driver in a bare ASGI callable.

    DATABASE_URL=... JWT_SECRET=... uvicorn benchmarks.post_floors:app

It reads who asks from the token without looking at its signature, takes the body as it comes, and notifies once for
whatever was committed meanwhile, as the board does.
"""

import asyncio
import hashlib
import os
import re
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import orjson

from app.services.feed import follower
from app.services.identity import callers
from app.services.statuses import post_statements, references
from benchmarks.floors import Floor, Receive, Scope, Send, answer

REFERENCE: Final = re.compile(r"(\w+)/([\w-]+)#(\d+)")


def common_values(author_id: int, said: dict[str, Any], *, tells: bool) -> dict[str, object]:
    """Return the parameters that every posting statement has, for somebody whom nobody checks."""
    return {
        "author": author_id,
        "name": said["author"]["display_name"],
        "tells": tells,
        "before_id": '{"id":',
        "before_moment": f',{orjson.dumps(said).decode()[1:-1]},"created_at":"',
        "behind_moment": '","edited_at":null}',
        "message": said["message"],
        "category": said["category"],
    }


class PostFloor(Floor):
    """The bare callable."""

    news: asyncio.Event

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a post."""
        headers = dict(scope["headers"])
        body = orjson.loads((await receive())["body"])
        await answer(send, 201, await self._post(headers, body))
        self.news.set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Notify meanwhile."""
        self.news = asyncio.Event()
        async with super().working():
            notifying = asyncio.create_task(self._notify())
            yield
            notifying.cancel()

    async def _post(self, headers: dict[bytes, bytes], body: dict[str, Any]) -> bytes:
        claims = headers[b"authorization"].split(b".")[1]
        who = orjson.loads(urlsafe_b64decode(claims + b"=="))
        async with self.pool.acquire() as connection:
            (row,) = await callers.FIND.fetch(connection, {"session_ids": [who["sid"]], "token_hashes": []})
        message, key = body["message"], headers[b"idempotency-key"].decode()
        said = {"author": {"username": row["username"], "display_name": row["display_name"], "kind": row["kind"]}}
        said |= {"message": message, "category": "in-progress"}
        names = REFERENCE.findall(message)
        async with self.pool.acquire() as connection:
            if not names:
                return await self._insert(connection, row["id"], said, key, [])
            async with connection.transaction():
                owners, repos, numbers = zip(*names, strict=True)
                places = {"owners": owners, "repos": repos, "numbers": [int(number) for number in numbers]}
                made = await references.MAKE.fetch(connection, places)
                if len(made) < len(names):
                    await references.REFRESH.fetch(connection, {**places, "fresh": references.FRESH})
                held = await references.HOLD.fetch(connection, places)
                return await self._insert(connection, row["id"], said, key, held)

    async def _insert(
        self,
        connection: asyncpg.Connection,
        author_id: int,
        said: dict[str, Any],
        key: str,
        held: list[asyncpg.Record],
    ) -> bytes:
        said["references"] = [dict(row) for row in held]
        fingerprint = hashlib.sha256(said["message"].encode()).digest()
        values = common_values(author_id, said, tells=False)
        values |= {"key": key, "fingerprint": fingerprint, "references": [row["id"] for row in held]}
        (row,) = await post_statements.insert(keyed=True, linked=bool(held)).fetch(connection, values)
        return str(row["payload"]).encode()

    async def _notify(self) -> None:
        connection = await asyncpg.connect(os.environ["DATABASE_URL"].replace("+asyncpg", ""))
        while True:
            await self.news.wait()
            self.news.clear()
            await connection.execute(follower.NOTIFY)


app = PostFloor()
