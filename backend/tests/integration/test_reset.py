"""A lost password: `POST /users/{username}/reset` makes a code, `POST /auth/reset` uses it."""

import asyncio
from datetime import datetime, timedelta

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Attempt, ResetCode
from app.services.identity import secrets
from tests.clock import let_pass
from tests.logins import OTHER_PASSWORD, cookie, log_in, refresh
from tests.personas import PASSWORD, Persona

PATH = "/api/v1/auth/reset"


async def code_for(ada: Persona, username: str = "bob") -> str:
    response = await ada.client.post(f"/api/v1/users/{username}/reset")
    assert response.status_code == 201, response.text
    return response.json()["code"]


async def reset(client: httpx.AsyncClient, code: str, password: str = OTHER_PASSWORD) -> httpx.Response:
    return await client.post(PATH, json={"code": code, "new_password": password})


def refused(response: httpx.Response) -> bool:
    return (response.status_code, response.json()["code"]) == (403, "invalid_reset_code")


async def test_an_admin_makes_a_code_for_a_member(ada: Persona, bob: Persona, db: AsyncSession):
    """It comes with a link to this board and the time of its end, an hour on; only its hash is stored."""
    response = await ada.client.post("/api/v1/users/BOB/reset")

    created = response.json()
    stored = (await db.execute(select(ResetCode))).scalar_one()
    assert response.status_code == 201
    assert created.keys() == {"code", "url", "expires_at"}
    assert created["url"] == f"http://localhost:8000/#reset={created['code']}"
    assert stored.hash == secrets.digest(created["code"])
    assert datetime.fromisoformat(created["expires_at"]) == stored.expires_at
    assert timedelta(minutes=59) < stored.expires_at - stored.created_at <= timedelta(hours=1)


async def test_the_code_sets_a_new_password(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Bob, who has forgotten his, chooses one that not even Ada knows."""
    response = await reset(client, await code_for(ada))

    assert (response.status_code, response.content) == (204, b"")
    assert (await log_in(client, "bob", OTHER_PASSWORD)).status_code == 200
    assert (await log_in(client, "bob", PASSWORD)).status_code == 401
    assert (await log_in(client, "ada", PASSWORD)).status_code == 200


async def test_all_of_the_members_sessions_end(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Whoever had the old password is out; Ada is not."""
    login = await log_in(client, "bob")

    await reset(client, await code_for(ada))

    assert (await bob.client.get("/api/v1/users/me")).status_code == 401
    assert (await refresh(client, cookie(login).value)).status_code == 401
    assert (await ada.client.get("/api/v1/users/me")).status_code == 200


async def test_a_code_works_once(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Who finds the link later finds nothing."""
    code = await code_for(ada)
    await reset(client, code)

    response = await reset(client, code, "nine kettles on a windowsill")

    assert refused(response)
    assert (await log_in(client, "bob", OTHER_PASSWORD)).status_code == 200


async def test_of_eight_with_one_code_at_once_one_wins(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """The row is used by one conditional UPDATE; the password is the winner's."""
    code = await code_for(ada)
    passwords = [f"{OTHER_PASSWORD} {n}" for n in range(8)]

    responses = await asyncio.gather(*[reset(client, code, password) for password in passwords])

    codes = [response.status_code for response in responses]
    winner = passwords[codes.index(204)]
    assert sorted(codes) == [204] + [403] * 7
    assert (await log_in(client, "bob", winner)).status_code == 200


async def test_a_code_lasts_for_an_hour(client: httpx.AsyncClient, ada: Persona, bob: Persona, db: AsyncSession):
    """After 59 minutes it is good, after 60 it is not."""
    first = await code_for(ada)
    await let_pass(db, timedelta(minutes=59))
    in_time = await reset(client, first)
    second = await code_for(ada)
    await let_pass(db, timedelta(hours=1))
    too_late = await reset(client, second)

    assert in_time.status_code == 204
    assert refused(too_late)


async def test_a_newer_code_voids_the_older(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """A link that went astray is taken back by making another; a code for Ada voids none of Bob's."""
    older, newer = await code_for(ada), await code_for(ada)
    await code_for(ada, "ada")

    assert refused(await reset(client, older))
    assert (await reset(client, newer)).status_code == 204


async def test_a_common_password_does_not_burn_the_code(
    client: httpx.AsyncClient, ada: Persona, bob: Persona, db: AsyncSession
):
    """Bob is told why, and may choose again; it was no guess, so it costs no attempt."""
    code = await code_for(ada)

    common = await reset(client, code, "password1234")
    better = await reset(client, code)

    assert (common.status_code, common.json()["code"]) == (422, "password_refused")
    assert better.status_code == 204
    assert await db.scalar(select(func.count(Attempt.id))) == 0


async def test_a_password_made_of_the_members_name_is_refused(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """The code says whose password it will be."""
    response = await reset(client, await code_for(ada), "statusboard-bob")

    assert (response.status_code, response.json()["code"]) == (422, "password_refused")


async def test_without_a_valid_code_nothing_is_said_about_the_password(client: httpx.AsyncClient, ada: Persona):
    """A common password and a good one get the same answer."""
    common, good = await reset(client, "guess", "password1234"), await reset(client, "guess")

    assert refused(common)
    assert common.text == good.text


async def test_an_address_has_thirty_guesses_an_hour(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Also the one that would be right waits; guesses at codes and failed logins are counted together."""
    code = await code_for(ada)
    for n in range(15):
        await log_in(client, f"nobody-{n}")
    guesses = [await reset(client, f"guess-{n}") for n in range(16)]

    right = await reset(client, code)

    assert [guess.status_code for guess in guesses] == [403] * 15 + [429]
    assert (right.status_code, right.json()["code"]) == (429, "rate_limited")
    assert int(right.headers["Retry-After"]) > 3500


async def test_a_disabled_account_stays_disabled(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Its code ends for good; one that is made afterwards sets a password, and lets nobody in."""
    earlier = await code_for(ada)
    await ada.client.patch("/api/v1/users/bob", json={"disabled": True})
    later = await code_for(ada)

    assert refused(await reset(client, earlier))
    assert (await reset(client, later)).status_code == 204
    assert (await log_in(client, "bob", OTHER_PASSWORD)).json()["code"] == "account_disabled"
    await ada.client.patch("/api/v1/users/bob", json={"disabled": False})
    assert refused(await reset(client, earlier))


async def test_a_code_ends_when_the_password_changes(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Bob remembers his old one and changes it; a link that went astray is worth nothing then."""
    code = await code_for(ada)
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    changed = await bob.client.post("/api/v1/auth/password", json=body)

    assert changed.status_code == 204
    assert refused(await reset(client, code, "nine kettles on a windowsill"))
    assert (await log_in(client, "bob", OTHER_PASSWORD)).status_code == 200


async def test_nobody_has_no_code(ada: Persona):
    """A name that nobody has is 404, one that nobody can have 422."""
    nobody = await ada.client.post("/api/v1/users/nobody/reset")
    impossible = await ada.client.post("/api/v1/users/a%00b/reset")

    assert (nobody.status_code, nobody.json()["code"]) == (404, "user_not_found")
    assert impossible.status_code == 422


async def test_members_make_no_codes(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Not for Ada, which would make Bob an admin, and not for himself."""
    adas, own = [await bob.client.post(f"/api/v1/users/{name}/reset") for name in ("ada", "bob")]
    anonymous = await client.post("/api/v1/users/ada/reset")

    assert (adas.status_code, adas.json()["code"]) == (403, "admins_only")
    assert (own.status_code, own.json()["code"]) == (403, "admins_only")
    assert anonymous.status_code == 401


BAD_RESETS = [{"code": ""}, {"code": "x" * 201}, {"code": "x\0"}, {"new_password": "short"}, {"username": "bob"}]


async def test_what_does_not_fit_is_422(client: httpx.AsyncClient, database_url: str, subtests):
    """Unknown fields too."""
    for fields in BAD_RESETS:
        with subtests.test(fields=fields):
            response = await client.post(PATH, json={"code": "guess", "new_password": OTHER_PASSWORD} | fields)

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
