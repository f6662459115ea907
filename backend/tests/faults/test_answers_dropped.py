"""Posts whose answers are dropped, and which are repeated many times at once."""

import asyncio
import random
import uuid
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from tests.faults.conftest import Run
from tests.faults.stand import Member, Stand
from tests.faults.traffic import Traffic, traffic
from tests.patience import LONG

REPETITIONS = 5
AT_ONCE = 10
LONGEST_WAIT = 0.03  # seconds from a request to the loss of its connection


async def post_and_hang_up(stand: Stand, member: Member, key: str, message: str) -> None:
    """Send a post, and be gone before the answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", stand.any_replica().port)
    body = orjson.dumps({"message": message})
    writer.write(
        f"POST /api/v1/statuses HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {member.token}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    await asyncio.sleep(random.choice([0, random.uniform(0, LONGEST_WAIT)]))
    writer.transport.abort()


async def post_one(board: Traffic, member: Member) -> tuple[bool, str | None]:
    """Post, lose the answer, ask again many times at once, and then with another body.

    Return whether the first post had been done before it was repeated, and the code that the other body got.
    """
    key = uuid.uuid4().hex
    ledger, message = board.posters.ledger, f"{key} is what I do"
    ledger.tried.add(key)
    await post_and_hang_up(board.stand, member, key, message)
    repeated_at = datetime.now(UTC)
    answers = await asyncio.gather(
        *(board.posters.insist(member, "POST", "/statuses", {"message": message}, key) for _ in range(REPETITIONS))
    )
    created_at = min(datetime.fromisoformat(answer.json()["created_at"]) for answer in answers)
    ids = {answer.json()["id"] for answer in answers}
    ledger.acknowledged[key] = max(ids)
    ledger.said |= dict.fromkeys(ids, message)
    headers = {"Authorization": f"Bearer {member.token}", "Idempotency-Key": key}
    async with httpx.AsyncClient(headers=headers, timeout=LONG) as client:
        other = await client.post(f"{board.stand.any_replica().url}/statuses", json={"message": "something else"})
    return created_at < repeated_at, other.json().get("code")


@pytest.mark.fault(
    "posts whose answers are dropped, each repeated 5 times at once",
    small={"posts": 60, "sockets": 10},
    full={"posts": 1000, "sockets": 50},
    mutations={"no_idempotency": {}},
)
async def test_a_repeated_post_is_one_status(stand: Stand, run: Run):
    """Also while the first is under way, and on another replica; the same key with another body is refused."""
    free = asyncio.Semaphore(AT_ONCE)

    async def post_in_turn(board: Traffic, member: Member) -> tuple[bool, str | None]:
        async with free:
            return await post_one(board, member)

    async with traffic(stand, sockets=run.size.sockets, rate=1) as board:
        members = await stand.members(run.size.posts)
        posts = await asyncio.gather(*(post_in_turn(board, member) for member in members))

    run.is_exact(board.verdict)
    assert any(was_done for was_done, _ in posts), "every repetition came before its first"
    assert {code for _, code in posts} == {"idempotency_key_reused"}
