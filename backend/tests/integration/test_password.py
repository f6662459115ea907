"""Changing one's password: `POST /auth/password`."""

import asyncio

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Attempt, User
from tests.logins import OTHER_PASSWORD, bearer, cookie, log_in, refresh
from tests.personas import PASSWORD, Persona

PATH = "/api/v1/auth/password"


async def change(member: Persona, new: str = OTHER_PASSWORD, current: str = PASSWORD) -> httpx.Response:
    return await member.client.post(PATH, json={"current_password": current, "new_password": new})


async def test_the_new_password_works_and_the_old_one_no_longer(client: httpx.AsyncClient, bob: Persona):
    """Bob changes it, and logs in with the new one."""
    response = await change(bob)

    assert (response.status_code, response.content) == (204, b"")
    assert (await log_in(client, "bob", OTHER_PASSWORD)).status_code == 200
    assert (await log_in(client, "bob", PASSWORD)).status_code == 401


async def test_other_sessions_end_and_this_one_stays(client: httpx.AsyncClient, bob: Persona, ada: Persona):
    """Whoever else is in Bob's account is out at once; Bob is not, and neither is Ada."""
    login = await log_in(client, "bob")

    await change(bob)

    elsewhere = await client.get("/api/v1/users/me", headers=bearer(login.json()["access_token"]))
    refreshed = await refresh(client, cookie(login).value)
    here = await bob.client.get("/api/v1/users/me")
    adas = await ada.client.get("/api/v1/users/me")
    codes = [response.status_code for response in (elsewhere, refreshed, here, adas)]
    assert codes == [401, 401, 200, 200]


async def test_the_own_session_can_still_be_refreshed(client: httpx.AsyncClient, bob: Persona):
    """A browser that changed the password stays logged in."""
    login = await log_in(client, "bob")
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    await client.post(PATH, json=body, headers=bearer(login.json()["access_token"]))

    response = await client.post("/api/v1/auth/refresh")

    assert response.status_code == 200


async def test_guesses_at_the_current_password_are_limited_as_logins_are(bob: Persona, ada: Persona):
    """Whoever has Bob's session has five guesses, at the login too; Ada, at the same address, goes on."""
    guesses = [await change(bob, current=f"guess number {n}") for n in range(6)]
    right = await change(bob)
    login = await log_in(bob.client, "Bob")

    assert [(guess.status_code, guess.json()["code"]) for guess in guesses] == [(403, "wrong_password")] * 5 + [
        (429, "rate_limited")
    ]
    assert (right.status_code, login.status_code) == (429, 429)
    assert int(right.headers["Retry-After"]) > 0
    assert (await change(ada)).status_code == 204


async def test_a_change_that_is_no_guess_is_no_attempt(bob: Persona, db: AsyncSession):
    """Neither the right password, nor a new one that is refused."""
    refused = [await change(bob, new="passwordpassword") for _ in range(6)]
    changed = await change(bob)

    assert {response.status_code for response in refused} == {422}
    assert changed.status_code == 204
    assert await db.scalar(select(func.count(Attempt.id))) == 0


async def test_a_wrong_current_password_changes_nothing(client: httpx.AsyncClient, bob: Persona):
    """Someone at an unlocked screen does not get to keep the account; the answer is no 401, which would log Bob out."""
    response = await change(bob, current="not his password")

    assert (response.status_code, response.json()["code"]) == (403, "wrong_password")
    assert (await log_in(client, "bob")).status_code == 200


@pytest.mark.parametrize("new", ["password1234", "statusboard-bob", "bobbobbobbob"])
async def test_a_common_password_is_refused(client: httpx.AsyncClient, bob: Persona, new):
    """Also one that is made of one's name, or of the board's."""
    response = await change(bob, new)

    assert (response.status_code, response.json()["code"]) == (422, "password_refused")
    assert (await log_in(client, "bob")).status_code == 200


async def test_of_two_changes_at_once_one_wins(client: httpx.AsyncClient, bob: Persona, db: AsyncSession):
    """The second finds that what it knew is not the password any more."""
    known = await db.scalar(select(User.password_hash))
    await db.rollback()

    responses = await asyncio.gather(change(bob, OTHER_PASSWORD), change(bob, "nine kettles on a windowsill"))

    assert sorted(response.status_code for response in responses) == [204, 403]
    assert await db.scalar(select(User.password_hash)) != known


BAD_CHANGES = [
    {"new_password": "eleven char"},
    {"new_password": "q7" * 64 + "!"},
    {"new_password": "a harbour of\0quiet lanterns"},
    {"current_password": ""},
    {"current_password": "x" * 1001},
    {"current_password": None},
    {"username": "ada"},
]


async def test_what_does_not_fit_is_422_and_not_repeated(bob: Persona, subtests):
    """Neither password is in the answer."""
    for fields in BAD_CHANGES:
        with subtests.test(fields=fields):
            body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD} | fields

            response = await bob.client.post(PATH, json=body)

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
            assert PASSWORD not in response.text
            assert OTHER_PASSWORD not in response.text


async def test_nobody_changes_a_password(client: httpx.AsyncClient, bob: Persona):
    """Knowing it is not enough, one must be logged in; the answer does not tell whether it was right."""
    response = await client.post(PATH, json={"current_password": PASSWORD, "new_password": OTHER_PASSWORD})

    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
