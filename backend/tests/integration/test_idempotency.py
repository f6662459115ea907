"""`Idempotency-Key`: posting a status is safe to repeat."""

import asyncio
from datetime import timedelta

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from tests.answers import ids, refused
from tests.clock import let_pass
from tests.personas import Persona

PATH = "/api/v1/statuses"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


async def post(persona: Persona, message: str = "Shipped it", *, key: str = KEY, **fields: str) -> httpx.Response:
    """Answer a post under a key."""
    return await persona.client.post(PATH, json={"message": message} | fields, headers={"Idempotency-Key": key})


async def test_a_retry_gets_the_first_answer(ada: Persona):
    """The same post under the same key is one status, and its answer stays what it was, even after an edit."""
    first = await post(ada, "Shipped octo/api#12")
    await ada.client.patch(f"{PATH}/{first.json()['id']}", json={"message": "Shipped it twice"})
    retry = await post(ada, "Shipped octo/api#12")

    assert first.status_code == retry.status_code == 201
    assert retry.json() == first.json()
    assert ids(await ada.client.get(PATH)) == [first.json()["id"]]


async def test_a_retry_may_spell_out_the_usual_category(ada: Persona):
    """It is what is said that counts, not how the JSON was written."""
    first = await post(ada)
    retry = await post(ada, category="in-progress")

    assert retry.json() == first.json()


async def test_a_retry_may_break_its_lines_as_windows_does(ada: Persona):
    """A newline is kept, however it comes, so that one client may repeat what another began; an edit keeps one, too."""
    first = await post(ada, "one\ntwo")
    retry = await post(ada, "one\r\ntwo")
    edited = await ada.client.patch(f"{PATH}/{first.json()['id']}", json={"message": "one\r\nthree"})

    assert (retry.status_code, retry.json()) == (201, first.json())
    assert edited.json()["message"] == "one\nthree"


async def test_ten_at_once_are_one_status(ada: Persona):
    """Whoever comes while the first is under way waits for it and gets its 201."""
    answers = await asyncio.gather(*(post(ada) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert ids(await ada.client.get(PATH)) == [answers[0].json()["id"]]
    assert all(answer.json() == answers[0].json() for answer in answers)


async def test_another_body_under_the_same_key_is_refused(ada: Persona):
    """One key names one status; the one that is there stays as it was."""
    first = await post(ada)

    refused(await post(ada, "Something else"), 422, "idempotency_key_reused")
    refused(await post(ada, category="done"), 422, "idempotency_key_reused")
    assert (await ada.client.get(PATH)).json()["items"] == [first.json()]


async def test_a_post_that_was_refused_takes_no_key(ada: Persona):
    """A key whose post was 422 is free for the next try."""
    blank = await post(ada, " ")
    second = await post(ada, "Shipped it")

    refused(blank, 422, "invalid_request")
    assert second.status_code == 201


async def test_after_a_day_the_key_is_new(ada: Persona, db: AsyncSession):
    """24 hours later the same post says the same again."""
    first = await post(ada)
    await let_pass(db, timedelta(hours=23, minutes=59))
    retry = await post(ada)
    await let_pass(db, timedelta(minutes=2))
    later = await post(ada)
    again = await post(ada)

    assert retry.json() == first.json()
    assert later.status_code == 201
    assert later.json()["id"] > first.json()["id"]
    assert again.json() == later.json()


async def test_a_deleted_status_does_not_come_back(ada: Persona):
    """A late retry is told that it was deleted; neither is it posted anew nor is its text repeated."""
    first = await post(ada)
    await ada.client.delete(f"{PATH}/{first.json()['id']}")
    retry = await post(ada)

    refused(retry, 404, "status_not_found")
    assert "Shipped" not in retry.text
    assert ids(await ada.client.get(PATH)) == []


async def test_keys_are_each_authors_own(ada: Persona, bob: Persona):
    """Ada's key says nothing about Bob's."""
    adas = await post(ada)
    bobs = await post(bob)

    assert bobs.status_code == 201
    assert bobs.json()["id"] != adas.json()["id"]
    assert bobs.json()["author"]["username"] == "bob"


async def test_keys_that_are_refused(ada: Persona):
    """A key is 1 to 255 of visible ASCII."""
    for key in ["", " ", "two words", "x" * 256, "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "tab\there"]:
        response = await ada.client.post(PATH, json={"message": "x"}, headers={"Idempotency-Key": key.encode()})

        refused(response, 422, "invalid_request")

    longest = await post(ada, key="!~" * 127 + "x")

    assert longest.status_code == 201
