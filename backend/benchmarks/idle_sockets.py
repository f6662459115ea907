"""What open sockets cost while nothing happens: memory and processor time of one worker as it is deployed.

    uv run --directory backend python -m benchmarks.idle_sockets [--sockets 10000] [--seconds 30]

The clients are bare TCP connections of this process that do no more than the protocol asks: the handshake, the first
message, and a pong for each ping. Both sides need so many open files (`ulimit -n`); as root, this raises its own limit.
"""

import argparse
import asyncio
import base64
import json
import os
import resource
import struct
import time

from benchmarks.stand import board, machine, memory, processor_time

AT_ONCE = 50
PING, PONG, TEXT, CLOSE = 0x9, 0xA, 0x1, 0x8


def frame(opcode: int, payload: bytes) -> bytes:
    """Return a client's frame; the mask is zeros, which masks nothing and is allowed."""
    length = len(payload)
    head = (
        struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        if length < 126
        else struct.pack("!BBH", 0x80 | opcode, 0xFE, length)
    )
    return head + bytes(4) + payload


class Follower(asyncio.Protocol):
    """A client that follows the board, remembers when its last frame of text came, and says when one `arrived`."""

    def __init__(self, host: str, token: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self._hello = (
            f"GET /api/v1/live HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._token = token
        self._buffer = b""
        self._is_open = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last = 0.0
        self.arrived = asyncio.Event()
        self.events = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ask for the socket."""
        self._transport = transport
        transport.write(self._hello.encode())

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Say so to whoever still waits."""
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionError("the server closed the socket"))

    def data_received(self, data: bytes) -> None:
        """Read what came, frame by frame."""
        self._buffer += data
        if not self._is_open:
            head, end, self._buffer = self._buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._is_open = True
            self._transport.write(frame(TEXT, json.dumps({"type": "auth", "token": self._token}).encode()))
        while (found := self._next()) is not None:
            opcode, payload = found
            if opcode == PING:
                self._transport.write(frame(PONG, payload))
            elif opcode == TEXT:
                self.last = time.perf_counter()
                self.arrived.set()
                self.events += payload.startswith(b'{"type":"event"')
                if payload.startswith(b'{"type":"ready"'):
                    self.ready.set_result(None)

    def _next(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < 2:
            return None
        length, start = self._buffer[1], 2
        if length >= 126:
            start = 4 if length == 126 else 10
            length = int.from_bytes(self._buffer[2:start])
        if len(self._buffer) < start + length:
            return None
        opcode, payload = self._buffer[0] & 0xF, self._buffer[start : start + length]
        self._buffer = self._buffer[start + length :]
        return opcode, payload


async def open_sockets(address: str, token: str, count: int) -> list[Follower]:
    """Open so many sockets, a few at a time."""
    host, port = address.split(":")
    turns = asyncio.Semaphore(AT_ONCE)

    async def one() -> Follower:
        async with turns:
            _, follower = await asyncio.get_running_loop().create_connection(
                lambda: Follower(host, token), host, int(port)
            )
            await follower.ready
            return follower

    return await asyncio.gather(*(one() for _ in range(count)))


async def measure(count: int, seconds: float) -> None:
    """Measure, and print the table."""
    with board() as running:
        async with running.replica() as replica:
            token = await running.log_in(replica)
            for follower in await open_sockets(replica.address, token, 10):  # until everything is warm
                follower.close()
            (worker,) = replica.workers
            before = memory(worker, "Rss")
            started = time.perf_counter()
            followers = await open_sockets(replica.address, token, count)
            opened = time.perf_counter() - started
            await asyncio.sleep(2)
            each = (memory(worker, "Rss") - before) * 1024 / count
            busy = processor_time(worker)
            await asyncio.sleep(seconds)
            share = (processor_time(worker) - busy) / seconds
            async with replica.client(token) as client:
                posted = time.perf_counter()
                (await client.post("/statuses", json={"message": "Good morning"})).raise_for_status()
                while min(follower.last for follower in followers) < posted:
                    await asyncio.sleep(0.01)
            last = max(follower.last for follower in followers) - posted
    print(f"{count} idle sockets on one worker; {machine()}")
    print(f"memory of each (RSS)         {each:8.1f} KB")
    print(f"of a processor, while idle   {share:8.1%}")
    print(f"a new status at the last     {last:8.2f} s")
    print(f"all opened within            {opened:8.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30, help="how long to be idle")
    arguments = parser.parse_args()
    needed = arguments.sockets + 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))
    asyncio.run(measure(arguments.sockets, arguments.seconds))
