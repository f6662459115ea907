"""Compresses the API's answers for clients that accept it, as measured by `benchmarks/compression.py`.

Statuses resemble each other: a page of them shrinks to an eighth in a few hundredths of a millisecond. No answer of
that size contains a secret, so its length reveals nothing. The page's own files are compressed better, in advance: see
web_page.py.
"""

import re
import zlib
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Receive, Scope, Send

# Shorter answers fit into one packet uncompressed.
SMALLEST: Final = 1000  # bytes
# The fastest level. Slower ones make a page only a tenth of a KB smaller.
LEVEL: Final = 1

# Already compressed, or not ours.
EXCLUDED: Final = ("text/*", "image/*")

# A weight of 0 refuses a coding.
ACCEPTED: Final = {
    coding: re.compile(rf"(?i)(?<![\w-]){coding}(?![\w-])(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
    for coding in ("br", "gzip")
}


def accepts(header: str, coding: str) -> bool:
    """Tell whether a client accepts this coding, by its Accept-Encoding."""
    return ACCEPTED[coding].search(header) is not None


def compress(body: bytes) -> bytes:
    """Compress an answer's body with gzip, as the middleware does."""
    return zlib.compress(body, LEVEL, 16 + zlib.MAX_WBITS)


class CompressionMiddleware:
    """Starlette's compression, but only for clients that accept gzip: Starlette ignores that `q=0` refuses it."""

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
