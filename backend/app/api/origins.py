"""Which pages may use a visitor's cookies or open a socket: the board's own, and those in CORS_ORIGINS."""

import logging
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from app.config import settings
from app.errors import ForeignOrigin

log = logging.getLogger(__name__)

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def _place(url: str) -> tuple[str, int | None] | None:
    try:
        parts = urlsplit(url)
        return (parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)) if parts.hostname else None
    except ValueError:
        return None


def refuse_foreign(connection: HTTPConnection) -> None:
    """Accept the board's own pages, those in CORS_ORIGINS, and clients without an Origin, which aren't browsers.

    The board's own host is the one in `Host`. If `Host` has no port, the port is that of the origin's scheme, because a
    proxy that handles TLS may not report the scheme. `PUBLIC_URL` is always the board's own.

    Raises:
        ForeignOrigin: the page belongs to another site. The text names both origins and what would allow it.
    """
    origin = connection.headers.get("origin")
    if origin is None or origin in settings.cors_origins_list or origin == settings.PUBLIC_URL:
        return
    scheme = origin.partition("://")[0] if origin.startswith(("http://", "https://")) else ""
    host = connection.headers.get("host", "")
    if scheme and _place(origin) == _place(f"{scheme}://{host}") is not None:
        return
    message = (
        f"A page at {origin[:200]!r} can't use this board, which is at {settings.PUBLIC_URL!r} (here: {host[:200]!r}). "
        "If that page is yours, set PUBLIC_URL to its address, or add the address to CORS_ORIGINS."
    )
    # The answer names the origin, but the log doesn't: a client may send anything there, such as a token.
    log.warning(
        "Refused a page whose address isn't %s. The answer to it names the address. If it is yours, set PUBLIC_URL to "
        "it, or add it to CORS_ORIGINS.",
        settings.PUBLIC_URL,
    )
    raise ForeignOrigin(message)
