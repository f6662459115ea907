"""uvicorn's settings, shared by gunicorn's workers and `statusboard up`."""

from typing import Any, Final

from app.config import settings
from app.server.http_protocol import HttpProtocol
from app.server.socket_protocol import SocketProtocol

# Everything that clients send is small. The longest message is a token.
SOCKET_MESSAGE_BYTES: Final = 16 * 1024

# Keyword arguments of `uvicorn.Config`. Times are in seconds.
UVICORN_SETTINGS: Final[dict[str, Any]] = {
    "loop": "uvloop",
    "http": HttpProtocol,
    "ws": SocketProtocol,
    "ws_max_size": SOCKET_MESSAGE_BYTES,
    # Messages are short, and a compressor for each socket would need more memory than the socket.
    "ws_per_message_deflate": False,
    "ws_ping_interval": 20,
    "ws_ping_timeout": 20,
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,  # app/server/forwarded.py reads these headers
    "forwarded_allow_ips": settings.FORWARDED_ALLOW_IPS,
    # Longer than proxies keep an idle connection (nginx 60 s, Caddy 120 s). The proxy must close first; otherwise it
    # may send a request into a connection that is just being closed.
    "timeout_keep_alive": 130,
    # Shorter than gunicorn's `graceful_timeout`, so that the end of the lifespan still runs.
    "timeout_graceful_shutdown": 20,
}
