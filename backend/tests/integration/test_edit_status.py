"""Editing a status: `PATCH /statuses/{id}`."""

import asyncio
from datetime import timedelta

import httpx
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import FeedEvent, Status
from tests.answers import ids, invalid, refused
from tests.clock import let_pass, until_they_wait
from tests.personas import Persona

PATH = "/api/v1/statuses"


async def events(db: AsyncSession) -> int:
    """Return how many events the log has."""
    await db.rollback()
    return (await db.execute(select(func.count()).where(FeedEvent.seq > 0))).scalar_one()


async def edit(persona: Persona, status: dict, **changes: object) -> httpx.Response:
    """Edit a status as it was read, `edited_at` and all."""
    return await persona.client.patch(f"{PATH}/{status['id']}", json={"edited_at": status["edited_at"], **changes})


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
    for moment in ("yesterday", "2026-11-24", 1_795_000_000, "9999-12-31T23:59:59Z"):
        invalid(await ada.client.patch(path, json={"category": "done", "edited_at": moment}), "body", "edited_at")
    invalid(await ada.client.patch(path, json={"created_at": "2026-01-01T00:00:00Z"}), "body", "created_at")
    refused(await ada.client.patch(f"{PATH}/{posted['id'] + 1}", json={"message": "x"}), 404, "status_not_found")
    assert await events(db) == 1


async def test_an_edit_undoes_no_other(ada: Persona, db: AsyncSession):
    """Who changes a field that was changed since it was read gets 409, and the other edit stays; then it passes."""
    posted = await ada.post("as first written")
    first = (await edit(ada, posted, message="as corrected")).json()

    problem = refused(await edit(ada, posted, message="as I remember it"), 409, "edited_meanwhile")
    again = await edit(ada, first, message="as I remember it")

    assert "edited elsewhere" in problem["detail"]
    assert again.json() == first | {"message": "as I remember it", "edited_at": again.json()["edited_at"]}
    assert await events(db) == 3


async def test_an_edit_of_another_field_is_kept(ada: Persona):
    """Only what was changed on both sides is a conflict, however many edits ago it was read."""
    posted = await ada.post("one", "planning")
    for message in ("two", "three"):
        await ada.client.patch(f"{PATH}/{posted['id']}", json={"message": message})

    done = (await edit(ada, posted, category="done")).json()
    refused(await edit(ada, posted, category="blocked"), 409, "edited_meanwhile")
    refused(await edit(ada, posted, message="four", category="done"), 409, "edited_meanwhile")

    assert (done["message"], done["category"]) == ("three", "done")
    assert (await ada.client.get(f"{PATH}/{posted['id']}")).json() == done


async def test_an_edit_can_be_repeated(ada: Persona, db: AsyncSession):
    """Its answer was lost, and the field already says what it should: that is no conflict, and no event."""
    posted = await ada.post("one")
    first = (await edit(ada, posted, message="two")).json()

    again = await edit(ada, posted, message="two")

    assert (again.status_code, again.json()) == (200, first)
    assert await events(db) == 2


async def test_without_a_moment_the_later_edit_wins(ada: Persona):
    """As it was before `edited_at` could be sent."""
    posted = await ada.post("one")
    await edit(ada, posted, message="two")

    response = await ada.client.patch(f"{PATH}/{posted['id']}", json={"message": "three"})

    assert response.json()["message"] == "three"


async def test_a_moment_of_which_the_log_knows_nothing_overwrites_nothing(ada: Persona):
    """It was rounded, or made up: any field may have changed since."""
    posted = await ada.post("one")
    edited = (await edit(ada, posted, message="two")).json()

    for moment in (f"{edited['edited_at'][:23]}Z", "2026-01-01T00:00:00Z"):
        refused(await edit(ada, {**edited, "edited_at": moment}, message="three"), 409, "edited_meanwhile")
    assert (await edit(ada, {**edited, "edited_at": moment}, message="two")).json() == edited


async def at_once(db: AsyncSession, ada: Persona, status: dict, *edits: dict) -> list[httpx.Response]:
    """Make edits that all wait for the same status, and then go on one after the other."""
    await db.execute(select(Status.id).where(Status.id == status["id"]).with_for_update())
    under_way = [asyncio.create_task(edit(ada, status, **changes)) for changes in edits]
    await until_they_wait(len(edits))
    await db.rollback()
    return await asyncio.gather(*under_way)


async def test_of_two_edits_at_once_one_is_told(ada: Persona, db: AsyncSession):
    """Both saw the same status and change the same field: the first wins, the second gets 409."""
    posted = await ada.post("one")
    one, other = await at_once(db, ada, posted, {"message": "two"}, {"message": "three"})
    won, lost = (one, other) if one.status_code == 200 else (other, one)

    assert won.status_code == 200
    refused(lost, 409, "edited_meanwhile")
    assert (await ada.client.get(f"{PATH}/{posted['id']}")).json() == won.json()
    assert await events(db) == 2


async def test_two_edits_of_different_fields_at_once_both_count(ada: Persona, db: AsyncSession):
    """And the later `edited_at` is that of the edit that came last, which has both."""
    posted = await ada.post("one")
    answers = await at_once(db, ada, posted, {"message": "two"}, {"category": "done"})
    now = (await ada.client.get(f"{PATH}/{posted['id']}")).json()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (now["message"], now["category"]) == ("two", "done")
    assert now == max((answer.json() for answer in answers), key=lambda status: status["edited_at"])


async def test_a_later_edit_has_a_later_moment(ada: Persona, db: AsyncSession):
    """Also where the database's clock was set back in between."""
    posted = await ada.post("one")
    await db.execute(update(Status).values(edited_at=func.clock_timestamp() + timedelta(hours=1)))
    await db.commit()
    before = (await ada.client.get(f"{PATH}/{posted['id']}")).json()["edited_at"]

    after = (await ada.client.patch(f"{PATH}/{posted['id']}", json={"message": "two"})).json()["edited_at"]

    assert after > before
