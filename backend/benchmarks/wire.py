"""An HTTP client that costs next to nothing itself: one open connection, and no more of the protocol than is needed."""

import asyncio
from typing import Any, Self

import orjson


class Wire:
    """A connection to the board's API, with a token."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._headers = f"Host: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    async def __aenter__(self) -> Self:
        """Connect."""
        host, _, port = self._address.partition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def _ask(self, request: str, body: bytes = b"") -> bytes:
        self._writer.write(f"{request} HTTP/1.1\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await self._reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 20"), head + answer
        return answer

    async def get(self, path: str) -> bytes:
        """Return what `GET /api/v1{path}` answers."""
        return await self._ask(f"GET /api/v1{path}")

    async def post(self, path: str, value: Any) -> bytes:  # noqa: ANN401 -- JSON
        """Return what a POST of JSON to it answers."""
        return await self._ask(f"POST /api/v1{path}", orjson.dumps(value))
