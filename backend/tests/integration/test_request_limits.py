"""What a request may be made of, and how slowly it may come: whatever breaks a limit is refused, and costs little."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message
from email.parser import BytesParser

import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.config import settings
from app.server import connections, http_protocol
from app.server.http_protocol import HttpProtocol
from tests.patience import LONG
from tests.servers import Server, until

HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/v1/statuses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"
END = b"\r\n"
HANDSHAKE = (
    b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)

type Answer = tuple[int, Message, bytes]


class Client:
    """A connection of its own, for bytes that no client of good breeding would send."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes, as far as the server takes them."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """Return the status, headers and body of the next answer."""
        async with asyncio.timeout(LONG):
            line = await self.reader.readline()
            head = await self.reader.readuntil(b"\r\n\r\n")
            headers = BytesParser().parsebytes(head)
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(line.split()[1]), headers, body

    async def is_closed(self) -> bool:
        """Tell whether nothing more comes; raises a TimeoutError while the connection stays open."""
        async with asyncio.timeout(LONG):
            return await self.reader.read() == b""


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Client]:
    """Open a connection for as long as the block lasts; little of an answer fits in before it is read."""
    end = socket.socket()
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, (server.host, server.port))
    client = Client(*await asyncio.open_connection(sock=end))
    try:
        yield client
    finally:
        client.writer.transport.abort()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    """A connection to the server."""
    async with connected(server) as client:
        yield client


@pytest.fixture
def protocols(monkeypatch: pytest.MonkeyPatch) -> list[HttpProtocol]:
    """The server's ends of the connections, in the order in which they were opened."""
    made: list[HttpProtocol] = []
    original = HttpProtocol.connection_made

    def connection_made(self: HttpProtocol, transport: asyncio.BaseTransport) -> None:
        made.append(self)
        original(self, transport)

    monkeypatch.setattr(HttpProtocol, "connection_made", connection_made)
    return made


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what comes slowly be too slow at once."""
    monkeypatch.setattr(http_protocol, "WINDOW", 0.05)


async def refused(client: Client, status: int, code: str) -> None:
    """Hold that the next answer is a problem, with all that answers have, and the connection's last."""
    got, headers, body = await client.answer()
    problem = json.loads(body)

    assert (got, problem["status"], problem["code"]) == (status, status, code)
    assert problem["title"]
    assert problem["detail"]
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["date"]
    assert await client.is_closed()


def of_size(head: bytes, size: int) -> bytes:
    """Return a whole head of this many bytes."""
    return head + b"X-Long: " + b"x" * (size - len(head) - 12) + b"\r\n\r\n"


TOO_LARGE = {
    "a long field": of_size(HEALTH, 20_000),
    "a field of 10 MB": of_size(HEALTH, 10_000_000),
    "a field that never ends": HEALTH + b"X-Long: " + b"x" * 1_000_000,
    "a long name": HEALTH + b"x" * 20_000 + b": x\r\n\r\n",
    "a name that never ends": HEALTH + b"x" * 1_000_000,
    "a long address": b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long query that never ends": b"GET /?" + b"x" * 1_000_000,
    "many short fields": HEALTH + b"a:\r\n" * 3_000_000,
    "101 fields": HEALTH + b"a: b\r\n" * 100 + END,
    "a handshake with a long field": of_size(HANDSHAKE, 20_000),
    "a handshake with 101 fields": HANDSHAKE + b"a: b\r\n" * 96 + END,
    "trailers that never end": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 100_000,
    "a trailer that never ends": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\na: " + b"x" * 1_000_000,
    "a chunk's extension that never ends": POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 1_000_000,
}


@pytest.mark.parametrize("sent", TOO_LARGE.values(), ids=TOO_LARGE)
async def test_heads_that_are_too_large(client: Client, sent: bytes):
    """431, also to who sends it all before reading, and the connection is closed."""
    await client.send(sent)

    await refused(client, 431, "head_too_large")


async def test_heads_that_just_fit(server: Server):
    """16 KiB and 100 fields, at once or in pieces, and over again on the same connection."""
    whole = [of_size(HEALTH, 16 * 1024), HEALTH + b"a: b\r\n" * 99 + END]
    async with connected(server) as client:
        for head in whole:
            await client.send(head)
            assert (await client.answer())[0] == 200
            for start in range(0, len(head), 1000):
                await client.send(head[start : start + 1000])
                await asyncio.sleep(0)
            assert (await client.answer())[0] == 200


async def test_what_was_asked_before_is_answered_first(client: Client):
    """A head that is refused may follow a request that is not; its refusal would be taken for that one's answer."""
    await client.send(HEALTH + END + of_size(HEALTH, 20_000))
    status, _, body = await client.answer()

    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert await client.is_closed()


async def test_many_requests_at_once_are_answered_as_far_as_they_may_wait(client: Client):
    """Whoever asks for thousands without waiting gets the first, and then has to ask again."""
    await client.send((HEALTH + END) * 5000)
    answers = 0
    while not client.reader.at_eof():
        try:
            await client.answer()
        except asyncio.IncompleteReadError:
            break
        answers += 1

    assert http_protocol.MOST_PIPELINED <= answers <= 2 * http_protocol.MOST_PIPELINED


async def test_trailers_are_no_fields_of_the_head(protocols: list[HttpProtocol], client: Client):
    """What comes behind a body was not there when the request was checked."""
    await client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
    await client.answer()

    assert [name for name, _ in protocols[0].headers] == [b"host", b"content-type", b"transfer-encoding"]


@pytest.mark.parametrize("length", ["9" * 5000, "0" * 5000 + "2", "1" + "0" * 30, "-1", "+2", "2, 2", "0x2"])
async def test_lengths_that_are_none(client: Client, length: str):
    """However many digits one has, it is refused or it is what it says; it is no 500."""
    await client.send(POST + CLOSE + f"Content-Length: {length}\r\n\r\n{{}}".encode())
    status, headers, body = await client.answer()

    assert status in {400, 401, 413}
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["status"] == status


async def test_bytes_that_are_no_http_are_refused_as_a_problem(client: Client):
    """In the one form of errors, though nothing of the app has seen it."""
    await client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")

    await refused(client, 400, "bad_request")


SLOW = {
    "a line": b"GET /api/v1/hea",
    "a head": HEALTH + b"X-Slow: ",
    "a head without its end": HEALTH,
    "a handshake": HANDSHAKE,
    "a body": POST + b"Content-Length: 1000\r\n\r\n{",
    "a body of nothing": POST + b"Content-Length: 1000\r\n\r\n",
    "a body in chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "a body without its end": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "trailers": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\na: b\r\n",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
async def test_what_never_ends_is_too_slow(no_patience: None, client: Client, sent: bytes):
    """408, whichever part of the request is waited for."""
    await client.send(sent)

    await refused(client, 408, "request_timeout")


async def test_a_body_that_trickles_is_too_slow(
    protocols: list[HttpProtocol], client: Client, monkeypatch: pytest.MonkeyPatch
):
    """The least rate is enough, over and over again; a byte less is not."""
    least = 1000
    monkeypatch.setattr(http_protocol, "LEAST_BYTES", least)

    async def send(size: int, sent: int) -> None:
        await client.send(b" " * size)
        await until(lambda: protocols[0].taken == sent)
        protocols[0].look_at_request()

    await client.send(POST + b"Transfer-Encoding: chunked\r\n\r\nF0000\r\n")
    await until(lambda: protocols[0].reading is http_protocol.Reading.BODY)
    await send(least, least)
    assert not protocols[0].is_over
    await send(least - 1, 2 * least - 1)

    await refused(client, 408, "request_timeout")


async def test_a_connection_that_never_says_anything_is_closed(no_patience: None, client: Client):
    """Without an answer: nothing was asked."""
    assert await client.is_closed()


async def test_an_idle_connection_is_kept_for_longer(protocols: list[HttpProtocol], client: Client):
    """Also behind a stray line break, and behind a body that nobody waited for."""
    late = b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
    for request, rest in [
        (HEALTH + END, b""),
        (b"\r\n" + HEALTH + END, b"\r\n"),
        (late, b"12345"),
        (HEALTH + END, b""),
    ]:
        await client.send(request)
        await client.answer()
        await client.send(rest)
        await until(lambda: protocols[0].reading is http_protocol.Reading.NOTHING)

        assert protocols[0].arriving is None
        assert protocols[0].timeout_keep_alive_task is not None


async def test_a_body_that_was_answered_is_not_read_for_ever(client: Client, monkeypatch: pytest.MonkeyPatch):
    """Whoever goes on sending after the answer is cut off."""
    monkeypatch.setattr(connections, "LINGER", 0.1)
    await client.send(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
    status, _, _ = await client.answer()

    async def send_on() -> None:
        for _ in range(10_000):
            await client.send(b"x" * 100_000)

    with pytest.raises(ConnectionError):
        await send_on()

    assert status == 413


async def test_a_client_that_hangs_up_while_it_sends_is_no_error(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """On any route, however its body is read: nobody has to look at the log for it."""
    monkeypatch.setattr(settings, "GITHUB_WEBHOOK_SECRET", "a-webhook-secret")
    webhook = b"POST /api/v1/github/webhook HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: ping\r\nX-GitHub-Delivery: 1\r\n"
    caplog.set_level(logging.INFO)
    for head in [POST, webhook, b"PUT /nothing HTTP/1.1\r\n", b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n"]:
        async with connected(server) as client:
            await client.send(head + b"Content-Length: 1000\r\n\r\n{")
            async with server.client() as other:
                await other.get("/api/v1/health")  # by then the server waits for the rest
    async with asyncio.timeout(LONG):
        while sum(record.name == "app.access" for record in caplog.records) < 4:
            await asyncio.sleep(0.01)

    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_a_client_that_takes_its_answer_too_slowly_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch):
    """So that what it was to get need not be kept; a client that takes it, however long that is, gets it all."""
    monkeypatch.setattr(http_protocol, "WINDOW", 0.2)
    size = 5_000_000

    async def page(_request: Request) -> Response:
        return Response(b"x" * size)

    server.app.add_route("/long", page)
    lost: list[bool] = []
    original = HttpProtocol.connection_lost

    def connection_lost(self: HttpProtocol, exc: Exception | None) -> None:
        lost.append(True)
        original(self, exc)

    monkeypatch.setattr(HttpProtocol, "connection_lost", connection_lost)
    async with connected(server) as stuck, connected(server) as good:
        await stuck.send(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        await good.send(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        _, _, body = await good.answer()
        async with asyncio.timeout(LONG):
            while not lost:
                await asyncio.sleep(0.01)

    assert len(body) == size
