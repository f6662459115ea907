"""What an event says of its author is true at its place in the log, also when they are renamed at that very moment."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.services.feed import log as feed_log
from tests.answers import refused
from tests.clock import until_they_wait
from tests.personas import Persona
from tests.told import told

POSTS = {
    "plain": ({"message": "x"}, {}),
    "with a key": ({"message": "x"}, {"Idempotency-Key": "k"}),
    "with a reference": ({"message": "octo/api#1"}, {}),
    "with both": ({"message": "octo/api#1 and octo/api#2"}, {"Idempotency-Key": "k"}),
    "blocked by nothing any more": ({"message": "octo/api#7", "category": "blocked"}, {}),
}


@asynccontextmanager
async def changing(user_id: int, change: str) -> AsyncIterator[None]:
    """Change a member, and tell the log, in a transaction that commits once the block's post, or what it is, waits."""
    async with database.AsyncSessionLocal() as db:
        await db.execute(text(f"UPDATE users SET {change} WHERE id = :id"), {"id": user_id})  # noqa: S608 -- constants
        await feed_log.append(db, kind="member.changed", subject_id=user_id, payload=json.dumps({"change": change}))
        yield
        await until_they_wait(1)
        await db.commit()


async def meanwhile[R](persona: Persona, change: str, ask: Callable[[], Awaitable[R]]) -> R:
    """Ask for something while the member is being changed, which commits while the question waits for the log."""
    async with changing(persona.user.id, change):
        asking = asyncio.ensure_future(ask())
    return await asking


async def logged(db: AsyncSession) -> list[tuple[str, str | None]]:
    """Return the kinds of all events, in order, each with the name of the author that it tells."""
    rows = await db.execute(text("SELECT kind, payload FROM feed_events WHERE seq > 0 ORDER BY seq"))
    return [(kind, json.loads(payload).get("author", {}).get("display_name")) for kind, payload in rows]


@pytest.mark.parametrize("post", POSTS)
async def test_a_post_has_the_name_that_was_told_before(bob: Persona, db: AsyncSession, post: str):
    """Whichever way a status is posted: it waits for the rename, and takes the new name."""
    await bob.post("octo/api#7", "planning")
    await told(7)
    body, headers = POSTS[post]
    response = await meanwhile(
        bob,
        "display_name = 'Bobby'",
        lambda: bob.client.post("/api/v1/statuses", json=body, headers=headers),
    )
    told_then = (await logged(db))[2:]

    assert response.status_code == 201, response.text
    assert response.json()["author"]["display_name"] == "Bobby"
    assert told_then[:2] == [("member.changed", None), ("status.posted", "Bobby")]
    assert told_then[2:] in ([], [("blocker.cleared", "Bobby")])


@pytest.mark.parametrize("post", POSTS)
async def test_nobody_posts_behind_their_own_end(bob: Persona, db: AsyncSession, post: str):
    """Whoever is disabled while a post of theirs waits has not posted it."""
    await bob.post("octo/api#7", "planning")
    body, headers = POSTS[post]
    response = await meanwhile(
        bob, "disabled = true", lambda: bob.client.post("/api/v1/statuses", json=body, headers=headers)
    )

    refused(response, 403, "account_disabled")
    assert [kind for kind, _ in await logged(db)] == ["status.posted", "member.changed"]


async def test_an_edit_has_the_name_that_was_told_before(bob: Persona, db: AsyncSession):
    """It waits for the rename as a post does."""
    posted = await bob.post("x")
    path = f"/api/v1/statuses/{posted['id']}"
    response = await meanwhile(
        bob, "display_name = 'Bobby'", lambda: bob.client.patch(path, json={"message": "octo/api#1"})
    )

    assert response.json()["author"]["display_name"] == "Bobby"
    assert (await logged(db))[1:] == [("member.changed", None), ("status.edited", "Bobby")]


async def test_a_blocker_is_cleared_with_the_name_that_was_told_before(bob: Persona, db: AsyncSession):
    """Also where a worker or a webhook tells of it, for somebody else."""
    await bob.post("octo/api#1", "blocked")
    await meanwhile(bob, "display_name = 'Bobby'", lambda: told(1))

    assert (await logged(db))[1:] == [
        ("member.changed", None),
        ("reference.changed", None),
        ("blocker.cleared", "Bobby"),
    ]


async def test_those_who_rename_and_those_who_post_wait_in_no_circle(ada: Persona, bob: Persona, db: AsyncSession):
    """Posts with and without references, renames by the member and changes by an admin: all get their turn."""

    async def change(who: Persona, path: str, **body: str) -> None:
        assert (await who.client.patch(f"/api/v1/users/{path}", json=body)).status_code == 200

    for number in range(6):
        await asyncio.gather(
            bob.post("octo/api#1 and octo/api#2"),
            bob.post("x"),
            bob.post("octo/api#2 and octo/api#1", "blocked"),
            change(bob, "me", display_name=f"Bob {number}"),
            change(ada, "bob", role="member" if number % 2 else "admin"),
            told(1) if number else ada.post("x"),
        )
    events = await db.execute(text("SELECT kind, payload FROM feed_events WHERE seq > 0 ORDER BY seq"))
    name, wrong = "Bob", []
    for kind, payload in events:
        event = json.loads(payload)
        name = event["display_name"] if kind == "member.changed" else name
        wrong += [event] if kind.startswith("status") and event["author"]["display_name"] not in {name, "Ada"} else []
    deadlocks = await db.scalar(
        text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"),
    )

    assert wrong == []
    assert deadlocks == 0
