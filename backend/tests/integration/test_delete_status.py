"""Deleting a status: `DELETE /statuses/{id}`. Its text is gone everywhere."""

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.answers import ids, refused
from tests.personas import Persona
from tests.servers import Server, receive, receive_until

PATH = "/api/v1/statuses"

# Every column of every table that holds text of people.
EVERYTHING = text("""
    SELECT message FROM statuses
    UNION ALL SELECT payload FROM feed_events
    UNION ALL SELECT answer FROM idempotency_keys WHERE answer IS NOT NULL
""")


async def delete(persona: Persona, status: dict) -> httpx.Response:
    """Answer the deletion of a status."""
    return await persona.client.delete(f"{PATH}/{status['id']}")


async def test_an_author_deletes(bob: Persona):
    """The answer is an empty 204, and the status is gone from its page, the list and the board."""
    posted, stays = await bob.post("a slip"), await bob.post("stays")

    response = await delete(bob, posted)

    assert (response.status_code, response.content) == (204, b"")
    refused(await bob.client.get(f"{PATH}/{posted['id']}"), 404, "status_not_found")
    assert ids(await bob.client.get(PATH)) == [stays["id"]]
    assert "a slip" not in (await bob.client.get("/api/v1/board")).text


async def test_an_admin_deletes_what_others_said(ada: Persona, bob: Persona):
    """An admin may, another member may not, and someone who is not logged in may not."""
    bobs, adas = await bob.post("Bob's"), await ada.post("Ada's")

    refused(await delete(bob, adas), 403, "forbidden")
    assert (await delete(ada, bobs)).status_code == 204
    assert ids(await ada.client.get(PATH)) == [adas["id"]]


async def test_deleting_needs_a_token(client: httpx.AsyncClient, bob: Persona):
    """Someone who is not logged in gets 401 before anything is said of the status."""
    posted = await bob.post("Bob's")

    refused(await client.delete(f"{PATH}/{posted['id']}"), 401, "unauthenticated")
    refused(await client.delete(f"{PATH}/{posted['id'] + 1}"), 401, "unauthenticated")


async def test_a_second_deletion_is_404(bob: Persona):
    """What is gone can't be deleted, and the log tells it once."""
    posted = await bob.post("a slip")

    assert (await delete(bob, posted)).status_code == 204
    refused(await delete(bob, posted), 404, "status_not_found")


async def test_no_row_holds_the_text_any_more(bob: Persona, db: AsyncSession):
    """Neither the log, which told of the post and of an edit, nor the answer kept for retries, nor the status."""
    posted = await bob.post("a secret", **{"Idempotency-Key": "k"})
    await bob.client.patch(f"{PATH}/{posted['id']}", json={"message": "another secret octo/secret#1"})
    assert sum("secret" in row for row in await db.scalars(EVERYTHING)) == 4

    await delete(bob, posted)

    assert not any("secret" in row for row in await db.scalars(EVERYTHING))


async def test_a_returning_reader_is_not_told_the_text(server: Server, bob: Persona, db: AsyncSession):
    """Whoever was away finds a deletion in the place of every event that spoke of it."""
    start = (await bob.client.get(PATH)).json()["position"]
    posted = await bob.post("a secret")
    await bob.client.patch(f"{PATH}/{posted['id']}", json={"message": "another secret"})
    stays = await bob.post("stays")
    await delete(bob, posted)
    async with server.follow(bob.token, start) as socket:
        missed = (await receive_until(socket, "ready"))[1:-1]

    deleted = ("status.deleted", {"id": posted["id"]})
    assert [(event["kind"], event["data"]) for event in missed] == [
        deleted,
        deleted,
        ("status.posted", stays),
        deleted,
    ]


async def test_the_ring_forgets_the_text(server: Server, bob: Persona):
    """A process that has the events in memory sends no more of the text either."""
    async with server.follow(bob.token) as socket:
        await receive_until(socket, "ready")
        start = (await bob.client.get(PATH)).json()["position"]
        posted = await bob.post("a secret")
        await delete(bob, posted)
        kinds = [(await receive(socket))["kind"] for _ in range(2)]
        async with server.follow(bob.token, start) as second:
            missed = (await receive_until(second, "ready"))[1:-1]

    assert kinds == ["status.posted", "status.deleted"]
    assert [event["data"] for event in missed] == [{"id": posted["id"]}] * 2
    assert not any(b"secret" in event.message for event in server.sockets.feed.ring.since(0))
