"""Which pages may act with a visitor's cookies or open a socket: the board's own, and those that were named."""

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
    """Let the board's own pages and those in CORS_ORIGINS pass, and whatever is no browser and sends no Origin.

    The own host is the one in `Host`, with the port of the origin's scheme where `Host` names none: a proxy that
    ends TLS may not tell the scheme. `PUBLIC_URL` is always one's own.

    Raises:
        ForeignOrigin: the page is somebody else's; the message names both origins and what would allow it.
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
    # The answer names the origin. The log doesn't: a client may send anything there, such as a token.
    log.warning(
        "Refused a page whose address isn't %s. The answer to it names the address. If it is yours, set PUBLIC_URL to "
        "it, or add it to CORS_ORIGINS.",
        settings.PUBLIC_URL,
    )
    raise ForeignOrigin(message)
