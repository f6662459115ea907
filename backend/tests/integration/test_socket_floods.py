"""Frames that say nothing, and clients that take nothing: neither costs the others much."""

import asyncio
import json
from collections.abc import AsyncIterator
from unittest.mock import Mock

import pytest
from websockets.frames import CloseCode, Frame, Opcode

from app.server import socket_protocol
from app.server.socket_protocol import SocketProtocol
from tests.faults.wire import Wire, open_wire
from tests.patience import LONG
from tests.personas import Persona
from tests.servers import Server, receive_until, until

# Bytes that may wait for a client before the server notices that it takes none, and what it reads at once of its pings.
HIGH_WATER = 64 * 1024
LARGEST_READ = 256 * 1024


def frame(opcode: Opcode, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Return a frame as a client sends it."""
    return Frame(opcode, payload, fin).serialize(mask=True)


FLOODS = {
    "pings": frame(Opcode.PING),
    "long pings": frame(Opcode.PING, b"x" * 125),
    "pongs": frame(Opcode.PONG),
    "empty fragments": frame(Opcode.CONT, fin=False),
    "pings between fragments": frame(Opcode.CONT, b"x", fin=False) + frame(Opcode.PING),
}


@pytest.fixture
def protocols(monkeypatch: pytest.MonkeyPatch) -> list[SocketProtocol]:
    """The server's ends of the sockets, in the order in which they were opened."""
    made: list[SocketProtocol] = []
    original = SocketProtocol.connection_made

    def connection_made(self: SocketProtocol, transport: asyncio.BaseTransport) -> None:
        made.append(self)
        original(self, transport)

    monkeypatch.setattr(SocketProtocol, "connection_made", connection_made)
    return made


@pytest.fixture
async def stranger(server: Server, protocols: list[SocketProtocol]) -> AsyncIterator[Wire]:
    """A socket that has sent nothing yet, and into which any bytes may be written."""
    wire = await open_wire(server.port, lambda _: None)
    yield wire
    if not wire.closed.done():
        wire.abort()


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_a_flood_of_frames_that_say_nothing_ends_the_socket(stranger: Wire, flood: bytes):
    """1008, also for who sends it all before reading."""
    stranger.write(frame(Opcode.TEXT, fin=False) + flood * 100_000)

    async with asyncio.timeout(LONG):
        assert await stranger.closed == CloseCode.POLICY_VIOLATION


async def test_a_member_may_flood_as_little_as_a_stranger(server: Server, ada: Persona):
    """Who has shown a good token is closed with 1008 too, and its place is free again."""
    live = asyncio.Event()
    wire = await open_wire(server.port, lambda text: live.set() if b'"ready"' in text else None)
    wire.send(json.dumps({"type": "auth", "token": ada.token}).encode())
    async with asyncio.timeout(LONG):
        await live.wait()
        wire.write(frame(Opcode.PONG) * 100_000)

        assert await wire.closed == CloseCode.POLICY_VIOLATION
    await until(lambda: not server.sockets.open)


LAST_WORDS = {
    "a flood": FLOODS["pongs"] * 1000,
    "a malformed frame": b"\xff" * 4096,
    "no UTF-8": frame(Opcode.TEXT, b"\xff") + FLOODS["pongs"] * 1000,
    "too long a message": frame(Opcode.TEXT, b"x" * 20_000),
}


@pytest.mark.parametrize("last_words", LAST_WORDS.values(), ids=LAST_WORDS)
async def test_nothing_is_written_to_a_socket_behind_its_end(
    server: Server, protocols: list[SocketProtocol], ada: Persona, last_words: bytes
):
    """A socket that had caught up gets no more frames, however much came in the read that ended it."""
    wire = await open_wire(server.port, lambda _: None)
    wire.send(json.dumps({"type": "auth", "token": ada.token}).encode())
    await until(lambda: server.sockets.caught_up)
    protocols[0].data_received(last_words)

    assert not server.sockets.caught_up


async def test_a_flood_is_noticed_before_it_is_parsed(stranger: Wire, monkeypatch: pytest.MonkeyPatch):
    """What comes in one read may be tens of thousands of frames, and parsing them would hold up everyone."""
    parsed: list[object] = []
    original = SocketProtocol.handle_events

    def handle_events(self: SocketProtocol) -> None:
        parsed.extend(self.conn.events)
        original(self)

    monkeypatch.setattr(SocketProtocol, "handle_events", handle_events)
    stranger.write(frame(Opcode.PONG) * 100_000)
    async with asyncio.timeout(LONG):
        await stranger.closed

    assert 0 < len(parsed) <= 2 * socket_protocol.PIECE / len(frame(Opcode.PONG))


async def test_a_client_may_ping_as_often_as_any_needs_to(
    server: Server, protocols: list[SocketProtocol], ada: Persona, monkeypatch: pytest.MonkeyPatch
):
    """Up to the budget in each second, second after second; each ping gets its pong."""
    async with server.follow(ada.token) as connection:
        await receive_until(connection, "ready")
        (protocol,) = protocols
        loop = protocol.loop
        for second in range(3):
            monkeypatch.setattr(protocol, "loop", Mock(wraps=loop, time=Mock(return_value=second)))
            pongs = [await connection.ping() for _ in range(socket_protocol.MOST_IDLE_FRAMES)]
            async with asyncio.timeout(LONG):
                await asyncio.gather(*pongs)

        assert connection.close_code is None


async def test_a_flood_behind_a_close_is_cut_off(stranger: Wire, protocols: list[SocketProtocol]):
    """A client that was told to go gets no further budget for staying."""
    stranger.write(frame(Opcode.TEXT, b"no token") + frame(Opcode.PING) * socket_protocol.MOST_IDLE_FRAMES)
    await until(lambda: protocols[0].close_sent)
    protocols[0].data_received(frame(Opcode.PING))

    assert protocols[0].transport.is_closing()


async def test_nothing_is_read_from_a_client_that_takes_nothing(
    stranger: Wire, protocols: list[SocketProtocol], monkeypatch: pytest.MonkeyPatch
):
    """Its pings wait in the network, rather than their pongs here; once it reads, it is served again."""
    monkeypatch.setattr(socket_protocol, "MOST_IDLE_FRAMES", 10**9)
    (protocol,) = protocols
    stranger.pause()
    stranger.write(frame(Opcode.PING, b"x" * 125) * 100_000)
    await until(lambda: not protocol.writable.is_set())
    await until(lambda: not protocol.transport.is_reading())
    kept = protocol.transport.get_write_buffer_size()
    stranger.resume()
    await until(protocol.writable.is_set)
    await until(protocol.transport.is_reading)

    assert kept < HIGH_WATER + LARGEST_READ
    assert not protocol.transport.is_closing()


async def test_a_message_that_the_app_takes_does_not_read_on_meanwhile(
    server: Server, ada: Persona, protocols: list[SocketProtocol]
):
    """The server reads on once a message was taken; not for a client that takes nothing itself."""
    async with server.follow(ada.token) as connection:
        await receive_until(connection, "ready")
        (protocol,) = protocols
        protocol.pause_writing()
        protocol.queue.put_nowait({"type": "websocket.receive", "text": "{}"})
        await until(protocol.queue.empty)
        await asyncio.sleep(0)

        assert not protocol.transport.is_reading()
        protocol.resume_writing()
        assert protocol.transport.is_reading()
