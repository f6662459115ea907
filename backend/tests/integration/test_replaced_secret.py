"""JWT_SECRET is replaced: what was made with the one before is good for as long as JWT_SECRET_PREVIOUS names that."""

from collections.abc import Callable, Iterator

import httpx
import jwt
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.services.identity import access_tokens, setup
from tests.logins import bearer, cookie, log_in, refresh
from tests.personas import PASSWORD, Persona
from tests.servers import Server, receive_until

ME = "/api/v1/users/me"
NEW = "another-secret-0123456789abcdefghijkl"

type Replace = Callable[..., None]


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replace]:
    """Replace the secret as a restart would, with or without a word of the one before."""

    def replace(*, previous: bool = True) -> None:
        if previous:
            monkeypatch.setattr(settings, "JWT_SECRET_PREVIOUS", settings.JWT_SECRET)
        monkeypatch.setattr(settings, "JWT_SECRET", NEW)
        access_tokens.read.cache_clear()

    yield replace
    access_tokens.read.cache_clear()


async def test_nobody_is_asked_to_log_in(client: httpx.AsyncClient, server: Server, ada: Persona, replace: Replace):
    """Requests, sockets and refreshes go on, and what is given out from then on is of the new secret alone."""
    before = await log_in(client, "ada")
    replace()
    me = await client.get(ME, headers=bearer(before.json()["access_token"]))
    async with server.follow(before.json()["access_token"]) as socket:
        await receive_until(socket, "ready")
    after = await refresh(client, cookie(before).value)
    again = await refresh(client, cookie(after).value)

    assert me.status_code == after.status_code == again.status_code == 200
    assert jwt.decode(again.json()["access_token"], NEW, algorithms=["HS256"], issuer="statusboard")["sub"]


async def test_a_lost_answer_is_repeated(client: httpx.AsyncClient, ada: Persona, replace: Replace):
    """The successor that the secret before has made is the one that is given again."""
    first = cookie(await log_in(client, "ada")).value
    lost = await refresh(client, first)
    replace()
    repeated = await refresh(client, first)

    assert repeated.status_code == 200
    assert cookie(repeated).value == cookie(lost).value


async def test_the_set_up_link_in_the_log_still_works(client: httpx.AsyncClient, db: AsyncSession, replace: Replace):
    """It was logged once, by the secret before."""
    code = await setup.code(db)
    replace()
    body = {"username": "ada", "display_name": "Ada", "password": PASSWORD, "invite": code}
    made = await client.post("/api/v1/auth/register", json=body)

    assert made.status_code == 201, made.text


async def test_without_the_one_before_its_tokens_are_refused(client: httpx.AsyncClient, ada: Persona, replace: Replace):
    """A stolen secret is worth nothing any more, and refresh tokens, which it doesn't make, get everyone in again."""
    before = await log_in(client, "ada")
    replace(previous=False)
    me = await client.get(ME, headers=bearer(before.json()["access_token"]))
    after = await refresh(client, cookie(before).value)

    assert (me.status_code, after.status_code) == (401, 200)


async def test_a_third_secret_is_none_of_them(client: httpx.AsyncClient, ada: Persona, replace: Replace, monkeypatch):
    """Two secrets are not any secret."""
    with monkeypatch.context() as patch:
        patch.setattr(settings, "JWT_SECRET", "a-third-secret-0123456789abcdefghijkl")
        made_up = (await log_in(client, "ada")).json()["access_token"]
    replace()

    assert (await client.get(ME, headers=bearer(made_up))).status_code == 401
