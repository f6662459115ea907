"""The listening sockets: which addresses they take, and what they pass on to the connections."""

import socket
import sys
from typing import Final

# What the kernel keeps for a client that does not read (it doubles the number), and for how long. The time is shorter
# than a worker's stop, so that such a client can't hold the worker up.
SEND_BUFFER_BYTES: Final = 64 * 1024
SEND_TIMEOUT_MILLISECONDS: Final = 15_000

# Connections that a worker takes at each turn of its event loop.
ACCEPTED_AT_ONCE: Final = 16


def everywhere(port: int) -> str:
    """Return what gunicorn binds so that this machine is reached by IPv4 and, where it has it, by IPv6 too."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            takes_both = not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            probe.bind(("::", 0))
    except OSError:
        takes_both = False
    return f"[::]:{port}" if takes_both else f"0.0.0.0:{port}"


def bound_sending(listener: socket.socket) -> None:
    """Send at once, and limit what is kept, and how long, for clients that do not read.

    Accepted sockets inherit it on Linux.
    """
    # uvicorn writes an answer's head and body apart, and event loops do this for sockets that name TCP as their
    # protocol, as these do not: each answer on an open connection would wait 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SEND_TIMEOUT_MILLISECONDS)


def times_over(listener: socket.socket) -> list[socket.socket]:
    """Return a listener as often as connections are to be taken from it at each turn of the event loop.

    uvloop takes one for each listener that it has, as libuv does since 1.45. While a crowd comes back, a turn is long
    and whoever else connects would wait for as many turns as the crowd is large.
    """
    return [listener.dup() for _ in range(ACCEPTED_AT_ONCE)]
