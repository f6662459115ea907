"""Who sends one event to all open sockets when a byte comes over a connection to the port `CONTROL`.

    CONTROL=9001 gunicorn --config ../docker/gunicorn.conf.py benchmarks.relay:board
    CONTROL=9001 uvicorn benchmarks.relay:fastapi_one_by_one      (or fastapi_gathered)
    CONTROL=9001 python -m benchmarks.relay PORT                  (the library `websockets`, its broadcast)

`board` is the whole board: its sockets log in, begin and follow as ever, and only the event comes from here instead of
the database, so that what is measured is the fan-out and not the post. `silent` is the board too; it tells no process
that the log has grown, and is told by none: it looks once a second.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import uvloop
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.connection import broadcast
from websockets.asyncio.server import ServerConnection, serve

EVENT: Final = (
    '{"type":"event","seq":1,"position":"1-0123abcd","kind":"status.posted","data":'
    '{"id":1842,"author":{"username":"ada","display_name":"Ada","kind":"person"},'
    '"message":"Reviewed octo/engine#87: keyset pagination, then pairing on the feed","category":"in-progress",'
    '"references":[{"owner":"octo","repo":"engine","number":87,"kind":"pull_request","title":"Cache the parse tree",'
    '"state":"merged","moved_to":null,"url":"https://github.com/octo/engine/pull/87"}],'
    '"created_at":"2026-11-24T09:30:00.123456Z","edited_at":null}}'
)
PAYLOAD: Final = EVENT.partition('"data":')[2][:-1]


@asynccontextmanager
async def control(send: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call `send` once for each byte that comes, while the block runs."""

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while orders := await reader.read(100):
            for _ in orders:
                await send()

    async with await asyncio.start_server(listen, "127.0.0.1", int(os.environ["CONTROL"])):
        yield


def _board() -> FastAPI:
    from app.main import app  # noqa: PLC0415 -- its settings are not there for the others
    from app.services.feed import follower  # noqa: PLC0415
    from app.services.feed.events import Event  # noqa: PLC0415

    follower.POLL = 10**6  # type: ignore[misc] -- it would find that the log knows nothing of these events
    usual = app.router.lifespan_context

    async def send() -> None:
        feed = app.state.sockets.feed
        feed.ring.append(Event.from_row(feed.ring.last.seq + 1, "0123abcd", "status.posted", 1842, PAYLOAD))
        feed.tell_sockets()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with usual(app), control(send):
            yield

    app.router.lifespan_context = lifespan
    return app


def _silent() -> FastAPI:
    from app.main import app  # noqa: PLC0415
    from app.services import wakeups  # noqa: PLC0415
    from app.services.statuses import posting  # noqa: PLC0415

    wakeups.announce = lambda: None
    wakeups.CHANNEL = "nobody_notifies"  # type: ignore[misc]
    posting._is_alone = lambda: False  # noqa: SLF001
    return app


def _fastapi(*, gathered: bool) -> FastAPI:
    sockets: set[WebSocket] = set()

    async def send() -> None:
        if gathered:
            await asyncio.gather(*(socket.send_text(EVENT) for socket in sockets))
        else:
            for socket in tuple(sockets):
                await socket.send_text(EVENT)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with control(send):
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def root() -> str:
        return "here"

    @app.websocket("/")
    async def follow(socket: WebSocket) -> None:
        await socket.accept()
        sockets.add(socket)
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            sockets.discard(socket)

    return app


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- an app
    """Make the app that is asked for, and no other."""
    if name == "board":
        return _board()
    if name == "silent":
        return _silent()
    if name in {"fastapi_one_by_one", "fastapi_gathered"}:
        return _fastapi(gathered=name == "fastapi_gathered")
    raise AttributeError(name)


async def _library(port: int) -> None:
    sockets: set[ServerConnection] = set()

    async def stay(socket: ServerConnection) -> None:
        sockets.add(socket)
        await socket.wait_closed()
        sockets.discard(socket)

    async def send() -> None:
        broadcast(sockets, EVENT)

    async with control(send), serve(stay, "127.0.0.1", port, compression=None, backlog=4096):
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(_library(int(sys.argv[1])))
