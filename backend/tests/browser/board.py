"""The board that browsers look at: gunicorn with the shipped settings and two workers, on a PostgreSQL of its own."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.config import settings
from app.migrations.upgrade import upgrade
from app.services.demo import filling
from app.services.feed import follower
from app.services.identity import access_tokens
from app.services.identity import secrets as board_secrets
from tests import subprocesses
from tests.deployed import Replica
from tests.faults.cluster import Cluster, OnCluster
from tests.faults.stand import CLEAR
from tests.personas import PASSWORD, password_hash
from tests.processes import free_port
from tests.proxy import ProxyProcess

WORKERS: Final = 2
READY_WITHIN: Final = 180.0  # seconds

NEW_MEMBER: Final = """
    INSERT INTO users (username, display_name, password_hash, role, founder, time_zone)
    VALUES ($1, $2, $3, $4, $5, 'UTC') RETURNING id
"""
NEW_SESSION: Final = "INSERT INTO sessions (user_id, expires_at) VALUES ($1, now() + interval '1 day') RETURNING id"


@dataclass
class Member:
    """Somebody with an account, who also posts from elsewhere than from a browser."""

    board: "Board"
    username: str
    display_name: str
    token: str
    password: str = PASSWORD

    def client(self) -> httpx.AsyncClient:
        """Return a client that is logged in, past the path that tests cut."""
        return self.board.replica.client(self.token)

    async def post(self, message: str, category: str = "in-progress") -> dict:
        """Post a status and return it."""
        async with self.client() as client:
            response = await client.post("/statuses", json={"message": message, "category": category})
        assert response.status_code == 201, response.text
        return response.json()

    async def post_many(self, count: int, text: str = "Status {n}") -> None:
        """Post so many statuses in their order."""
        async with self.client() as client:
            for n in range(1, count + 1):
                response = await client.post("/statuses", json={"message": text.format(n=n)})
                assert response.status_code == 201, response.text


class Board(OnCluster):
    """The board, the path to it, and its database. Browsers come by the path, which tests can cut and freeze."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Cluster(folder / "postgres", "fsync=off")
        self.environment = {
            "DATABASE_URL": self.postgres.url(),
            "JWT_SECRET": settings.JWT_SECRET,
            "LOG_LEVEL": "INFO",
            "STAND_CHECK_EVERY": "1",  # seconds between two looks at the sessions behind the open sockets
        }
        self.replica = Replica(folder, "board", self.environment, workers=WORKERS)
        self.proxy = ProxyProcess(free_port(), self.replica.port)
        self.environment["PUBLIC_URL"] = self.replica.surroundings["PUBLIC_URL"] = self.url

    @property
    def url(self) -> str:
        """Where browsers find it. On this address browsers allow what they allow over https."""
        return f"http://127.0.0.1:{self.proxy.port}"

    async def clear(self) -> None:
        """Mend what the last test left, and empty the board."""
        self.proxy.mend()
        if not self.replica.is_started:
            await self.replica.start()
        await self.replica.until_ready(READY_WITHIN)
        await self.run(CLEAR)

    async def setup_link(self) -> str:
        """Return the address at which the first account is made."""
        ((board_id,),) = await self.query("SELECT id FROM board")
        return f"{self.url}/#setup={board_secrets.derive('setup', str(board_id))}"

    async def member(self, username: str, *, admin: bool = False, display_name: str | None = None) -> Member:
        """Make a member, as if long ago: no open board is told."""
        display_name = display_name or username.capitalize()
        role = "admin" if admin else "member"
        hashed = await password_hash()
        ((user_id,),) = await self.query(NEW_MEMBER, username, display_name, hashed, role, admin)
        ((session_id,),) = await self.query(NEW_SESSION, user_id)
        token = access_tokens.issue(user_id=user_id, session_id=session_id, now=datetime.now(UTC))
        return Member(self, username, display_name, token)

    async def imagine(self, name: str, *, title: str, state: str = "open", kind: str = "pull_request") -> None:
        """Have something on GitHub whose title and state are known; a worker would have asked for them."""
        place, _, number = name.partition("#")
        owner, _, repo = place.partition("/")
        await self.query(
            "INSERT INTO github_references (owner, repo, number, kind, title, state, due_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, now() + interval '1 year')",
            *(owner, repo, int(number), kind, title, state),
        )

    async def merge(self, name: str) -> None:
        """Have it merged or closed, and every open board told."""
        engine = database.create_engine(self.postgres.url())
        async with AsyncSession(engine, expire_on_commit=False) as db:
            await filling.end(db, name)
            await follower.notify(db)
        await engine.dispose()

    async def demo(self, *arguments: str) -> None:
        """Fill it with the demo's people; their password becomes that of everyone else in the tests."""
        async with subprocesses.running("demo", "--once", *arguments, **self.environment) as process:
            out, _ = await process.communicate()
        assert process.returncode == 0, out.decode()
        await self.query("UPDATE users SET password_hash = $1 WHERE username LIKE 'demo-%'", await password_hash())

    def demo_member(self, name: str) -> Member:
        """Return one of the demo's people, who has no token but a password."""
        return Member(self, f"demo-{name}", name.capitalize(), token=secrets.token_hex())


@asynccontextmanager
async def running() -> AsyncIterator[Board]:
    """Start a board, and stop it in the end."""
    folder = Path(tempfile.mkdtemp(prefix="statusboard-browser-", dir="/tmp"))
    board = Board(folder)
    board.postgres.create()
    board.postgres.start()
    try:
        await upgrade(board.postgres.url())
        await board.replica.start()
        yield board
    finally:
        await board.replica.stop()
        board.proxy.close()
        board.postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
