"""How many workers there are, and what their sockets inherit."""

import socket
import sys

import pytest

from app import server


@pytest.mark.parametrize(("processors", "workers"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_there_is_one_worker_a_processor_and_at_most_four(monkeypatch, processors, workers):
    """A big machine is no reason for more connections to the database."""
    monkeypatch.setattr(server, "processors", lambda: processors)

    assert server.worker_count() == workers


@pytest.mark.skipif(sys.platform != "linux", reason="accepted sockets inherit these options on Linux")
def test_an_accepted_socket_inherits_the_bounds_of_its_listener():
    """Answers leave at once; what the kernel keeps for a client that does not read is bounded, in bytes and in time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.bound_sending(listener)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                buffer = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
                at_once = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                milliseconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert at_once
    assert buffer == 2 * server.SEND_BUFFER_BYTES
    assert milliseconds == server.SEND_TIMEOUT_MILLISECONDS
