"""The floor: what the same work costs without a framework, as a bare ASGI callable on the bare driver.

    DATABASE_URL=... uvicorn benchmarks.floors:app

It answers `GET /health`, and `GET /statuses` with the board's own rows and the board's own JSON. It knows neither who
asks nor what went wrong.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import orjson

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

POOL: Final = 8

_PAGE: Final = """
    WITH page AS (
        SELECT id, author_id, message, category, created_at, edited_at FROM statuses {where}
        ORDER BY created_at DESC, id DESC LIMIT 50
    )
    SELECT page.id, page.message, page.category, page.created_at, page.edited_at, u.username, u.display_name, u.kind,
           r.owner, r.repo, r.number, r.kind, r.title, r.state, r.moved_to
    FROM page JOIN users u ON u.id = page.author_id
    LEFT JOIN status_references l ON l.status_id = page.id LEFT JOIN github_references r ON r.id = l.reference_id
    ORDER BY page.created_at DESC, page.id DESC, l.position
"""
NEWEST: Final = _PAGE.format(where="")
OF_AUTHOR: Final = _PAGE.format(where="WHERE author_id = (SELECT id FROM users WHERE lower(username) = $1)")

HEALTHY: Final = b'{"status":"ok"}'


class Bare(asyncpg.Connection):
    """A connection that is given back as it is, as the board's are."""

    def get_reset_query(self) -> str:
        """Ask for nothing to be reset."""
        return ""


def page(rows: list[asyncpg.Record]) -> bytes:
    """Return the JSON of a page, from rows of which several may be of one status."""
    items: list[dict[str, Any]] = []
    last = None
    for row in rows:
        if row[0] != last:
            last = row[0]
            references: list[dict[str, Any]] = []
            items.append(
                {
                    "id": last,
                    "author": {"username": row[5], "display_name": row[6], "kind": row[7]},
                    "message": row[1],
                    "category": row[2],
                    "references": references,
                    "created_at": row[3],
                    "edited_at": row[4],
                }
            )
        if row[8] is not None:
            references.append(
                {
                    "owner": row[8],
                    "repo": row[9],
                    "number": row[10],
                    "kind": row[11],
                    "title": row[12],
                    "state": row[13],
                    "moved_to": row[14],
                    "url": f"https://github.com/{row[8]}/{row[9]}/issues/{row[10]}",
                }
            )
    return orjson.dumps({"items": items, "next_cursor": str(last)}, option=orjson.OPT_UTC_Z)


async def answer(send: Send, status: int, body: bytes) -> None:
    """Send a response."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Floor:
    """The bare callable."""

    pool: asyncpg.Pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == "/api/v1/health":
            await answer(send, 200, HEALTHY)
        else:
            await self.respond(scope, receive, send)

    async def respond(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer a page."""
        author = scope["query_string"].partition(b"author=")[2].decode()
        async with self.pool.acquire() as connection:
            rows = await (connection.fetch(OF_AUTHOR, author) if author else connection.fetch(NEWEST))
        await answer(send, 200, page(rows))

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Hold what it works with while it serves."""
        url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
        options = {"min_size": POOL, "max_size": POOL, "connection_class": Bare}
        async with asyncpg.create_pool(url, **options) as self.pool:
            yield

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.working():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


app = Floor()
