"""One replica's clock is a minute off, either way."""

import json
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.services.identity.secrets import digest
from tests.deployed import Replica
from tests.faults.conftest import Run
from tests.faults.stand import Stand
from tests.faults.traffic import traffic
from tests.patience import LONG

# What the window of a snapshot, one hour, parts: one side is in it by the database's clock, and not by one that is a
# minute off, or the other way round.
WINDOW = """
    INSERT INTO statuses (author_id, message, category, created_at)
    SELECT id, note, 'done', now() - age::interval
    FROM (SELECT min(id) AS id FROM users),
        (VALUES ('within', '59 minutes 30 seconds'), ('before', '60 minutes 30 seconds')) AS notes (note, age)
"""
REFRESH_TOKEN = """
    INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES ($1, $2, now() + interval '1 day') RETURNING 1
"""


async def set_clock_off(replica: Replica, seconds: int, mutation: str) -> None:
    """Have a replica live so many seconds from now."""
    await replica.stop()
    replica.surroundings = {"STAND_CLOCK": str(seconds)}
    await replica.start(mutation)


async def offset(replica: Replica) -> float:
    """Return how far a replica's clock is off, in seconds, by what it writes into its answers."""
    async with httpx.AsyncClient(timeout=LONG) as client:
        told = parsedate_to_datetime((await client.get(f"{replica.url}/health")).headers["date"])
    return (told - datetime.now(UTC)).total_seconds()


async def beginning(replica: Replica, token: str) -> list[str]:
    """Return what the statuses of a fresh snapshot say; a replica that is just busy is asked again."""
    async for socket in connect(f"ws://127.0.0.1:{replica.port}/api/v1/live"):
        with suppress(ConnectionClosed):
            await socket.send(json.dumps({"type": "auth", "token": token}))
            while (message := json.loads(await socket.recv()))["type"] != "snapshot":
                pass
            return [status["message"] for status in message["statuses"]]
    raise AssertionError("unreachable: it is asked until it answers")


async def renew(stand: Stand, replica: Replica, session_id: int) -> str:
    """Return an access token that a replica has issued."""
    token = secrets.token_urlsafe(32)
    await stand.query(REFRESH_TOKEN, digest(token), session_id)
    async with httpx.AsyncClient(cookies={"statusboard_refresh": token}, timeout=LONG) as client:
        return str((await client.post(f"{replica.url}/auth/refresh")).raise_for_status().json()["access_token"])


async def is_good(replica: Replica, token: str) -> bool:
    """Ask a replica whether it takes a token."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=LONG) as client:
        return (await client.get(f"{replica.url}/users/me")).is_success


@pytest.mark.fault(
    "one replica's clock 60 s off, either way",
    small={"sockets": 10, "rate": 20, "seconds": 0.5},
    full={"sockets": 200, "rate": 50, "seconds": 10},
    mutations={"own_clock": {}},
)
async def test_the_databases_clock_is_the_boards(stand: Stand, run: Run):
    """Order, the window of a snapshot and the life of a token are the database's to tell, whoever asks it."""
    right, wrong = stand.replicas
    offsets, beginnings, tokens_are_good = [], [], []
    try:
        async with traffic(stand, sockets=run.size.sockets, rate=run.size.rate, pace=0.2) as board:
            (member,) = await stand.members(1)
            for seconds in (60, -60):
                await set_clock_off(wrong, seconds, run.mutation)
                offsets.append(await offset(wrong))
                tokens = [await renew(stand, replica, member.session_id) for replica in (right, wrong)]
                tokens_are_good += [await is_good(replica, token) for replica in (right, wrong) for token in tokens]
                await board.goes_on(run.size.seconds)
                await stand.query(WINDOW + "RETURNING 1")
                beginnings.append(await beginning(wrong, member.token))
                await stand.query("DELETE FROM statuses WHERE message IN ('within', 'before') RETURNING 1")
    finally:
        wrong.surroundings = {}
        await wrong.stop()

    assert offsets == [pytest.approx(60, abs=5), pytest.approx(-60, abs=5)]
    assert all(tokens_are_good)
    assert all("within" in said and "before" not in said for said in beginnings)
    run.is_exact(board.verdict)
