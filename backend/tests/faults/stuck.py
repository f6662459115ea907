"""Clients that open a socket and then read nothing, and what the kernel knows about their connections."""

import asyncio
import socket
from pathlib import Path
from typing import Final

import orjson

from tests.deployed import Replica
from tests.faults.stand import Member, Stand
from tests.faults.wire import HANDSHAKE, TEXT, frame

RECEIVE_BUFFER: Final = 4096  # bytes; the kernel has its own idea of the least
BACKED_UP_WITHIN: Final = 30.0  # seconds
GONE: Final = {"06", "07"}  # TIME_WAIT and CLOSE: the server's process is rid of it


class StuckClient:
    """One of them."""

    def __init__(self, replica: Replica, member: Member) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._socket.connect(("127.0.0.1", replica.port))
        self.ports = (replica.port, self._socket.getsockname()[1])
        token = orjson.dumps({"type": "auth", "token": member.token})
        self._socket.sendall(HANDSHAKE)
        assert b" 101 " in self._socket.recv(1024)
        self._socket.sendall(frame(token, TEXT))

    def close(self) -> None:
        """Go away."""
        self._socket.close()


def waiting_bytes() -> dict[tuple[int, int], int]:
    """Return, for each connection of 127.0.0.1 that has not ended, what waits in its send buffer, by its two ports."""
    found = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, queues, *_ = line.split()
        if state not in GONE:
            ports = int(local.split(":")[1], 16), int(remote.split(":")[1], 16)
            found[ports] = int(queues.split(":")[0], 16)
    return found


def backed_up(clients: list[StuckClient]) -> list[int]:
    """Return what waits for each of those clients whose connection the server still has."""
    queues = waiting_bytes()
    return [queues[client.ports] for client in clients if client.ports in queues]


async def until_backed_up(clients: list[StuckClient], bytes_each: int = 1) -> None:
    """Wait until at least so much has waited for each of them."""
    async with asyncio.timeout(BACKED_UP_WITHIN):
        left = {client.ports for client in clients}
        while left:
            left -= {ports for ports, waiting in waiting_bytes().items() if waiting >= bytes_each}
            await asyncio.sleep(0.1)


async def get_stuck(stand: Stand, members: list[Member]) -> list[StuckClient]:
    """Open one socket for each member, over all replicas by turns."""
    replicas = stand.replicas
    return [
        await asyncio.to_thread(StuckClient, replicas[number % len(replicas)], member)
        for number, member in enumerate(members)
    ]
