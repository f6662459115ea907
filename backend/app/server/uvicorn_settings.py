"""uvicorn's settings, which gunicorn's workers and `statusboard up` share."""

from typing import Any, Final

from app.config import settings
from app.server.http_protocol import HttpProtocol
from app.server.socket_protocol import SocketProtocol

# Whatever a client sends is small: the longest message is a token.
SOCKET_MESSAGE_BYTES: Final = 16 * 1024

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
