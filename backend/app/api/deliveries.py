"""The bodies of webhooks' deliveries. Until all of one is there, it is a stranger's: its signature is of the whole."""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.errors import TooBusy

# As long as GitHub waits for its answer.
WITHIN: Final = 10.0  # seconds
# Of all bodies that are under way in this process. A delivery has mostly 10 to 30 KB, and at most 2 MiB.
MOST_BYTES: Final = 16 * 1024 * 1024


class Bodies:
    """Reads bodies, as long as there is room for them."""

    def __init__(self) -> None:
        self.held = 0  # bytes

    async def read(self, request: Request) -> bytes:
        """Return a request's body.

        Raises:
            TooBusy: the bodies that are under way leave no room for it.
            HTTPException: it did not come in time (408).
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
