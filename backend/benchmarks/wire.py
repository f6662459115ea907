"""An HTTP client that costs next to nothing itself: one open connection, and no more of the protocol than is needed."""

import asyncio
from typing import Any, Self

import orjson


class _Answers(asyncio.Protocol):
    """The answer that is under way, and the connection that it comes by."""

    transport: asyncio.Transport
    awaited: asyncio.Future[bytes] | None = None

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.awaited is not None and not self.awaited.done():
            self.awaited.set_exception(error or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) == length:
            self._buffer = b""
            assert head.startswith(b"HTTP/1.1 20"), head + body
            self.awaited.set_result(body)  # there is always one who asked


class Wire:
    """A connection to the board's API, with a token. One question at a time."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._headers = f"Host: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    async def __aenter__(self) -> Self:
        """Connect."""
        host, _, port = self._address.partition(":")
        _, self._answers = await asyncio.get_running_loop().create_connection(_Answers, host, int(port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._answers.transport.close()

    async def _ask(self, request: str, body: bytes = b"") -> bytes:
        self._answers.awaited = asyncio.get_running_loop().create_future()
        head = f"{request} HTTP/1.1\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n"
        self._answers.transport.write(head.encode() + body)
        return await self._answers.awaited

    async def get(self, path: str) -> bytes:
        """Return what `GET /api/v1{path}` answers."""
        return await self._ask(f"GET /api/v1{path}")

    async def post(self, path: str, value: Any) -> bytes:  # noqa: ANN401 -- JSON
        """Return what a POST of JSON to it answers."""
        return await self._ask(f"POST /api/v1{path}", orjson.dumps(value))
