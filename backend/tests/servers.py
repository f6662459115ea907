"""The app behind a real server in this process, for tests of sockets. What is deployed is in `deployed.py`."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from app.api.live.sockets import Sockets
from app.main import create_app
from app.server.listeners import bound_sending
from app.server.uvicorn_settings import UVICORN_SETTINGS
from tests.patience import LONG


@dataclass
class Server:
    """A running server."""

    host: str
    port: int
    stop: Callable[[], None]
    sockets: Sockets
    app: FastAPI

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://{self.host}:{self.port}"

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """Return a client, with a token one that is logged in."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=LONG)

    @asynccontextmanager
    async def socket(self, **options) -> AsyncIterator[ClientConnection]:
        """Open a socket of the live feed, before its first message."""
        async with connect(f"ws://{self.host}:{self.port}/api/v1/live", open_timeout=LONG, **options) as connection:
            yield connection

    @asynccontextmanager
    async def follow(self, token: str, after: str | None = None) -> AsyncIterator[ClientConnection]:
        """Open a socket and send the first message."""
        async with self.socket() as connection:
            await connection.send(first_message(token, after))
            yield connection


def first_message(token: str, after: str | None = None) -> str:
    """Return what a client says first."""
    return json.dumps({"type": "auth", "token": token, "after": after})


async def receive(connection: ClientConnection, *, within: float = LONG) -> dict:
    """Return the next message."""
    async with asyncio.timeout(within):
        return json.loads(await connection.recv())


async def receive_until(connection: ClientConnection, kind: str) -> list[dict]:
    """Return the messages up to the first of this type, that one included."""
    messages = [await receive(connection)]
    while messages[-1]["type"] != kind:
        messages.append(await receive(connection))
    return messages


async def until(holds: Callable[[], bool], *, within: float = LONG) -> None:
    """Wait for something that has no event to wait for."""
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.01)


async def closed_with(connection: ClientConnection, *, within: float = LONG) -> int | None:
    """Wait for the server to close the socket, and return its code."""
    async with asyncio.timeout(within):
        await connection.wait_closed()
    return connection.close_code


@asynccontextmanager
async def serve(*, follows: bool = True) -> AsyncIterator[Server]:
    """Run an app of its own, with its lifespan, until the block ends.

    It follows the log by the time the block begins: whoever came before that has not caught up until the next event.
    """
    app = create_app()
    listener = socket.create_server(("127.0.0.1", 0))
    bound_sending(listener)
    settings = {**UVICORN_SETTINGS, "loop": "asyncio", "timeout_graceful_shutdown": 3}
    server = uvicorn.Server(uvicorn.Config(app, **settings))

    def stop() -> None:
        server.should_exit = True

    task = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started and (app.state.sockets.feed.ring is not None or not follows))
    try:
        yield Server("127.0.0.1", listener.getsockname()[1], stop, app.state.sockets, app)
    finally:
        stop()
        await task
    assert not server.lifespan.shutdown_failed, "its background work goes on, and would meet other tests' databases"


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[Server]:
    """The app behind a real server."""
    async with serve() as running:
        yield running
