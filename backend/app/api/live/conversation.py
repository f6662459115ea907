"""One socket of the live feed: the conversation described in `docs/api.md`, from accept to close."""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import takewhile
from typing import Final

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.api.errors import MALFORMED, RESTART, TOO_SLOW, TRY_AGAIN_LATER, UNAUTHENTICATED, close_code
from app.api.live.connection import CONNECTION, Connection, frame_of
from app.api.live.sockets import Sockets
from app.database import AsyncSessionLocal
from app.errors import BoardError, InsufficientScope
from app.schemas.live import AuthMessage
from app.schemas.tokens import TokenScope
from app.services.feed.events import Event
from app.services.feed.log import Position
from app.services.identity import callers
from app.services.statuses import catch_up
from app.services.statuses.catch_up import Beginning

AUTH_WITHIN: Final = 5.0  # seconds from the handshake to the first message
SEND_WITHIN: Final = 15.0  # seconds for the client to read what it was sent
GOODBYE_WITHIN: Final = 1.0  # seconds for a close frame, because the client may not be reading
LONGEST_REASON: Final = 120  # bytes; a close frame can have 123 (RFC 6455, section 5.5)


class Closing(Exception):
    """The conversation ends with this code, for this reason."""


def _opening(first: AuthMessage, beginning: Beginning) -> tuple[deque[bytes], Position | None, Position]:
    """Return a socket's first messages, the position after which it continues, and the log's head.

    The last message is `ready`. The missed events belong before it.
    """
    head = beginning.head
    at = b'"seq":%d,"position":"%b"' % (head.seq, str(head).encode())
    messages = deque([b'{"type":"hello",%b}' % at])
    if beginning.after is None:
        if first.after is not None:
            messages.append(b'{"type":"reset"}')
        truncated = b',"truncated":true' if beginning.is_truncated else b""
        messages.append(b'{"type":"snapshot",%b%b,"statuses":%b}' % (at, truncated, beginning.statuses))
    messages.append(b'{"type":"ready",%b}' % at)
    return messages, beginning.after, head


class LiveSocket:
    """A client that follows the board: one reader, one sender, and a cursor on the log.

    Once it has every event, its connection joins `Sockets.caught_up`, until the client stops reading.
    """

    def __init__(self, websocket: WebSocket, sockets: Sockets) -> None:
        self._websocket = websocket
        self._sockets = sockets
        self._ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_let_in = asyncio.Event()
        self._expiry: asyncio.TimerHandle | None = None
        # None with a server other than the board's own, as in tests.
        extensions = websocket.scope.get("extensions", {})
        self._connection: Connection | None = extensions.get(CONNECTION, {}).get("protocol")

    def end(self, code: int, reason: str) -> None:
        """Close the socket, as soon as the conversation notices."""
        if not self._ending.done():
            self._ending.set_exception(Closing(code, reason))

    async def run(self) -> None:
        """Hold the conversation until one side ends it."""
        await self._websocket.accept()
        if not self._sockets.has_room():
            await self._close(TRY_AGAIN_LATER, "This server has no room for another socket. Try again later.")
            return
        self._sockets.start()
        self._sockets.open.add(self)
        try:
            await self._converse()
        except Closing as closing:
            await self._close(*closing.args)
        except BoardError as error:
            await self._close(close_code(error), error.text)
        except WebSocketDisconnect:
            pass
        finally:
            self._sockets.let_go(self)
            if self._expiry is not None:
                self._expiry.cancel()
            self._ending.cancel()

    async def _converse(self) -> None:
        self._sockets.silent += 1
        try:
            async with asyncio.timeout(AUTH_WITHIN):
                first = await self._receive()
        except TimeoutError:
            raise Closing(UNAUTHENTICATED, "No token arrived within 5 seconds.") from None
        finally:
            self._sockets.silent -= 1
        reading = asyncio.ensure_future(self._read())
        sending = asyncio.ensure_future(self._follow(first))
        parts: list[asyncio.Future[None]] = [self._ending, reading, sending]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            reading.cancel()
            sending.cancel()
            await asyncio.gather(reading, sending, return_exceptions=True)

    async def _receive(self) -> AuthMessage:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            return AuthMessage.model_validate_json(message.get("text") or "")
        except ValidationError as error:
            raise Closing(MALFORMED, "Only messages of the type auth are accepted.") from error

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            await self._is_let_in.wait()  # if the client sends two tokens, the later one counts
            async with self._sockets.starting:
                await self._authenticate(message.token)

    async def _authenticate(self, token: str) -> None:
        caller = await callers.authenticate(token)
        if TokenScope.READ not in caller.scopes:
            raise InsufficientScope
        if not self._sockets.give(self, caller.credential):
            raise Closing(TRY_AGAIN_LATER, "You have too many open sockets. Close one, or try again later.")
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if caller.remaining is not None:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(caller.remaining, self.end, UNAUTHENTICATED, "The token has expired.")

    async def _send(self, message: bytes) -> None:
        try:
            async with asyncio.timeout(SEND_WITHIN):
                if self._connection is None:
                    await self._websocket.send_text(message.decode())
                else:
                    await self._connection.send_frame(frame_of(message))
        except TimeoutError:
            raise Closing(TOO_SLOW, "The client reads too slowly.") from None
        except OSError as error:
            raise WebSocketDisconnect(1006) from error

    async def _catch_up(self, first: AuthMessage) -> Position:
        messages, after, head = _opening(first, await self._begin(first))
        with self._sockets.taking(self, sum(map(len, messages))):
            while len(messages) > 1:
                await self._send(messages.popleft())
            if after is not None:
                await self._send_missed(after, head)
            await self._send(messages.popleft())
        return head

    async def _begin(self, first: AuthMessage) -> Beginning:
        async with self._sockets.starting:
            await self._authenticate(first.token)
            self._is_let_in.set()
            after = None if first.after is None else Position.parse(first.after)
            async with AsyncSessionLocal() as db:
                return await catch_up.begin(db, after=after)

    async def _send_missed(self, after: Position, head: Position) -> None:
        """Send the events between two positions, with only few of them in memory at a time."""
        cursor = after.seq
        while cursor < head.seq:
            begun_at = cursor
            for event in await self._next_missed(cursor, head):
                if event.position.seq != cursor + 1:
                    break
                await self._send(event.message)
                cursor += 1
            if cursor == begun_at:
                raise Closing(RESTART, "The log has changed in the meantime. Connect again.")

    async def _next_missed(self, after: int, head: Position) -> Iterable[Event]:
        """Return the next ones: from memory if all are there, else from the database."""
        ring = self._sockets.feed.ring
        if ring is not None and ring.covers(after) and ring.last.seq >= head.seq and not ring.contradicts(head):
            return takewhile(lambda event: event.position.seq <= head.seq, ring.since(after))
        async with self._sockets.starting, AsyncSessionLocal() as db:
            return await catch_up.read_events(db, after=after, up_to=head.seq)

    async def _follow(self, first: AuthMessage) -> None:
        position = await self._catch_up(first)
        feed = self._sockets.feed
        while True:
            ring = feed.ring
            if self._connection is not None and ring is not None and ring.last == position:
                position = await self._sockets.caught_up.stay(self._connection, position)
            ring = await feed.wait_beyond(position.seq)
            if not ring.covers(position.seq):
                raise Closing(TOO_SLOW, "Too far behind. Connect again with your last position.")
            if ring.contradicts(position):
                raise Closing(RESTART, "The board was restored from a backup. Connect again.")
            for event in ring.since(position.seq):
                await self._send(event.message)
                position = event.position

    async def _close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            try:
                async with asyncio.timeout(GOODBYE_WITHIN):
                    await self._websocket.close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))
            except TimeoutError:
                # A client that doesn't read can't get a close frame, and the server would keep its unread data.
                if self._connection is not None:
                    self._connection.abort()
