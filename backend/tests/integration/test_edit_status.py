"""Editing a status: `PATCH /statuses/{id}`."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import FeedEvent
from tests.answers import ids, invalid, refused
from tests.clock import let_pass
from tests.personas import Persona

PATH = "/api/v1/statuses"


async def events(db: AsyncSession) -> int:
    """Return how many events the log has."""
    await db.rollback()
    return (await db.execute(select(func.count()).where(FeedEvent.seq > 0))).scalar_one()


async def test_an_author_edits(ada: Persona):
    """What is given changes, what is left out stays, and `edited_at` says when."""
    posted = await ada.post("Reviewed octo/engine#87", "planning")

    edited = (await ada.client.patch(f"{PATH}/{posted['id']}", json={"category": "done"})).json()

    assert edited["edited_at"] > posted["created_at"]
    assert edited == posted | {"category": "done", "edited_at": edited["edited_at"]}
    assert (await ada.client.get(f"{PATH}/{posted['id']}")).json() == edited


async def test_references_follow_the_text(ada: Persona):
    """An edited status speaks of what it says now, and is found by that alone."""
    posted = await ada.post("Reviewed octo/engine#87 and octo/api#12")

    response = await ada.client.patch(f"{PATH}/{posted['id']}", json={"message": "octo/api#13, octo/api#12"})

    assert [reference["number"] for reference in response.json()["references"]] == [13, 12]
    assert ids(await ada.client.get(PATH, params={"reference": "octo/engine#87"})) == []
    assert ids(await ada.client.get(PATH, params={"reference": "octo/api#13"})) == [posted["id"]]
    assert ids(await ada.client.get(PATH, params={"q": "reviewed"})) == []


async def test_the_window_is_15_minutes(ada: Persona, db: AsyncSession):
    """Shortly before its end an edit passes, shortly after it is 403 and the status stays as it was."""
    posted = await ada.post("one")
    await let_pass(db, timedelta(minutes=14, seconds=50))
    in_time = await ada.client.patch(f"{PATH}/{posted['id']}", json={"message": "two"})
    await let_pass(db, timedelta(seconds=11))
    too_late = await ada.client.patch(f"{PATH}/{posted['id']}", json={"message": "three"})

    assert in_time.status_code == 200
    refused(too_late, 403, "edit_window_closed")
    assert (await ada.client.get(f"{PATH}/{posted['id']}")).json()["message"] == "two"


async def test_a_status_cannot_be_edited_by_someone_else(ada: Persona, bob: Persona):
    """Bob gets 403 for Ada's status and Ada, an admin, for Bob's; both stay as they were."""
    adas, bobs = await ada.post("Ada's"), await bob.post("Bob's")

    refused(await bob.client.patch(f"{PATH}/{adas['id']}", json={"message": "x"}), 403, "not_the_author")
    refused(await ada.client.patch(f"{PATH}/{bobs['id']}", json={"message": "x"}), 403, "not_the_author")
    assert (await ada.client.get(PATH)).json()["items"] == [bobs, adas]


async def test_an_edit_of_nothing_is_no_event(ada: Persona, db: AsyncSession):
    """Whoever says the same again changes nothing: not the status, not the log."""
    posted = await ada.post("Reading octo/api#12", "done")
    same = [{}, {"message": posted["message"]}, {"category": "done"}, {"message": None, "category": None}]

    answers = [await ada.client.patch(f"{PATH}/{posted['id']}", json=body) for body in same]

    assert [answer.json() for answer in answers] == [posted] * 4
    assert await events(db) == 1


async def test_an_edit_is_one_event_with_the_status_as_it_is_now(ada: Persona, db: AsyncSession):
    """Readers get the whole status, not what changed in it."""
    posted = await ada.post("one")
    edited = await ada.client.patch(f"{PATH}/{posted['id']}", json={"message": "two octo/api#12", "category": "done"})

    event = (await db.scalars(select(FeedEvent).order_by(FeedEvent.seq.desc()).limit(1))).one()

    assert event.kind == "status.edited"
    assert event.payload == edited.text
    assert await events(db) == 2


async def test_edits_that_are_refused(ada: Persona, db: AsyncSession):
    """What could not be posted can't be edited in, and what is not there can't be edited."""
    posted = await ada.post("one")
    path = f"{PATH}/{posted['id']}"

    invalid(await ada.client.patch(path, json={"message": " "}), "body", "message")
    invalid(await ada.client.patch(path, json={"message": "x" * 501}), "body", "message")
    invalid(await ada.client.patch(path, json={"category": "later"}), "body", "category")
    invalid(await ada.client.patch(path, json={"created_at": "2026-01-01T00:00:00Z"}), "body", "created_at")
    refused(await ada.client.patch(f"{PATH}/{posted['id'] + 1}", json={"message": "x"}), 404, "status_not_found")
    assert await events(db) == 1
