"""Ways to break the board, one for each thing that holds its promise. A fault's test must notice them.

Each is applied inside a worker that has loaded the app, by `tests/gunicorn_conf.py`; the app knows nothing of it. A
test names its mutations in its marker.
"""

import asyncio
import functools
import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

import jwt
from gunicorn.workers.base import Worker
from sqlalchemy import event, func, literal, text
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app import database, logs
from app.api.live import conversation, sockets
from app.api.routes import live as live_route
from app.services import transactions
from app.services.feed import follower
from app.services.feed import log as feed_log
from app.services.identity import attempts, callers, sessions
from app.services.statements import Statement
from app.services.statuses import catch_up, post_statements, posting

MUTATIONS: dict[str, Callable[[Worker], None]] = {}
NEVER = 1_000_000.0  # seconds


# What `counter_without_lock` is made of. Its tables are changed by the test.
PLAIN_APPEND: Final = Statement.of(
    text("""
    WITH head AS (SELECT nextval('feed_numbers') AS seq, left(gen_random_uuid()::text, 8) AS mark)
    INSERT INTO feed_events (seq, mark, kind, subject_id, payload)
    SELECT seq, mark, CAST(:kind AS text), CAST(:subject_id AS bigint), CAST(:payload AS text) FROM head
    """)
)
PLAIN_HEAD: Final = """head AS (
    SELECT nextval('feed_numbers') AS seq, left(gen_random_uuid()::text, 8) AS mark FROM status
)"""
PLAIN_TABLES: Final = """
    CREATE SEQUENCE feed_numbers;
    ALTER TABLE feed_head RENAME TO feed_head_with_lock;
    CREATE VIEW feed_head AS SELECT true AS one, seq, mark FROM feed_events ORDER BY seq DESC LIMIT 1;
"""
LOCKED_TABLES: Final = """
    DROP SEQUENCE feed_numbers;
    DROP VIEW feed_head;
    ALTER TABLE feed_head_with_lock RENAME TO feed_head;
"""


def mutation(apply: Callable[[Worker], None]) -> Callable[[Worker], None]:
    """Make the function known under its name."""
    MUTATIONS[apply.__name__] = apply
    return apply


@mutation
def counter_without_lock(_worker: Worker) -> None:
    """Events are numbered by a plain sequence, as an `id` column would be."""
    feed_log.APPEND = PLAIN_APPEND  # type: ignore[misc]
    post_statements.HEAD = PLAIN_HEAD  # type: ignore[misc]
    post_statements.insert.cache_clear()


@mutation
def no_poll(_worker: Worker) -> None:
    """The feed looks at the log when it is notified, and at no other time."""
    follower.POLL = NEVER  # type: ignore[misc]


@mutation
def no_catch_up(_worker: Worker) -> None:
    """A socket that comes back goes on at the head of the log."""

    async def send_nothing(*_: object) -> None:
        pass

    conversation.LiveSocket._send_missed = send_nothing  # type: ignore[method-assign]  # noqa: SLF001


@mutation
def no_reconnect(_worker: Worker) -> None:
    """The feed that has lost its connection does not open another."""
    follower.FIRST_RETRY = follower.LAST_RETRY = NEVER  # type: ignore[misc]
    sockets_feed = follower.LiveFeed.__init__

    @functools.wraps(sockets_feed)
    def begin(self: follower.LiveFeed, **options: Any) -> None:
        sockets_feed(self, **options)
        self._retry = NEVER

    follower.LiveFeed.__init__ = begin  # type: ignore[method-assign]


@mutation
def no_heartbeat(_worker: Worker) -> None:
    """The feed waits for the database as long as it takes."""
    follower.ANSWER_WITHIN = NEVER  # type: ignore[misc]
    follower.POLL = NEVER  # type: ignore[misc]


@mutation
def lazy_commit(_worker: Worker) -> None:
    """A 201 is given for what is not on the disk yet."""

    @event.listens_for(database.async_engine.sync_engine, "do_connect")
    def ask_for_it(_dialect: object, _record: object, _arguments: object, options: dict[str, Any]) -> None:
        options["server_settings"]["synchronous_commit"] = "off"


@mutation
def no_send_limit(worker: Worker) -> None:
    """A client that does not read is waited for, by the board and by the kernel."""
    conversation.SEND_WITHIN = NEVER  # type: ignore[misc]
    for listener in worker.sockets:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 0)


@mutation
def no_stop_limit(worker: Worker) -> None:
    """A worker that stops waits for such a client, too."""
    no_send_limit(worker)
    worker.config.timeout_graceful_shutdown = None  # type: ignore[attr-defined]


@mutation
def no_idempotency(_worker: Worker) -> None:
    """A key is accepted, and not looked at."""
    post = posting.post

    async def post_without_key(*, key: str | None = None, **what: Any) -> str:
        return await post(key=None, **what)

    posting.post = post_without_key


@mutation
def no_farewell(_worker: Worker) -> None:
    """A worker that stops drops its sockets without a word."""

    def shutdown(self: WebSocketsSansIOProtocol) -> None:
        self.stop_keepalive()
        self.transport.abort()

    WebSocketsSansIOProtocol.shutdown = shutdown  # type: ignore[method-assign]


@mutation
def torn_snapshot(_worker: Worker) -> None:
    """A snapshot and its position are read one after the other, not of one instant."""
    inner: Any = catch_up.begin
    catch_up.begin = transactions.transaction(inner.__wrapped__)


@mutation
def everyone_at_once(_worker: Worker) -> None:
    """As many sockets authenticate and read their beginning at once as there are."""
    sockets.MOST_STARTING = int(NEVER)  # type: ignore[misc]


class AnyMark(str):
    """A mark that equals every other."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, _other: object) -> bool:
        return True

    def __ne__(self, _other: object) -> bool:
        return False


@mutation
def no_marks(_worker: Worker) -> None:
    """A position is a number: whatever has the same is taken for the same event."""
    begin = feed_log.Position.__init__

    def begin_without_mark(self: feed_log.Position, seq: int, mark: str) -> None:
        begin(self, seq, AnyMark(mark))

    feed_log.Position.__init__ = begin_without_mark  # type: ignore[method-assign]


@mutation
def plain_protocol(worker: Worker) -> None:
    """Sockets are spoken to as uvicorn does by itself."""
    worker.config.ws = WebSocketsSansIOProtocol  # type: ignore[attr-defined]


@mutation
def no_message_limit(worker: Worker) -> None:
    """A message may be as long as its sender likes."""
    worker.config.ws_max_size = None  # type: ignore[attr-defined]


@mutation
def patient_pool(_worker: Worker) -> None:
    """A connection is waited for as long as it takes."""
    database.PATIENCE = NEVER  # type: ignore[misc]
    database.async_engine.sync_engine.pool._timeout = NEVER  # type: ignore[attr-defined]  # noqa: SLF001


@mutation
def patient_writers(_worker: Worker) -> None:
    """A lock is waited for as long as it takes, or until PostgreSQL ends the statement."""
    database.PATIENCE = NEVER  # type: ignore[misc]

    @event.listens_for(database.async_engine.sync_engine, "do_connect")
    def ask_for_it(_dialect: object, _record: object, _arguments: object, options: dict[str, Any]) -> None:
        options["server_settings"]["lock_timeout"] = "0"


@mutation
def no_grace(_worker: Worker) -> None:
    """A refresh token that comes twice has been stolen, however soon."""
    sessions.REUSE_ALLOWED = timedelta(0)  # type: ignore[misc]


@mutation
def no_replay_check(_worker: Worker) -> None:
    """A refresh token can be used again at any time."""
    sessions.REUSE_ALLOWED = timedelta(days=1)  # type: ignore[misc]


@mutation
def no_successor_check(_worker: Worker) -> None:
    """A refresh token gets its successor again although somebody has refreshed with that."""
    sessions._is_used = lambda _token: False  # noqa: SLF001


@mutation
def no_credential_check(_worker: Worker) -> None:
    """A socket, once open, is nobody's any more."""
    sockets.CHECK_EVERY = NEVER  # type: ignore[misc]


@mutation
def no_queue_of_attempts(_worker: Worker) -> None:
    """Attempts are counted and noted in two steps, between which others come."""
    count = attempts._refuse_too_many  # noqa: SLF001

    async def count_and_wait(*arguments: Any, **options: Any) -> None:
        await count(*arguments, **options)
        await asyncio.sleep(0.2)

    attempts._refuse_too_many = count_and_wait  # noqa: SLF001

    class Functions:
        def hashtextextended(self, *_: object) -> object:
            return func.hashtextextended(secrets.token_hex(8), 0)

        def __getattr__(self, name: str) -> object:
            return getattr(func, name)

    attempts.func = Functions()  # type: ignore[assignment]


@mutation
def wide_limits(_worker: Worker) -> None:
    """Everyone may try as often as they like."""
    attempts.BY_NAME = attempts.BY_ADDRESS = (10**6, timedelta(hours=1))  # type: ignore[misc]


@mutation
def full_disk_unknown(_worker: Worker) -> None:
    """That a disk is full is an error like any other."""
    transactions.UNAVAILABLE_CLASSES = {"08", "57"}  # type: ignore[misc]


@mutation
def own_clock(_worker: Worker) -> None:
    """Each worker reckons the hours that a snapshot reaches back from its own clock."""
    catch_up.func = SimpleNamespace(now=lambda: literal(datetime.now(UTC)))  # type: ignore[assignment]


@mutation
def any_algorithm(_worker: Worker) -> None:
    """A token says itself how it is signed."""
    decode = jwt.decode

    def lenient(token: str, *arguments: Any, **options: Any) -> Any:
        return decode(token, *arguments, **options | {"algorithms": ["HS256", "HS384", "HS512"]})

    jwt.decode = lenient


@mutation
def any_origin(_worker: Worker) -> None:
    """Every page may open a socket."""
    live_route.refuse_foreign = lambda _: None


@mutation
def no_token_end(_worker: Worker) -> None:
    """A token is looked at when it is shown, and never again."""
    authenticate = callers.authenticate

    async def for_ever(*arguments: Any) -> callers.Caller:
        return replace(await authenticate(*arguments), remaining=None)

    callers.authenticate = for_ever


@mutation
def patient_with_silence(_worker: Worker) -> None:
    """Who opens a socket may take as long as they like to say who they are."""
    conversation.AUTH_WITHIN = NEVER  # type: ignore[misc]


@mutation
def frames_in_log(_worker: Worker) -> None:
    """Whoever asks for DEBUG gets all that the servers have to say."""
    logging.getLogger("uvicorn.error").setLevel(logging.DEBUG)


@mutation
def queries_in_log(_worker: Worker) -> None:
    """Uvicorn's own lines about sockets are written, too."""
    logs.SOCKET_LINES = ()  # type: ignore[misc]
