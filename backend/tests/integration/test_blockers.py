"""Blockers: what a blocked status waits for, and that its end is told once."""

import asyncio
import json

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import FeedEvent
from app.models.reference import ReferenceState
from tests.fake_github import FakeGitHub, delivery, sign
from tests.github import enrich
from tests.personas import Persona
from tests.servers import Server, receive, receive_until
from tests.told import told


async def cleared(db: AsyncSession) -> list[int]:
    """Return the statuses whose end was told, in order."""
    await db.rollback()
    query = select(FeedEvent.subject_id).where(FeedEvent.kind == "blocker.cleared").order_by(FeedEvent.seq)
    return list(await db.scalars(query))


async def board(persona: Persona) -> list[tuple[str, list[int], bool]]:
    """Return the board's blockers: what was said, which numbers it waits for, and whether it is cleared."""
    blockers = (await persona.client.get("/api/v1/board")).json()["blockers"]
    return [
        (item["status"]["message"], [reference["number"] for reference in item["waits_for"]], item["cleared"])
        for item in blockers
    ]


async def test_a_blocker_waits_for_all_that_it_names(ada: Persona, db: AsyncSession):
    """It is cleared when the last is merged or closed; gone and moved are neither."""
    both = "octo/api#1 and octo/api#2"
    posted = await ada.post(both, "blocked")
    await ada.post("something", "blocked")
    shown = [await board(ada)]
    for number, state in [(1, ReferenceState.MERGED), (2, ReferenceState.GONE), (2, ReferenceState.NOT_PLANNED)]:
        await told(number, state)
        shown.append(await board(ada))
        if state is ReferenceState.GONE:
            assert await cleared(db) == []

    assert [blockers[0] for blockers in shown] == [
        (both, [1, 2], False),
        (both, [2], False),
        (both, [2], False),
        (both, [], True),
    ]
    assert shown[-1][1] == ("something", [], False)
    assert await cleared(db) == [posted["id"]]


async def test_the_event_carries_the_status_as_it_is_now(server: Server, ada: Persona, bob: Persona):
    """Behind the change that brought it about."""
    posted = await ada.post("octo/api#1", "blocked")
    async with server.follow(bob.token) as socket:
        await receive_until(socket, "ready")
        await told(1)
        changed, end = [await receive(socket) for _ in range(2)]

    assert (changed["kind"], end["kind"]) == ("reference.changed", "blocker.cleared")
    assert end["data"] == posted | {"references": [changed["data"]]}


async def test_two_halves_at_the_same_time_are_told_once(ada: Persona, db: AsyncSession):
    """Each transaction sees the other's half, whichever commits first, however often they meet."""
    for number in range(1, 40, 2):
        await ada.post(f"octo/api#{number} octo/api#{number + 1}", "blocked")
    numbers = list(range(1, 41))
    for first in range(0, 40, 8):
        await asyncio.gather(*(told(number) for number in numbers[first : first + 8]))

    found = await cleared(db)
    assert len(found) == len(set(found)) == 20
    assert all(is_cleared for *_, is_cleared in await board(ada))


async def test_a_webhook_and_a_poll_at_once_tell_it_once(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """And so does a reference that is opened and closed again."""
    for number in range(1, 9):
        github.put(f"octo/api#{number}", "PullRequest", state="MERGED")
    ids = [(await ada.post(f"octo/api#{number}", "blocked"))["id"] for number in range(1, 9)]

    async def deliver(number: int) -> None:
        body = delivery("pull_request", "closed", f"octo/api#{number}", state="closed", merged=True)
        headers = {
            "X-GitHub-Event": "pull_request",
            "X-GitHub-Delivery": f"{number}",
            "X-Hub-Signature-256": sign(body),
        }
        response = await ada.client.post("/api/v1/github/webhook", content=body, headers=headers)
        assert response.json() == {"result": "done"}

    await asyncio.gather(enrich(), *(deliver(number) for number in range(1, 9)))
    await told(1, ReferenceState.OPEN)
    reopened = await board(ada)
    await told(1)

    assert sorted(await cleared(db)) == ids
    assert reopened[0] == ("octo/api#1", [1], False)


async def test_the_next_status_that_is_not_blocked_ends_it(ada: Persona, bob: Persona, db: AsyncSession):
    """Nobody waits any more, so nothing is told; somebody else's status ends nothing."""
    await ada.post("octo/api#1", "blocked")
    await ada.post("went another way")
    bobs = await bob.post("octo/api#1", "blocked")
    await ada.post("still going")
    await told(1)

    assert await cleared(db) == [bobs["id"]]


async def test_what_is_over_already_is_told_with_the_post(ada: Persona, db: AsyncSession):
    """And with the edit that takes out what was still open, or makes a blocker of a status."""
    await ada.post("octo/api#1 octo/api#2")
    await told(1)
    at_once = await ada.post("octo/api#1", "blocked")
    edited = await ada.post("octo/api#1 octo/api#2", "blocked")
    path = f"/api/v1/statuses/{edited['id']}"
    await ada.client.patch(path, json={"message": "octo/api#1 only"})
    await ada.client.patch(path, json={"message": "octo/api#1 now"})
    turned = await ada.post("octo/api#1")
    before = await cleared(db)
    await ada.client.patch(f"/api/v1/statuses/{turned['id']}", json={"category": "blocked"})

    assert before == [at_once["id"], edited["id"]]
    assert await cleared(db) == [*before, turned["id"]]


async def test_a_disabled_members_blockers_are_not_told(ada: Persona, bob: Persona, db: AsyncSession):
    """The board doesn't show them either."""
    await bob.post("octo/api#1", "blocked")
    await ada.client.patch("/api/v1/users/bob", json={"disabled": True})
    await told(1)

    assert await cleared(db) == []


async def test_a_deleted_status_takes_its_text_out_of_the_event(server: Server, ada: Persona, db: AsyncSession):
    """From the log, and from what the server still has in memory."""
    async with server.follow(ada.token) as socket:
        *_, ready = await receive_until(socket, "ready")
        posted = await ada.post("octo/api#1 is our secret", "blocked")
        await told(1)
        await ada.client.delete(f"/api/v1/statuses/{posted['id']}")
        for _ in range(4):
            await receive(socket)
    async with server.follow(ada.token, after=ready["position"]) as socket:
        await receive(socket)
        again = [await receive(socket) for _ in range(4)]

    assert [event["kind"] for event in again] == ["status.deleted", "reference.changed", *["status.deleted"] * 2]
    assert await db.scalar(text("SELECT count(*) FROM feed_events WHERE payload LIKE '%secret%'")) == 0


async def test_edits_deletions_and_ends_at_the_same_time(ada: Persona, db: AsyncSession):
    """None waits for another in a circle, and the last event of each status says what the status says."""
    posted = [await ada.post(f"octo/api#{number} octo/api#{number % 6 + 1}", "blocked") for number in range(1, 7)]

    async def edit(number: int) -> None:
        path = f"/api/v1/statuses/{posted[number - 1]['id']}"
        for text_ in (f"now octo/api#{number}", f"then octo/api#{number} octo/api#{number % 6 + 1}"):
            assert (await ada.client.patch(path, json={"message": text_})).status_code == 200
        if number == 6:
            assert (await ada.client.delete(path)).status_code == 204

    await asyncio.gather(*(edit(number) for number in range(1, 7)), *(told(number) for number in range(1, 7)))

    found = await cleared(db)
    assert len(found) == len(set(found)) >= 5
    rows = await db.execute(
        text("""
            SELECT DISTINCT ON (subject_id) payload::json->>'message', message FROM feed_events
            JOIN statuses ON statuses.id = subject_id WHERE kind LIKE 'status.%' OR kind LIKE 'blocker.%'
            ORDER BY subject_id, seq DESC
        """)
    )
    assert all(said == says for said, says in rows)


async def test_what_events_say_of_references_is_never_older_than_the_log(ada: Persona, db: AsyncSession):
    """Old snapshot plus events is new snapshot, however posts and answers of GitHub fall together."""
    await ada.post("octo/api#1")
    states = [ReferenceState.OPEN, ReferenceState.DRAFT, ReferenceState.CLOSED, ReferenceState.MERGED]

    async def change() -> None:
        for turn in range(20):
            await told(1, states[turn % 4])

    async def talk() -> None:
        for number in range(15):
            posted = await ada.post(f"octo/api#1 {number}")
            await ada.client.patch(f"/api/v1/statuses/{posted['id']}", json={"category": "done"})

    await asyncio.gather(change(), talk(), talk())

    known, events = None, await db.execute(select(FeedEvent.kind, FeedEvent.payload).order_by(FeedEvent.seq))
    for kind, payload in events:
        said = json.loads(payload)
        if kind == "reference.changed":
            known = said["state"]
        elif kind.startswith("status."):
            assert [reference["state"] for reference in said["references"]] == [known]
