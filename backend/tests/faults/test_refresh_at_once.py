"""One refresh token used by many at once, and again by someone who should not have it."""

import asyncio
import time
from datetime import timedelta

import httpx
import orjson
import pytest

from app.api.cookies import PLAIN_NAME
from app.services.identity import secrets
from tests.faults.conftest import Run
from tests.faults.stand import Member, Stand
from tests.faults.traffic import traffic
from tests.faults.wire import Wire, open_wire

USES = 20
SESSION_ENDED = 4401
LATER = timedelta(minutes=5, seconds=1)
NEW = "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES ($1, $2, now() + interval '7 days')"
LET_PASS = "UPDATE refresh_tokens SET used_at = used_at - $1::interval WHERE hash = $2"
STATE = """
    SELECT ended_at IS NULL AS alive, (SELECT count(*) FROM refresh_tokens WHERE session_id = $1) AS tokens
    FROM sessions WHERE id = $1
"""


async def use(stand: Stand, client: httpx.AsyncClient, token: str) -> tuple[int, str | None]:
    """Refresh with a token, anywhere, and return the answer's status and the token that it gave.

    Who is told that the database has no time comes back, as a browser does.
    """
    async with asyncio.timeout(60):
        while True:
            url = f"{stand.any_replica().url}/auth/refresh"
            answer = await client.post(url, headers={"Cookie": f"{PLAIN_NAME}={token}"})
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(float(answer.headers["Retry-After"]))
    given = answer.cookies.get(PLAIN_NAME)
    client.cookies.clear()
    return answer.status_code, given


async def chain(stand: Stand, client: httpx.AsyncClient, token: str, rounds: int) -> list[str]:
    """Use a token many times at once, then its successor, and so on; return all of them."""
    tokens = [token]
    for _ in range(rounds):
        answers = set(await asyncio.gather(*(use(stand, client, tokens[-1]) for _ in range(USES))))
        assert len(answers) == 1, f"{USES} uses were answered in {len(answers)} ways: {answers}"
        ((status, successor),) = answers
        assert status == httpx.codes.OK
        assert successor is not None
        tokens.append(successor)
    return tokens


async def follow(stand: Stand, member: Member) -> list[Wire]:
    """Open a socket of the session on each replica."""
    wires = []
    for replica in stand.replicas:
        ready = asyncio.Event()
        wire = await open_wire(replica.port, lambda text, ready=ready: ready.set() if b'"ready"' in text else None)
        wire.send(orjson.dumps({"type": "auth", "token": member.token}))
        async with asyncio.timeout(10):
            await ready.wait()
        wires.append(wire)
    return wires


async def close_codes(wires: list[Wire], within: float) -> set[int | str | None]:
    """Wait for the sockets' ends, for so long at most."""
    await asyncio.wait([wire.closed for wire in wires], timeout=within)
    return {wire.closed.result() if wire.closed.done() else "still open" for wire in wires}


@pytest.mark.fault(
    "a refresh token used 20 times at once, and again later",
    small={"sockets": 10, "rate": 10, "rounds": 10, "closed_within": 10},
    full={"sockets": 50, "rounds": 100, "closed_within": 60},
    mutations={
        "no_grace": {},
        "no_replay_check": {},
        "no_successor_check": {},
        "no_credential_check": {"closed_within": 60},
    },
)
async def test_a_token_has_one_successor(stand: Stand, run: Run):
    """Whoever uses it at once gets the same; whoever uses it later ends the session, and its sockets.

    As does whoever uses one whose successor was used, however soon.
    """
    size = run.size
    async with traffic(stand, sockets=size.sockets, rate=size.rate) as board, httpx.AsyncClient(timeout=30) as client:
        member, other = await stand.members(2)
        first, others = secrets.new(), secrets.new()
        await stand.query(NEW, secrets.digest(first), member.session_id)
        await stand.query(NEW, secrets.digest(others), other.session_id)
        wires = await follow(stand, member)
        tokens = await chain(stand, client, first, size.rounds)
        (before,) = await stand.query(STATE, member.session_id)
        open_before = [wire for wire in wires if not wire.closed.done()]

        await chain(stand, client, others, 2)
        too_soon, _ = await use(stand, client, others)
        await stand.query(LET_PASS, LATER, secrets.digest(tokens[-2]))
        replayed, _ = await use(stand, client, tokens[-2])
        began = time.monotonic()
        newest, _ = await use(stand, client, tokens[-1])
        (after,) = await stand.query(STATE, member.session_id)
        codes = await close_codes(wires, size.closed_within)
        closed_after = time.monotonic() - began
        for wire in wires:
            wire.abort()

    assert too_soon == httpx.codes.UNAUTHORIZED
    assert before["alive"]
    assert before["tokens"] == len(set(tokens)) == size.rounds + 1
    assert open_before == wires
    assert (replayed, newest) == (httpx.codes.UNAUTHORIZED, httpx.codes.UNAUTHORIZED)
    assert not after["alive"]
    assert codes == {SESSION_ENDED}
    run.is_exact(board.verdict)
    run.measured("sockets closed after", closed_after, "s", at_most=60)
