"""A fault-injecting proxy: connections pass through it, on a path that tests cut, freeze, drop, refuse and mend.

`Proxy` runs in the event loop of whoever makes it, `ProxyProcess` in a process of its own, which obeys lines on its
standard input and answers each with how many connections it met:

    python proxy.py PORT TARGET_PORT
"""

import asyncio
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from typing import Final, Literal

CHUNK: Final = 256 * 1024
# A client's goodbye is lost like everything else. The server learns that it is gone from its keepalives, as long after
# as app/database.py asks of them; they end in this proxy's kernel, so that the proxy has to play their part.
KEEPALIVES: Final = 30.0  # seconds
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() a reset

type Target = tuple[str, int] | str  # a host and a port, or the path of a Unix socket
type Fault = Literal["cut", "freeze", "drop", "refuse"]


class Proxy:
    """The connections and the state of their path."""

    def __init__(self, target: Target, port: int = 0) -> None:
        """Prepare a proxy that will listen on this port of 127.0.0.1, or on any that is free."""
        self.port = port
        self.open: set[asyncio.StreamWriter] = set()
        self.tells_of_ends = True  # one end has closed its connection: the other is told
        self._target = target
        self._listener: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._lost: set[asyncio.StreamWriter] = set()
        self._is_cut = False

    def cut(self) -> None:
        """Let nothing pass any more, in either direction, and tell nobody; new connections open and hear nothing.

        Whatever is open is lost for good, as behind a router that has forgotten it.
        """
        self._lost |= self.open
        self._is_cut = True

    def freeze(self) -> None:
        """Let nothing pass for now; `mend` lets it go on where it stood."""
        self._flowing.clear()

    def drop(self) -> None:
        """Reset every connection."""
        for writer in self.open:
            with suppress(OSError):  # this end was closed, and the other one is still open
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    def refuse(self) -> None:
        """Close every connection, and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for writer in self.open:
            writer.transport.abort()

    async def mend(self) -> None:
        """Let new connections pass, from the first call on."""
        self._is_cut = False
        self._flowing.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            await self._swallow(reader, writer)
            return
        try:
            target_reader, target_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, target_writer}
        self.open |= ends
        try:
            await asyncio.gather(self._carry(reader, target_writer), self._carry(target_reader, writer))
        finally:
            self.open -= ends
            self._lost -= ends
            for end in ends:
                end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, str):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(*self._target)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._flowing.wait()
                if writer not in self._lost:
                    writer.write(data)
                    await writer.drain()
        if writer in self._lost:
            await asyncio.sleep(KEEPALIVES)
        if self.tells_of_ends:
            writer.close()

    @staticmethod
    async def _swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while await reader.read(CHUNK):
                pass
        writer.transport.abort()


class ProxyProcess:
    """A proxy in a process of its own, to a port of this machine. Each order returns how many connections it met."""

    def __init__(self, port: int, target_port: int) -> None:
        self.port = port
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, __file__, str(port), str(target_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.mend()

    def cut(self) -> int:
        """See `Proxy.cut`."""
        return self._order("cut")

    def freeze(self) -> int:
        """See `Proxy.freeze`."""
        return self._order("freeze")

    def drop(self) -> int:
        """See `Proxy.drop`."""
        return self._order("drop")

    def mend(self) -> int:
        """See `Proxy.mend`."""
        return self._order("mend")

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(5)

    def _order(self, order: Fault | Literal["mend"]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


async def _obey_lines(port: int, target_port: int) -> None:
    proxy = Proxy(("127.0.0.1", target_port), port)
    faults = {"cut": proxy.cut, "freeze": proxy.freeze, "drop": proxy.drop, "refuse": proxy.refuse}
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while order := (await orders.readline()).decode().strip():
        met = len(proxy.open) // 2
        if order == "mend":
            await proxy.mend()
        else:
            faults[order]()
        sys.stdout.write(f"{met}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_obey_lines(*map(int, sys.argv[1:])))
