"""The bodies of webhook deliveries. Their signature covers the whole body, so an incomplete one could be anybody's."""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.errors import TooBusy

# As long as GitHub waits for an answer.
WITHIN: Final = 10.0  # seconds
# For all bodies that this process is reading. Most deliveries have 10 to 30 KB, and none has more than 2 MiB.
MOST_BYTES: Final = 16 * 1024 * 1024


class Bodies:
    """Reads bodies, as long as there is memory for them."""

    def __init__(self) -> None:
        self.held = 0  # bytes

    async def read(self, request: Request) -> bytes:
        """Return a request's body.

        Raises:
            TooBusy: the other bodies leave no memory for it.
            HTTPException: it didn't arrive in time (408).
        """
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(WITHIN):
                async for part in request.stream():
                    if self.held + len(part) > MOST_BYTES:
                        raise TooBusy("Too many webhook deliveries are being read right now. Try again in a moment.")
                    self.held += len(part)
                    parts.append(part)
        except TimeoutError:
            raise HTTPException(408, "The delivery did not arrive in time.") from None
        finally:
            self.held -= sum(map(len, parts))
        return b"".join(parts)


bodies: Final = Bodies()
