"""How uvicorn serves the board: the settings that gunicorn's workers and `statusboard up` share."""

import logging
import socket
import sys
from typing import Any, Final

from uvicorn_worker import UvicornWorker

from app.config import settings
from app.logs import dict_config
from app.server.http_protocol import HttpProtocol
from app.server.processors import processors
from app.server.socket_protocol import SocketProtocol

MAX_WORKERS: Final = 4

LOGGERS: Final = dict_config(settings.LOG_LEVEL)["loggers"]

# Whatever a client sends is small: the longest message is a token.
SOCKET_MESSAGE_BYTES: Final = 16 * 1024

# What the kernel keeps for a client that does not read (it doubles the number), and for how long. The time is shorter
# than a worker's stop, so that such a client can't hold the worker up.
SEND_BUFFER_BYTES: Final = 64 * 1024
SEND_TIMEOUT_MILLISECONDS: Final = 15_000

# Connections that a worker takes at each turn of its event loop.
ACCEPTED_AT_ONCE: Final = 16

# Keyword arguments of `uvicorn.Config`. The times are seconds.
UVICORN_SETTINGS: Final[dict[str, Any]] = {
    "loop": "uvloop",
    "http": HttpProtocol,
    "ws": SocketProtocol,
    "ws_max_size": SOCKET_MESSAGE_BYTES,
    # The messages are short, and a compressor for each socket costs more memory than the socket.
    "ws_per_message_deflate": False,
    "ws_ping_interval": 20,
    "ws_ping_timeout": 20,
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,  # app/server/forwarded.py reads them
    "forwarded_allow_ips": settings.FORWARDED_ALLOW_IPS,
    # Longer than proxies keep an idle connection (nginx 60 s, Caddy 120 s): the first to close it must be the proxy, or
    # it sends a request into a connection that is just closing.
    "timeout_keep_alive": 130,
    # Shorter than gunicorn's `graceful_timeout`, so that the lifespan's end still runs.
    "timeout_graceful_shutdown": 20,
}


def worker_count() -> int:
    """Return how many workers serve where `WEB_CONCURRENCY` does not say: one a processor, at most 4."""
    return min(processors(), MAX_WORKERS)


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


class Worker(UvicornWorker):
    """gunicorn's worker: uvicorn with the board's settings, its log lines going where all others go.

    `uvicorn_worker` itself passes on neither the time to stop nor any setting of WebSockets.
    """

    CONFIG_KWARGS: dict[str, Any] = UVICORN_SETTINGS
    sockets: list[Any]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        # The parent class ties uvicorn's loggers to gunicorn's handlers and level. Handlers it has none here: the root
        # logger has. The level at DEBUG would be one that shows tokens.
        for name in ("uvicorn.error", "uvicorn.access"):
            logger = logging.getLogger(name)
            logger.propagate = True
            logger.setLevel(LOGGERS[name]["level"])

    def init_process(self) -> None:
        """Listen several times over, and then work as any worker does."""
        self.sockets = [again for listener in self.sockets for again in times_over(listener.sock)]
        super().init_process()
