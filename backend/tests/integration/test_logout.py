"""Logging out: `POST /auth/logout`."""

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Session
from tests.logins import COOKIE, HOST_COOKIE, bearer, cookie, log_in, refresh
from tests.personas import PASSWORD, Persona

PATH = "/api/v1/auth/logout"


async def me(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/api/v1/users/me", headers=bearer(token))).status_code


async def test_a_logout_by_cookie_ends_the_session(client: httpx.AsyncClient, bob: Persona):
    """Neither the refresh token nor the access token is worth anything afterwards; Bob's other session goes on."""
    login = await log_in(client, "bob")

    response = await client.post(PATH)

    assert (response.status_code, response.content) == (204, b"")
    assert await me(client, login.json()["access_token"]) == 401
    assert (await refresh(client, cookie(login).value)).status_code == 401
    assert await me(client, bob.token) == 200


async def test_the_browser_is_told_to_forget_its_cookie(client: httpx.AsyncClient, bob: Persona):
    """The same name and attributes, and no time to live."""
    await log_in(client, "bob")

    morsel = cookie(await client.post(PATH))

    assert (morsel.key, morsel.value, morsel["max-age"]) == (COOKIE, "", "0")
    assert (morsel["path"], morsel["httponly"], morsel["samesite"].lower()) == ("/", True, "strict")
    assert not client.cookies


async def test_over_https_the_hosts_cookie_is_forgotten(client: httpx.AsyncClient, bob: Persona):
    """A `__Host-` cookie can only be taken back with Secure."""
    await client.post("https://board.test/api/v1/auth/login", json={"username": "bob", "password": PASSWORD})

    response = await client.post(f"https://board.test{PATH}")

    assert response.status_code == 204
    assert cookie(response).key == HOST_COOKIE
    assert cookie(response)["secure"] is True


async def test_a_logout_by_access_token_ends_its_session(bob: Persona):
    """For clients that keep no cookies."""
    response = await bob.client.post(PATH)

    assert response.status_code == 204
    assert await me(bob.client, bob.token) == 401


async def test_a_used_refresh_token_logs_out_too(client: httpx.AsyncClient, bob: Persona):
    """A tab that has not yet heard of the new token means the same session."""
    login = await log_in(client, "bob")
    await refresh(client, cookie(login).value)

    await client.post(PATH, headers={"Cookie": f"{COOKIE}={cookie(login).value}"})

    assert await me(client, login.json()["access_token"]) == 401


async def test_a_second_logout_changes_nothing(client: httpx.AsyncClient, bob: Persona, db: AsyncSession):
    """Whoever is out already is told the same, and the time of the end stays."""
    login = await log_in(client, "bob")
    sent = {"Cookie": f"{COOKIE}={cookie(login).value}"}
    await client.post(PATH, headers=sent)
    at_first = await db.scalar(select(Session.ended_at).order_by(Session.id.desc()).limit(1))
    await db.rollback()

    again = await client.post(PATH, headers=sent)

    assert again.status_code == 204
    assert await db.scalar(select(Session.ended_at).order_by(Session.id.desc()).limit(1)) == at_first


async def test_an_unknown_cookie_is_forgotten(client: httpx.AsyncClient, bob: Persona):
    """An old cookie is no reason to keep someone logged in, or an error; nobody else's session ends."""
    response = await client.post(PATH, headers={"Cookie": f"{COOKIE}=guess"})

    assert response.status_code == 204
    assert cookie(response)["max-age"] == "0"
    assert await me(client, bob.token) == 200


async def test_an_unknown_cookie_does_not_hide_the_access_token(bob: Persona):
    """Where both are sent, neither is left good."""
    response = await bob.client.post(PATH, headers={"Cookie": f"{COOKIE}=guess"})

    assert response.status_code == 204
    assert await me(bob.client, bob.token) == 401


async def test_nobody_can_log_out(client: httpx.AsyncClient, database_url: str):
    """Without cookie and token it is 401, which says how to authenticate."""
    response = await client.post(PATH)

    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_an_api_token_has_no_session_to_end(bob: Persona):
    """It is told so, rather than left to believe that it is out."""
    created = await bob.client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["read"]})

    response = await bob.client.post(PATH, headers=bearer(created.json()["token"]))

    assert (response.status_code, response.json()["code"]) == (403, "session_required")


@pytest.mark.parametrize("origin", ["https://evil.test", "null"])
async def test_a_foreign_page_logs_nobody_out(client: httpx.AsyncClient, bob: Persona, origin):
    """The cookie is SameSite=Strict, and where a browser does not know that, the Origin is looked at."""
    login = await log_in(client, "bob")

    foreign = await client.post(PATH, headers={"Origin": origin})
    still = await me(client, login.json()["access_token"])
    own = await client.post(PATH, headers={"Origin": "http://board.test"})

    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_origin")
    assert still == 200
    assert own.status_code == 204
