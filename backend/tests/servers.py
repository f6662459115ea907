"""The app behind a real server in this process, for tests of sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from app.main import app
from app.server import UVICORN_SETTINGS


@dataclass
class Server:
    """A running server."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://{self.host}:{self.port}"

    @asynccontextmanager
    async def socket(self, **options) -> AsyncIterator[ClientConnection]:
        """Open a socket of the live feed, before its first message."""
        async with connect(f"ws://{self.host}:{self.port}/api/v1/live", **options) as connection:
            yield connection

    @asynccontextmanager
    async def follow(self, token: str, after: str | None = None) -> AsyncIterator[ClientConnection]:
        """Open a socket and send the first message."""
        async with self.socket() as connection:
            await connection.send(json.dumps({"type": "auth", "token": token, "after": after}))
            yield connection


async def receive(connection: ClientConnection, *, within: float = 5.0) -> dict:
    """Return the next message."""
    async with asyncio.timeout(within):
        return json.loads(await connection.recv())


async def receive_until(connection: ClientConnection, kind: str) -> list[dict]:
    """Return the messages up to the first of this type, that one included."""
    messages = [await receive(connection)]
    while messages[-1]["type"] != kind:
        messages.append(await receive(connection))
    return messages


async def closed_with(connection: ClientConnection, *, within: float = 5.0) -> int | None:
    """Wait for the server to close the socket, and return its code."""
    async with asyncio.timeout(within):
        await connection.wait_closed()
    return connection.close_code


@asynccontextmanager
async def serve() -> AsyncIterator[Server]:
    """Run the app, with its lifespan, on a free port until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings = {**UVICORN_SETTINGS, "loop": "asyncio", "timeout_graceful_shutdown": 3}
    server = uvicorn.Server(uvicorn.Config(app, **settings))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield Server("127.0.0.1", listener.getsockname()[1])
    server.should_exit = True
    await task


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[Server]:
    """The app behind a real server."""
    async with serve() as running:
        yield running
