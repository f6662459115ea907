"""How many workers there are, and what their sockets inherit."""

import asyncio
import errno
import socket
import sys
from contextlib import ExitStack

import pytest
import uvloop

from app.server import listeners, processors
from app.server.connections import plain


@pytest.mark.parametrize(("count", "workers"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_there_is_one_worker_a_processor_and_at_most_four(monkeypatch, count, workers):
    """A big machine is no reason for more connections to the database."""
    monkeypatch.setattr(processors, "processors", lambda: count)

    assert processors.worker_count() == workers


def test_a_machine_without_ipv6_is_served_by_ipv4(monkeypatch):
    """Where there is no such socket at all, and where one would take IPv6 alone."""

    class SixAlone(socket.socket):
        def getsockopt(self, *_: object) -> int:
            return 1

    def refuse(family: int, *_: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    for kind in (SixAlone, refuse):
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", kind)

            assert listeners.everywhere(8000) == "0.0.0.0:8000"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("::ffff:172.18.0.1", "172.18.0.1"),
        ("172.18.0.1", "172.18.0.1"),
        ("::1", "::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:0:1", "::ffff:0:1"),
    ],
)
def test_an_ipv4_client_has_its_plain_address(given, written):
    """A socket for both families names it otherwise, and nobody writes that into FORWARDED_ALLOW_IPS."""
    assert plain((given, 50_000)) == (written, 50_000)
    assert plain(None) is None


@pytest.mark.skipif(sys.platform != "linux", reason="accepted sockets inherit these options on Linux")
def test_an_accepted_socket_inherits_the_bounds_of_its_listener():
    """Answers leave at once; what the kernel keeps for a client that does not read is bounded, in bytes and in time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listeners.bound_sending(listener)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                buffer = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
                at_once = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                milliseconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert at_once
    assert buffer == 2 * listeners.SEND_BUFFER_BYTES
    assert milliseconds == listeners.SEND_TIMEOUT_MILLISECONDS


def test_a_crowd_that_connects_is_taken_in_few_turns():
    """Of uvloop, which takes one connection a turn for each of its listeners."""
    crowd, turns = 3 * listeners.ACCEPTED_AT_ONCE, 0
    taken: list[asyncio.BaseTransport] = []

    class Taken(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            taken.append(transport)

    async def take(listener: socket.socket) -> None:
        nonlocal turns
        loop = asyncio.get_running_loop()
        for again in listeners.times_over(listener):
            await loop.create_server(Taken, sock=again)
        while len(taken) < crowd:
            await asyncio.sleep(0)
            turns += 1
        for transport in taken:
            transport.close()

    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as clients:
        for _ in range(crowd):
            clients.enter_context(socket.create_connection(listener.getsockname()))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(asyncio.wait_for(take(listener), 10))

    assert turns <= crowd // listeners.ACCEPTED_AT_ONCE + 2
