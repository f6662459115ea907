"""A path to the database that can be cut, frozen and restored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from app import database
from app.config import settings

PIECE = 64 * 1024


class Proxy:
    """Passes bytes on between clients and PostgreSQL, for as long as it may."""

    def __init__(self, database_url: str, direct: AsyncEngine) -> None:
        self.direct = direct
        self._url = make_url(database_url)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.tells_of_ends = True

    @property
    def url(self) -> str:
        """The database's address by way of this proxy."""
        url = self._url.set(host="127.0.0.1", port=self._port, query={})
        return url.render_as_string(hide_password=False)

    async def restore(self) -> None:
        """Let everything pass again."""
        self._flows.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Keep every connection, accept new ones, and pass nothing on."""
        self._flows.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await self._connect()
            self._writers |= {writer, far_writer}
            try:
                await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
            finally:
                self._writers -= {writer, far_writer}

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = self._url.query.get("host")
        if isinstance(folder, str) and folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{self._url.query.get('port', 5432)}")
        return await asyncio.open_connection(self._url.host, self._url.port)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(PIECE):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        finally:
            if self.tells_of_ends:
                writer.close()


@pytest.fixture
async def proxy(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The path that the app takes to its database; `proxy.direct` is an engine that does not take it."""
    path = Proxy(database_url, database.async_engine)
    await path.restore()
    engine = database.create_engine(path.url)
    monkeypatch.setattr(settings, "DATABASE_URL", path.url)
    database.AsyncSessionLocal.configure(bind=engine)
    yield path
    path.cut()
    await engine.dispose()
