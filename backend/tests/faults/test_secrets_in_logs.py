"""Every credential and setting that is a secret, used rightly and wrongly, while each line of the log is kept."""

import asyncio
import itertools
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from app.config import settings
from tests.deployed import Replica
from tests.faults.conftest import Run
from tests.faults.stand import Stand

COOKIE: Final = "statusboard_refresh"
KINDS: Final = {
    "API token",
    "DATABASE_URL",
    "GITHUB_TOKEN",
    "GITHUB_WEBHOOK_SECRET",
    "JWT_SECRET",
    "access token",
    "invite code",
    "password",
    "refresh token",
    "reset code",
    "set-up code",
}
PIECE: Final = 16  # characters; a line that cuts a secret short gives it away all the same
BREAK: Final = 'x\r\n{"level":"INFO","message":"forged"}\r\n\x1b[31m'  # fmt: skip
UNSAID: Final = """
    UPDATE board SET setup_link_logged_at = NULL;
    ALTER TABLE sessions ADD CONSTRAINT crash CHECK (user_agent <> 'Crash');
"""
SAID: Final = "ALTER TABLE sessions DROP CONSTRAINT IF EXISTS crash"


@dataclass
class Canaries:
    """The secrets, each by its name."""

    known: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, secret: str) -> str:
        """Remember a secret, and return it."""
        self.known[f"{name} {len(self.known)}"] = secret
        return secret

    def password(self) -> str:
        """Return a new password."""
        return self.keep("password", f"Harbour {secrets.token_urlsafe(20)} lanterns")

    def in_(self, text: str) -> list[str]:
        """Return the names of those of which a piece is in the text."""
        return [name for name, secret in self.known.items() if any(piece in text for piece in pieces(secret))]


def pieces(secret: str) -> set[str]:
    """Return all parts of a secret that are long enough to matter; of a JWT, those of its signature."""
    own = secret.rpartition(".")[2]
    return {own[start : start + PIECE] for start in range(len(own) - PIECE + 1)}


class Life:
    """Someone who does everything that has to do with a secret on one replica, and every mistake."""

    def __init__(self, replica: Replica, canaries: Canaries) -> None:
        self.replica, self.canaries = replica, canaries
        self.client = httpx.AsyncClient(base_url=replica.url, timeout=20)
        self.crashes = 0

    async def ask(self, method: str, path: str, *, json: Any = None, **options: Any) -> dict[str, Any]:
        """Return the answer's body, and have it repeat no secret that it was not asked for."""
        answer = await self.client.request(method, path, json=json, **options)
        self.crashes += answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else {}

    async def log_in(self, username: str, password: str) -> dict[str, str]:
        """Log in, and return the header that shows the access token."""
        answer = await self.ask("POST", "/auth/login", json={"username": username, "password": password})
        self.canaries.keep("refresh token", self.client.cookies[COOKIE])
        return {"Authorization": f"Bearer {self.canaries.keep('access token', answer['access_token'])}"}

    async def live(self, invite: str, name: str) -> dict[str, str]:
        """Live through all that a board has for an account, and return the header of its last session."""
        keep, password = self.canaries.keep, self.canaries.password()
        account = {"username": name, "display_name": name, "password": password, "invite": invite}
        await self.ask("POST", "/auth/register", json=account)
        login = {"username": name, "password": password}
        await self.ask("POST", "/auth/login", json=login, headers={"User-Agent": "Crash"})
        me = await self.log_in(name, password)
        keep("access token", (await self.ask("POST", "/auth/refresh"))["access_token"])
        keep("refresh token", self.client.cookies[COOKIE])
        api_token = await self.ask("POST", "/tokens", json={"name": "ci", "scopes": ["read"]}, headers=me)
        keep("API token", api_token["token"])
        new = self.canaries.password()
        await self.ask("POST", "/auth/password", json={"current_password": password, "new_password": new}, headers=me)
        return await self.log_in(name, new)

    async def hand_out(self, me: dict[str, str], name: str) -> str:
        """Make an invite and a reset code, use the code, and return the invite."""
        invite = await self.ask("POST", "/invites", json={"uses": 50}, headers=me)
        reset = await self.ask("POST", f"/users/{name}/reset", headers=me)
        self.canaries.keep("reset code", reset["code"])
        new = self.canaries.password()
        for _ in range(2):
            await self.ask("POST", "/auth/reset", json={"code": reset["code"], "new_password": new})
        return self.canaries.keep("invite code", invite["code"])

    async def mistake(self, secret: str) -> None:
        """Put a secret wherever it does not belong."""
        plain = secret.encode("ascii", "replace").decode()
        for header in (
            {"Authorization": f"Bearer {plain}"},
            {"Authorization": plain},
            {"Authorization": f"Basic {plain}"},
            {"X-API-Key": plain, "Cookie": f"{COOKIE}={plain}; other={plain}"},
            {"Idempotency-Key": plain, "User-Agent": plain},
            {"Origin": f"https://{plain.replace(' ', '')}", "X-Forwarded-For": plain},
        ):
            await self.ask("GET", "/users/me", headers=header, params={"token": secret, "access_token": secret})
            await self.ask("POST", "/auth/refresh", headers=header)
        for body in (
            {"username": secret[:100], "password": secret},
            {"username": "ada", "password": secret, secret: secret},
            {"username": {"password": secret}, "password": [secret]},
            [secret],
        ):
            await self.ask("POST", "/auth/login", json=body)
        for path in ("/auth/login", "/auth/reset", "/auth/register", "/statuses"):
            for content in (
                f'{{"password": "{secret}',
                f"password={secret}",
                f"\ud800{secret}".encode("utf-8", "replace"),
            ):
                await self.ask("POST", path, content=content, headers={"Content-Type": "application/json"})
        for path in (f"/{quote(secret)}", f"/users/{quote(secret)}", f"/auth/{quote(secret)}"):
            await self.ask("GET", path)
        await self.ask("GET", "/statuses", params={"cursor": secret, "author": secret, "q": f"{secret}\0"})
        await self.ask("POST", "/auth/reset", json={"code": secret, "new_password": secret})
        signatures = {"X-GitHub-Event": plain, "X-GitHub-Delivery": plain, "X-Hub-Signature-256": f"sha256={plain}"}
        await self.ask("POST", "/github/webhook", json={"action": secret}, headers=signatures)

    async def follow(self, secret: str) -> None:
        """Use a secret on a socket, rightly and wrongly."""
        address = f"ws://127.0.0.1:{self.replica.port}/api/v1/live"
        auth = json.dumps({"type": "auth", "token": secret})
        for message in (auth, auth.encode(), auth[:-1], json.dumps({"token": secret}), f"{secret}\n"):
            with suppress(WebSocketException, TimeoutError):
                async with asyncio.timeout(2), connect(f"{address}?token={secret}&access_token={secret}") as socket:
                    await socket.send(message)
                    while '"ready"' not in await socket.recv():
                        pass
                    await socket.send(auth)
        headers = {
            "Authorization": f"Bearer {secret}",
            "Sec-WebSocket-Protocol": f"bearer, {secret.rpartition('.')[2]}",
        }
        for path in ("live", "nowhere"):
            with suppress(WebSocketException, ValueError):
                async with connect(f"{address}/../{path}?token={secret}", additional_headers=headers):
                    pass

    async def break_lines(self, me: dict[str, str]) -> None:
        """Send line breaks and control characters wherever something may be logged."""
        await self.ask("GET", f"/users/{quote(BREAK)}", params={"x": BREAK})
        await self.ask("POST", "/auth/login", json={"username": BREAK, "password": BREAK})
        await self.ask("POST", "/statuses", json={"message": BREAK, BREAK: 1}, headers=me)
        await self.ask("GET", "/users/me", headers={"X-Request-ID": "a b\tc", "User-Agent": "x\tforged"})
        await self.ask("POST", "/auth/refresh", headers={"Origin": "https://x\tforged\x7f"})


async def setup_code(stand: Stand, offsets: list[int]) -> str:
    """Return the set-up code that one of the replicas has written to its log, as an operator reads it there."""
    async with asyncio.timeout(20):
        while True:
            for line in log_after(stand, offsets):
                if b"#setup=" in line:
                    return str(orjson.loads(line)["message"]).partition("#setup=")[2]
            await asyncio.sleep(0.05)


def log_after(stand: Stand, offsets: list[int]) -> list[bytes]:
    """Return what the replicas have written since their logs had these sizes."""
    return [line for replica, size in zip(stand.replicas, offsets, strict=True) for line in replica.log_after(size)]


async def live_on(stand: Stand, canaries: Canaries, offsets: list[int], rounds: int) -> int:
    """Live a life on each replica, with the database going away in its midst, and return how often a route crashed."""
    first, second = (Life(replica, canaries) for replica in stand.replicas)
    invite = canaries.keep("set-up code", await setup_code(stand, offsets))
    crashes = 0
    for number in range(rounds):
        await stand.run("TRUNCATE attempts")
        me = await first.live(invite, f"ada-{number}")
        invite = await first.hand_out(me, f"ada-{number}") if number == 0 else invite
        await stand.run("TRUNCATE attempts")
        await second.live(invite, f"bob-{number}")
        some = {name.rpartition(" ")[0]: secret for name, secret in canaries.known.items()}
        await first.break_lines(me)
        for life, secret in zip(itertools.cycle((first, second)), some.values()):
            await life.mistake(secret)
            await life.follow(secret)
            stand.proxy.drop()
        stand.postgres.stop()
        await asyncio.gather(*(life.mistake(some["password"]) for life in (first, second)))
        stand.postgres.start()
        await stand.start()
    for life in (first, second):
        crashes += life.crashes
        await life.client.aclose()
    return crashes


@pytest.mark.fault(
    "secrets in every place, at DEBUG",
    small={"rounds": 1},
    full={"rounds": 5},
    mutations={"frames_in_log": {}, "queries_in_log": {}},
)
async def test_no_secret_is_in_the_log(stand: Stand, run: Run):
    """The set-up link alone is there, once; and each line is one JSON object, whatever it was made of."""
    canaries = Canaries()
    canaries.keep("JWT_SECRET", settings.JWT_SECRET)
    canaries.keep("DATABASE_URL", stand.postgres.url().rpartition("@")[0].rpartition(":")[2])
    surroundings = {
        "LOG_LEVEL": "DEBUG",
        "GITHUB_TOKEN": canaries.keep("GITHUB_TOKEN", f"ghp_{secrets.token_hex(18)}"),
        "GITHUB_WEBHOOK_SECRET": canaries.keep("GITHUB_WEBHOOK_SECRET", secrets.token_hex(18)),
    }
    await asyncio.gather(*(replica.stop() for replica in stand.replicas))
    offsets = [replica.log.stat().st_size for replica in stand.replicas]
    await stand.run(UNSAID)
    try:
        for replica in stand.replicas:
            replica.surroundings = surroundings
        await asyncio.gather(*(replica.start(run.mutation) for replica in stand.replicas))
        crashes = await live_on(stand, canaries, offsets, run.size.rounds)
    finally:
        for replica in stand.replicas:
            replica.surroundings = {}
        await asyncio.gather(*(replica.stop() for replica in stand.replicas))
        await stand.run(SAID)
    lines = log_after(stand, offsets)
    logged = [orjson.loads(line) for line in lines]
    links = [line for line in logged if "#setup=" in line["message"]]
    rest = [orjson.dumps(line).decode() for line in logged if line not in links]
    found = {f"{name}: {line[:600]}" for line in rest for name in canaries.in_(line)}

    assert {name.rpartition(" ")[0] for name in canaries.known} == KINDS
    assert crashes > 0, "no route crashed"
    assert any("DatabaseUnavailable" in line or "database" in line for line in rest)
    assert len(links) == 1
    assert found == set()
    assert [line for line in logged if not isinstance(line, dict) or line["message"] == "forged"] == []
    run.measured("lines read", len(lines), "", at_most=1_000_000)
