"""Frames and handshakes that no client should send."""

import asyncio
import random
import socket
import struct
from collections.abc import Coroutine
from typing import Final

import orjson
import pytest

from tests.deployed import Replica
from tests.faults.conftest import Run
from tests.faults.stand import Member, Stand
from tests.faults.traffic import traffic
from tests.faults.wire import CLOSE, FINAL, HANDSHAKE, MASKED, PING, TEXT, answer_to_handshake, frame, open_wire

CONT, BINARY = 0x0, 0x2
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
WITHIN = 5.0  # seconds for the answer
AT_ONCE = 8
HANG_UPS = 40
LONGEST_WAIT = 0.02  # seconds
LARGEST = 16 * 1024  # bytes of a message


def raw(first: int, payload: bytes = b"", *, mask: int = MASKED, size: int | None = None) -> bytes:
    """Return a frame with this first byte, and with a size that may be a lie."""
    size = len(payload) if size is None else size
    if size < 126:
        length = bytes([mask | size])
    elif size < 1 << 16:
        length = bytes([mask | 126]) + size.to_bytes(2)
    else:
        length = bytes([mask | 127]) + size.to_bytes(8)
    return bytes([first]) + length + (bytes(4) if mask else b"") + payload


def end(code: int, reason: bytes = b"") -> bytes:
    """Return a close frame."""
    return raw(FINAL | CLOSE, code.to_bytes(2) + reason)


# What is sent, in one or several writes, and the code that it gets (RFC 6455, sections 5 and 7.4).
FRAMES: Final[dict[str, tuple[int, list[bytes]]]] = {
    "RSV1, as of a compression that was not agreed on": (1002, [raw(FINAL | RSV1 | TEXT, b"{}")]),
    "RSV2": (1002, [raw(FINAL | RSV2 | TEXT, b"{}")]),
    "RSV3": (1002, [raw(FINAL | RSV3 | TEXT, b"{}")]),
    "all RSV bits on a ping": (1002, [raw(FINAL | RSV1 | RSV2 | RSV3 | PING)]),
    "RSV1 on a close": (1002, [raw(FINAL | RSV1 | CLOSE, b"\x03\xe8")]),
    "opcode 3": (1002, [raw(FINAL | 0x3)]),
    "opcode 7": (1002, [raw(FINAL | 0x7, b"{}")]),
    "opcode B": (1002, [raw(FINAL | 0xB)]),
    "opcode F": (1002, [raw(FINAL | 0xF, b"{}")]),
    "unmasked text": (1002, [raw(FINAL | TEXT, b"{}", mask=0)]),
    "unmasked ping": (1002, [raw(FINAL | PING, mask=0)]),
    "unmasked close": (1002, [raw(FINAL | CLOSE, b"\x03\xe8", mask=0)]),
    "a ping in fragments": (1002, [raw(PING)]),
    "a close in fragments": (1002, [raw(CLOSE, b"\x03\xe8")]),
    "a ping of 126 bytes": (1002, [raw(FINAL | PING, bytes(126))]),
    "a close of 126 bytes": (1002, [end(1000, b"x" * 124)]),
    "a continuation of nothing": (1002, [raw(FINAL | CONT, b"{}")]),
    "a continuation after the end": (1002, [raw(TEXT, b"{"), raw(FINAL | CONT, b"}") + raw(FINAL | CONT)]),
    "a message inside a message": (1002, [raw(TEXT, b"{"), raw(FINAL | TEXT, b"}")]),
    "a binary message inside a text": (1002, [raw(TEXT, b"{") + raw(BINARY, b"}")]),
    "a close inside a message": (1002, [raw(TEXT, b"{") + end(1000)]),
    "a close of 1 byte": (1002, [raw(FINAL | CLOSE, b"\x03")]),
    "a close with 0": (1002, [end(0)]),
    "a close with 999": (1002, [end(999)]),
    "a close with 1004": (1002, [end(1004)]),
    "a close with 1005": (1002, [end(1005)]),
    "a close with 1006": (1002, [end(1006)]),
    "a close with 1015": (1002, [end(1015)]),
    "a close with 5000": (1002, [end(5000)]),
    "a close with 65535": (1002, [end(65535)]),
    "a close whose reason is no UTF-8": (1007, [end(1000, b"\xff")]),
    "text that is no UTF-8": (1007, [raw(FINAL | TEXT, b"\xff\xfe")]),
    "text that ends inside a character": (1007, [raw(FINAL | TEXT, b"{\xc3")]),
    "a character in too many bytes": (1007, [raw(FINAL | TEXT, b"\xc0\xaf")]),
    "a lone surrogate": (1007, [raw(FINAL | TEXT, b"\xed\xa0\x80")]),
    "a character beyond the last": (1007, [raw(FINAL | TEXT, b"\xf4\x90\x80\x80")]),
    "fragments that are no UTF-8": (1007, [raw(TEXT, b"{\xc3"), raw(FINAL | CONT, b"(}")]),
    "text that is no UTF-8, and more text": (1007, [raw(FINAL | TEXT, b"\xff") + raw(FINAL | TEXT, b"{}")]),
    "text that is no UTF-8, and a close": (1000, [raw(FINAL | TEXT, b"\xff") + end(1000)]),
    "a length of 2^63 - 1": (1009, [raw(FINAL | TEXT, size=(1 << 63) - 1)]),
    "a length of 2^64 - 1": (1009, [raw(FINAL | BINARY, size=(1 << 64) - 1)]),
    "a length of 1 GiB, and some of it": (1009, [raw(FINAL | TEXT, bytes(1000), size=1 << 30)]),
    "a message over the limit": (1009, [raw(FINAL | TEXT, b"x" * (LARGEST + 1))]),
    "fragments over the limit": (1009, [raw(TEXT, b"x" * LARGEST), raw(FINAL | CONT, b"x")]),
    "a thousand fragments over the limit": (1009, [raw(TEXT) + raw(CONT, b"x" * 17) * 1000]),
    "a character split over fragments": (4400, [raw(TEXT, b"\xe2\x82"), raw(FINAL | CONT, b"\xac")]),
    "an empty message in empty fragments": (4400, [raw(TEXT), raw(CONT) * 20, raw(FINAL | CONT)]),
    "binary": (4400, [raw(FINAL | BINARY, b"{}")]),
    "a close, byte by byte": (1000, [bytes([byte]) for byte in end(1000, b"bye")]),
    "pings inside a message, and then a close": (
        1001,
        [raw(TEXT, b"{") + raw(FINAL | PING) + raw(FINAL | CONT, b"}") + end(1001)],
    ),
}


def handshake(old: bytes = b"", new: bytes = b"") -> bytes:
    """Return the handshake with something in it replaced."""
    assert old in HANDSHAKE
    return HANDSHAKE.replace(old, new, 1) if old else new + HANDSHAKE


PATH: Final = b"/api/v1/live"
LAST: Final = b"Sec-WebSocket-Version: 13\r\n"
HANDSHAKES: Final[dict[str, tuple[int, bytes]]] = {
    "a path that is no ASCII": (400, handshake(PATH, PATH + "/\N{OCTOPUS}".encode())),
    "a query that is no ASCII": (400, handshake(PATH, PATH + b"?\xff\xfe")),
    "a path with NUL": (400, handshake(PATH, PATH + b"\0")),
    "a path of 9 KB": (414, handshake(PATH, PATH + b"?" + b"x" * 9000)),
    "a header of 9 KB": (431, handshake(LAST, LAST + b"X-Long: " + b"x" * 9000 + b"\r\n")),
    "200 headers": (431, handshake(LAST, LAST + b"X-Many: x\r\n" * 200)),
    "a body": (400, handshake(LAST, LAST + b"Content-Length: 2\r\n") + b"{}"),
    "a body in chunks": (400, handshake(LAST, LAST + b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n"),
    "no key": (400, handshake(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")),
    "a short key": (400, handshake(b"bXBsZSBub25jZQ==")),
    "a key that is no ASCII": (400, handshake(b"dGhl", b"\xff\xff\xff\xff")),
    "another version": (400, handshake(b"Version: 13", b"Version: 8")),
    "two versions": (400, handshake(LAST, LAST + LAST)),
    "POST": (405, handshake(b"GET", b"POST")),
    "garbage before it": (400, handshake(new=b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03")),
    "frames in its place": (400, frame(b"{}", TEXT)),
    "another path": (403, handshake(PATH, b"/api/v1/dead")),
}


async def code_of(replica: Replica, auth: bytes, writes: list[bytes], *, first: bool) -> int | None:
    """Return the code that closes a socket which sends this, `first` or once it is live by `auth`."""
    live = asyncio.Event()

    def on_text(text: bytes) -> None:
        if text.startswith(b'{"type":"ready"'):
            live.set()

    wire = await open_wire(replica.port, on_text)
    try:
        async with asyncio.timeout(WITHIN):
            if not first:
                wire.send(auth)
                await live.wait()
            for data in writes:
                wire.write(data)
                await asyncio.sleep(0)
            return await wire.closed
    finally:
        wire.abort()


async def answered_otherwise(stand: Stand, members: list[Member]) -> list[str]:
    """Send everything, a few at a time and to all replicas, and return what got another answer than it should."""
    free = asyncio.Semaphore(AT_ONCE)
    wrong: list[str] = []
    ((position,),) = await stand.query("SELECT seq || '-' || mark FROM feed_head")
    auths = [orjson.dumps({"type": "auth", "token": member.token, "after": position}) for member in members]

    async def ask(what: str, expected: int, answer: Coroutine[None, None, int | None]) -> None:
        async with free:
            try:
                found: object = await answer
            except (OSError, TimeoutError) as error:
                found = repr(error)
        if found != expected:
            wrong.append(f"{what}: {found} instead of {expected}")

    async with asyncio.TaskGroup() as group:
        for number, (what, (code, writes)) in enumerate(FRAMES.items()):
            for first in (True, False):
                replica, auth = stand.replicas[number % 2], auths[number % len(auths)]
                name = what if first else f"{what}, on a live socket"
                group.create_task(ask(name, code, code_of(replica, auth, writes, first=first)))
        for number, (what, (status, data)) in enumerate(HANDSHAKES.items()):
            group.create_task(ask(what, status, answer_to_handshake(stand.replicas[number % 2].port, data)))
    return wrong


async def hang_up(replica: Replica) -> None:
    """Ask for a socket, and be gone before or just after the answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    linger = struct.pack("ii", 1, 0)  # so that the connection is reset
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.write(HANDSHAKE)
    await asyncio.sleep(random.choice([0, random.uniform(0, LONGEST_WAIT)]))
    writer.transport.abort()


@pytest.mark.fault(
    "malformed frames and handshakes",
    small={"sockets": 20, "rate": 20, "rounds": 1},
    full={"sockets": 100, "rate": 20, "rounds": 20},
    mutations={"plain_protocol": {}, "no_message_limit": {}},
)
async def test_malformed_frames_are_answered_and_harm_nobody(stand: Stand, run: Run):
    """Each gets the close code that RFC 6455 has for it, or a status; the log has no traceback; the others go on."""
    before = [replica.log.stat().st_size for replica in stand.replicas]
    wrong = []
    async with traffic(stand, sockets=run.size.sockets, rate=run.size.rate) as board:
        members = await stand.members(20)
        for _ in range(run.size.rounds):
            wrong += await answered_otherwise(stand, members)
            await asyncio.gather(*(hang_up(stand.any_replica()) for _ in range(HANG_UPS)))
    lines = [line for replica, offset in zip(stand.replicas, before, strict=True) for line in replica.log_after(offset)]

    assert len(FRAMES) + len(HANDSHAKES) >= 40
    assert wrong == []
    assert [line for line in lines if b"Traceback" in line or b'"level":"ERROR"' in line] == []
    assert board.readers.codes == [], "a socket was closed that had done nothing wrong"
    run.is_exact(board.verdict)
