"""The stand: a PostgreSQL, a path to it that can be cut, and replicas of the board, all of them real processes.

stand.postgres      cluster.Cluster: restart, freeze, copy, roll back
stand.proxy         proxy.ProxyProcess: cut, freeze, drop, mend
stand.replicas      deployed.Replica: pid, workers, start, stop
stand.query(sql)    asks PostgreSQL past the proxy
"""

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.config import settings
from app.migrations.upgrade import upgrade
from app.services.identity import access_tokens
from tests.deployed import Replica
from tests.faults.cluster import Cluster, OnCluster
from tests.processes import free_port
from tests.proxy import ProxyProcess

HERE: Final = Path(__file__).parent
REPLICAS: Final = 2
READY_WITHIN: Final = 180.0  # seconds, after whatever a test has done

# An empty board. It is another history than before, and whoever follows the log takes it for that.
CLEAR: Final = """
    TRUNCATE statuses, status_references, cleared_blockers, idempotency_keys, github_references, feed_events, sessions,
        refresh_tokens, api_tokens, invites, reset_codes, attempts, users;
    UPDATE feed_head SET seq = 0, mark = left(gen_random_uuid()::text, 8);
    INSERT INTO feed_events (seq, mark, kind, subject_id, payload)
        SELECT seq, mark, 'log.begun', 0, '{}' FROM feed_head;
    NOTIFY statusboard_feed;
"""

ACCOUNTS: Final = """
    INSERT INTO users (username, display_name, password_hash)
    SELECT 'member-' || n, 'Member ' || n, 'nobody logs in' FROM generate_series(1, 20) AS n ON CONFLICT DO NOTHING
"""
SESSIONS: Final = """
    INSERT INTO sessions (user_id, expires_at)
    SELECT id, now() + interval '1 day' FROM users, generate_series(0, $1 / 20) LIMIT $1 RETURNING user_id, id
"""


@dataclass
class Member:
    """Someone who is logged in: `token` is an access token."""

    user_id: int
    session_id: int
    token: str


class Stand(OnCluster):
    """Everything that a fault can be done to."""

    def __init__(
        self, folder: Path, postgres: Cluster, proxy: ProxyProcess, *, workers: int, check_every: float | None
    ) -> None:
        self.folder = folder
        self.postgres = postgres
        self.proxy = proxy
        self.mutation = ""
        environment = {
            "DATABASE_URL": postgres.url(proxy.port),
            "JWT_SECRET": settings.JWT_SECRET,
            "LOG_LEVEL": "INFO",
            # Some tests have thousands of sockets on their 20 accounts.
            "WS_MAX_SOCKETS_PER_MEMBER": "10000",
            "STAND_CHECK_EVERY": str(check_every or ""),
        }
        self.replicas = [Replica(folder, f"replica-{n}", environment, workers=workers) for n in range(REPLICAS)]

    @property
    def workers(self) -> list[int]:
        """The process ids of every worker of every replica."""
        return [pid for replica in self.replicas for pid in replica.workers]

    def any_replica(self) -> Replica:
        """Return whichever a balancer would choose, which knows nothing of their health."""
        return random.choice(self.replicas)

    async def prepare(self, mutation: str = "") -> None:
        """Mend what the last test left, with this mutation in every worker, and with an empty board."""
        self.proxy.mend()
        if mutation != self.mutation:
            await asyncio.gather(*(replica.stop() for replica in self.replicas))
            self.mutation = mutation
        await self.run(CLEAR)
        await self.start()

    async def start(self) -> None:
        """Start whichever replica does not run, and wait until all are ready."""
        await asyncio.gather(
            *(
                replica.until_ready(READY_WITHIN) if replica.is_started else replica.start(self.mutation)
                for replica in self.replicas
            )
        )

    def complaints(self) -> list[str]:
        """Return what the logs of all replicas tell of exceptions and errors, each once."""
        return sorted(set[str]().union(*(replica.complaints() for replica in self.replicas)))

    async def stop(self) -> None:
        """Stop everything."""
        await asyncio.gather(*(replica.stop() for replica in self.replicas))
        self.proxy.close()
        self.postgres.stop()

    async def members(self, count: int) -> list[Member]:
        """Log in so many at once, on 20 accounts, without a password's hash and without the limits on logins."""
        await self.run(ACCOUNTS)
        sessions = await self.query(SESSIONS, count)
        now = datetime.now(UTC)
        return [
            Member(user, session, access_tokens.issue(user_id=user, session_id=session, now=now))
            for user, session in sessions
        ]


@asynccontextmanager
async def running(*settings: str, workers: int, check_every: float | None = None) -> AsyncIterator[Stand]:
    """Start a stand with so many workers a replica and these settings of PostgreSQL; stop it in the end.

    `check_every` shortens the seconds between two looks at the sessions behind the open sockets.
    """
    folder = Path(tempfile.mkdtemp(prefix="statusboard-faults-", dir="/tmp"))
    cluster = Cluster(folder / "postgres", *settings)
    cluster.create()
    cluster.start()
    stand = Stand(folder, cluster, ProxyProcess(free_port(), cluster.port), workers=workers, check_every=check_every)
    try:
        await upgrade(cluster.url())
        await stand.start()
        yield stand
    finally:
        await stand.stop()
        shutil.rmtree(folder, ignore_errors=True)
