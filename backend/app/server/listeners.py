"""The listening sockets: their addresses, and the options that connections inherit."""

import socket
import sys
from typing import Final

# How much the kernel stores for a client that doesn't read (it doubles the number), and for how long. The time is
# shorter than the time limit of a stopping process, so that such a client can't delay it.
SEND_BUFFER_BYTES: Final = 64 * 1024
SEND_TIMEOUT_MILLISECONDS: Final = 15_000

# Connections that a process accepts in each turn of its event loop.
ACCEPTED_AT_ONCE: Final = 16


def everywhere(port: int) -> str:
    """Return what gunicorn binds, so that this machine is reached by IPv4 and, if it has it, by IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            takes_both = not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            probe.bind(("::", 0))
    except OSError:
        takes_both = False
    return f"[::]:{port}" if takes_both else f"0.0.0.0:{port}"


def bound_sending(listener: socket.socket) -> None:
    """Send at once, and limit how much is stored, and for how long, for clients that don't read.

    On Linux, accepted sockets inherit these options.
    """
    # uvicorn sends an answer's headers and body separately. Event loops set TCP_NODELAY for sockets that name TCP as
    # their protocol, but these don't. Without it, each answer on an open connection would wait 40 ms for the client's
    # acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SEND_TIMEOUT_MILLISECONDS)


def times_over(listener: socket.socket) -> list[socket.socket]:
    """Return a listener as many times as connections should be accepted in each turn of the event loop.

    uvloop accepts one connection for each listener, as libuv does since 1.45. While a crowd reconnects, a turn is long,
    and other clients would wait for as many turns as the crowd is large.
    """
    return [listener.dup() for _ in range(ACCEPTED_AT_ONCE)]
