"""Answers of the API travel compressed to whoever takes it, as `benchmarks/compression.py` says that they should.

What is said on a board resembles itself: a page of statuses shrinks to an eighth in a few hundredths of a millisecond.
Nothing secret is in an answer of that size, so its length gives nothing away. The page's own files are compressed ahead
of time, and better: see page.py.
"""

import re
import zlib
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Receive, Scope, Send

# Shorter ones fit one packet as they are.
SMALLEST: Final = 1000  # bytes
# The fastest: the slower ones save a tenth of a KB more of a page.
LEVEL: Final = 1

# What is compressed already, or not by us.
EXCLUDED: Final = ("text/*", "image/*")

# A weight of nothing refuses a coding.
ACCEPTED: Final = {
    coding: re.compile(rf"(?i)(?<![\w-]){coding}(?![\w-])(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
    for coding in ("br", "gzip")
}


def accepts(header: str, coding: str) -> bool:
    """Tell whether a client takes what is compressed by this coding, by its Accept-Encoding."""
    return ACCEPTED[coding].search(header) is not None


def compress(body: bytes) -> bytes:
    """Return an answer's body by gzip, as the middleware does."""
    return zlib.compress(body, LEVEL, 16 + zlib.MAX_WBITS)


class CompressionMiddleware:
    """Starlette's compression, for who takes gzip: its own middleware would also send it to who refuses it (`q=0`)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif accepts(Headers(scope=scope).get("accept-encoding", ""), "gzip"):
            await GZipResponder(self.app, SMALLEST, LEVEL, exclude_content_types=EXCLUDED)(scope, receive, send)
        else:
            await IdentityResponder(self.app, SMALLEST, exclude_content_types=EXCLUDED)(scope, receive, send)
