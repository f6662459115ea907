"""A TCP proxy in a process of its own, whose path can be cut without a word. It obeys lines on its standard input.

    python proxy.py PORT TARGET_PORT

`cut`   nothing passes any more, in either direction, and nobody is told; new connections open and hear nothing.
        Whatever was open is lost for good, as behind a router that has forgotten it.
`freeze` nothing passes for now; `mend` lets it go on where it stood.
`drop`  every connection is reset.
`mend`  new connections pass.

Each line is answered with how many connections it met.
"""

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import Final

CHUNK: Final = 256 * 1024
# A client's goodbye is lost like everything else. The server learns that it is gone from its keepalives, as long after
# as app/database.py asks of them; they end in this proxy's kernel, so that the proxy has to play their part.
KEEPALIVES: Final = 30.0  # seconds
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() a reset


class Proxy:
    """The connections and the state of their path."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.open: set[asyncio.StreamWriter] = set()
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.lost: set[asyncio.StreamWriter] = set()
        self.is_cut = False

    def obey(self, order: str) -> int:
        """Do what a line says."""
        met = len(self.open) // 2
        if order == "cut":
            self.lost |= self.open
            self.is_cut = True
        elif order == "freeze":
            self.flowing.clear()
        elif order == "drop":
            for writer in self.open:
                with suppress(OSError):  # this end was closed, and the other one is still open
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                writer.transport.abort()
        elif order == "mend":
            self.is_cut = False
            self.flowing.set()
        return met

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, or hold it in silence."""
        if self.is_cut:
            await self._swallow(reader, writer)
            return
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, target_writer}
        self.open |= ends
        try:
            await asyncio.gather(self._carry(reader, target_writer), self._carry(target_reader, writer))
        finally:
            self.open -= ends
            self.lost -= ends
            for end in ends:
                end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self.flowing.wait()
                if writer not in self.lost:
                    writer.write(data)
                    await writer.drain()
        if writer in self.lost:
            await asyncio.sleep(KEEPALIVES)
        writer.close()

    @staticmethod
    async def _swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while await reader.read(CHUNK):
                pass
        writer.transport.abort()


async def main(port: int, target: int) -> None:
    """Serve until standard input ends."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", port)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    sys.stdout.write("0\n")
    sys.stdout.flush()
    while line := await orders.readline():
        sys.stdout.write(f"{proxy.obey(line.decode().strip())}\n")
        sys.stdout.flush()
    server.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
