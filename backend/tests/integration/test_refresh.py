"""Staying logged in: `POST /auth/refresh` and its cookie."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import RefreshToken, Session, User
from app.services.identity import secrets
from tests.clock import let_pass
from tests.logins import COOKIE, HOST_COOKIE, bearer, cookie, log_in, refresh
from tests.personas import PASSWORD, Persona

ME = "/api/v1/users/me"
SECURE = "https://board.test/api/v1/auth"


@pytest.fixture
async def token(client: httpx.AsyncClient, bob: Persona) -> str:
    """Bob's refresh token, straight from a login."""
    token = cookie(await log_in(client, "bob")).value
    client.cookies.clear()
    return token


async def ended(response: httpx.Response) -> bool:
    return (response.status_code, response.json().get("code")) == (401, "invalid_refresh_token")


async def test_over_http_the_cookie_is_plain(client: httpx.AsyncClient, ada: Persona):
    """For scripts no access, for other sites no sending, for every path, for seven days; no domain but the host."""
    morsel = cookie(await log_in(client, "ada"))

    assert morsel.key == COOKIE
    assert morsel["httponly"] is True
    assert morsel["samesite"].lower() == "strict"
    assert (morsel["path"], morsel["domain"], morsel["secure"]) == ("/", "", "")
    assert int(morsel["max-age"]) == 7 * 24 * 3600


async def test_over_https_the_cookie_is_the_hosts_alone(client: httpx.AsyncClient, ada: Persona):
    """`__Host-` with all that browsers ask of that name: Secure, Path=/ and no Domain."""
    response = await client.post(f"{SECURE}/login", json={"username": "ada", "password": PASSWORD})
    morsel = cookie(response)

    assert morsel.key == HOST_COOKIE
    assert morsel["secure"] is True
    assert morsel["httponly"] is True
    assert morsel["samesite"].lower() == "strict"
    assert (morsel["path"], morsel["domain"]) == ("/", "")


async def test_over_https_the_plain_cookie_counts_for_nothing(client: httpx.AsyncClient, token: str):
    """Whoever could plant a cookie over http can't log someone into another account over https."""
    plain = await client.post(f"{SECURE}/refresh", headers={"Cookie": f"{COOKIE}={token}"})
    host = await client.post(f"{SECURE}/refresh", headers={"Cookie": f"{HOST_COOKIE}={token}"})

    assert await ended(plain)
    assert host.status_code == 200
    assert cookie(host).key == HOST_COOKIE


async def test_a_browser_stays_logged_in(client: httpx.AsyncClient, bob: Persona):
    """The jar of a client that keeps cookies is enough, again and again, and each access token works."""
    await log_in(client, "bob")

    for _ in range(3):
        response = await client.post("/api/v1/auth/refresh")
        me = await client.get("/api/v1/users/me", headers=bearer(response.json()["access_token"]))
        assert response.json().keys() == {"access_token", "token_type", "expires_in"}
        assert response.headers["Cache-Control"] == "no-store"
        assert me.json()["username"] == "bob"


async def test_each_use_gives_another_token(client: httpx.AsyncClient, token: str):
    """Tokens are rotated: the new one is not the old one, and works."""
    successor = cookie(await refresh(client, token)).value
    third = cookie(await refresh(client, successor)).value

    assert len({token, successor, third}) == 3


async def test_a_lost_answer_can_be_had_again_for_five_minutes(client: httpx.AsyncClient, token: str, db: AsyncSession):
    """It costs nobody the session: each retry gets what the first got, and an access token that is good."""
    first = cookie(await refresh(client, token)).value
    for _ in range(2):
        await let_pass(db, timedelta(minutes=2, seconds=25))
        again = await refresh(client, token)
        assert cookie(again).value == first
        assert (await client.get(ME, headers=bearer(again.json()["access_token"]))).status_code == 200

    assert await db.scalar(select(func.count(RefreshToken.hash))) == 2


async def test_a_token_whose_successor_was_used_ends_the_session_at_once(client: httpx.AsyncClient, token: str):
    """Whoever refreshes with the successor has had the answer; an access token may have been used by then."""
    answer = await refresh(client, token)
    await client.get(ME, headers=bearer(answer.json()["access_token"]))
    again = await refresh(client, token)
    newest = cookie(await refresh(client, cookie(again).value)).value

    assert await ended(await refresh(client, token))
    assert await ended(await refresh(client, newest))


async def test_twenty_tabs_at_once_get_the_same_successor(client: httpx.AsyncClient, token: str, db: AsyncSession):
    """Of twenty that present one token, one rotates it and the others get what it got."""
    responses = await asyncio.gather(*[refresh(client, token) for _ in range(20)])

    successors = {cookie(response).value for response in responses}
    assert {response.status_code for response in responses} == {200}
    assert len(successors) == 1
    assert await db.scalar(select(func.count(RefreshToken.hash))) == 2
    assert (await refresh(client, successors.pop())).status_code == 200


async def test_the_same_token_after_five_minutes_ends_the_session(
    client: httpx.AsyncClient, token: str, db: AsyncSession
):
    """Somebody has a copy: whoever it is, thief or owner, neither goes on; not even with its access token."""
    answer = await refresh(client, token)
    await let_pass(db, timedelta(minutes=5, seconds=1))

    reused = await refresh(client, token)
    successor = await refresh(client, cookie(answer).value)
    access = await client.get(ME, headers=bearer(answer.json()["access_token"]))

    assert await ended(reused)
    assert await ended(successor)
    assert access.status_code == 401


async def test_a_stolen_session_takes_no_other_with_it(
    client: httpx.AsyncClient, bob: Persona, token: str, db: AsyncSession
):
    """Bob's session on another device goes on."""
    await refresh(client, token)
    await let_pass(db, timedelta(minutes=5, seconds=1))

    await refresh(client, token)

    assert (await bob.client.get("/api/v1/users/me")).status_code == 200


async def test_a_refresh_token_lives_for_seven_days(client: httpx.AsyncClient, token: str, db: AsyncSession):
    """JWT_REFRESH_EXPIRE_DAYS from its issue, and not a second more."""
    await let_pass(db, timedelta(days=7) - timedelta(seconds=30))
    successor = cookie(await refresh(client, token)).value
    await let_pass(db, timedelta(days=7))

    response = await refresh(client, successor)

    assert await ended(response)


async def test_a_session_ends_after_ninety_days(client: httpx.AsyncClient, token: str, db: AsyncSession):
    """However often it is refreshed, and neither token nor cookie outlives it."""
    ages = []
    for _ in range(15):
        await let_pass(db, timedelta(days=6))
        response = await refresh(client, token)
        if response.status_code == 200:
            ages.append(int(cookie(response)["max-age"]))
            token = cookie(response).value

    assert await ended(response)
    assert len(ages) == 14
    assert ages[:13] == [7 * 24 * 3600] * 13
    assert 5.9 * 24 * 3600 < ages[13] <= 6 * 24 * 3600


async def test_a_lifetime_longer_than_a_sessions_ends_with_it(client: httpx.AsyncClient, ada: Persona, monkeypatch):
    """JWT_REFRESH_EXPIRE_DAYS=365 makes no cookie that outlives its session."""
    monkeypatch.setattr(settings, "JWT_REFRESH_EXPIRE_DAYS", 365)

    assert int(cookie(await log_in(client, "ada"))["max-age"]) == 90 * 24 * 3600


UNKNOWN = ["", "guess", "x" * 5000, '"quoted"', "a=b", "\xff\xfe"]


async def test_an_unknown_token_is_401(client: httpx.AsyncClient, database_url: str, subtests):
    """It says how to authenticate, and keeps its cookie: another tab may have a better one."""
    for sent in UNKNOWN:
        with subtests.test(sent=sent):
            header = f"{COOKIE}={sent}".encode("latin-1")

            response = await client.post("/api/v1/auth/refresh", headers={b"Cookie": header})

            assert await ended(response)
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert "set-cookie" not in response.headers


async def test_no_cookie_is_401_and_so_is_an_access_token(bob: Persona):
    """An access token is not renewed by itself."""
    assert await ended(await bob.client.post("/api/v1/auth/refresh"))


async def test_a_disabled_account_is_not_refreshed(client: httpx.AsyncClient, token: str, db: AsyncSession):
    """Even where its session was not ended, as by an operator's own SQL."""
    await db.execute(update(User).values(disabled=True))
    await db.commit()

    assert await ended(await refresh(client, token))


async def test_only_hashes_are_stored(client: httpx.AsyncClient, token: str, db: AsyncSession):
    """Neither token can be read from the database."""
    successor = cookie(await refresh(client, token)).value
    stored = set(await db.scalars(select(RefreshToken.hash)))

    assert stored == {secrets.digest(token), secrets.digest(successor)}


async def test_without_the_secret_the_successor_cannot_be_foretold(client: httpx.AsyncClient, token: str, monkeypatch):
    """It is an HMAC of JWT_SECRET; after a change of that, a retry gets no token that was never given out."""
    await refresh(client, token)
    monkeypatch.setattr(settings, "JWT_SECRET", "another-secret-0123456789abcdefghijkl")

    assert await ended(await refresh(client, token))


async def test_a_refresh_is_a_use_of_the_session(client: httpx.AsyncClient, token: str, db: AsyncSession):
    """The list of sessions says when each was last used."""
    await let_pass(db, timedelta(hours=3))
    await refresh(client, token)
    unused = select(func.now() - Session.last_used_at).order_by(Session.id.desc()).limit(1)

    assert await db.scalar(unused) < timedelta(minutes=1)


FOREIGN_ORIGINS = [
    "https://evil.test",
    "http://evil.board.test",
    "http://board.test.evil.test",
    "http://board.test:8080",
    "https://board.test:80",
    "http://board.test@evil.test",
    "ftp://board.test",
    "board.test",
    "null",
    "",
    "http://[",
    "http://[::1",
    "http://board.test:99999",
    "http://board.test:x",
    "http://board.test:80:80",
    "http://\xbd",
]


async def test_a_foreign_page_gets_403_and_uses_nothing_up(client: httpx.AsyncClient, token: str, subtests):
    """Its Origin is neither the host's own nor in CORS_ORIGINS; the answer names the settings that would allow it."""
    for origin in FOREIGN_ORIGINS:
        with subtests.test(origin=origin):
            foreign = await refresh(client, token, Origin=origin.encode("latin-1"))

            assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_origin")
            assert "PUBLIC_URL" in foreign.json()["detail"]
            assert "set-cookie" not in foreign.headers
    own = await refresh(client, token)

    assert own.status_code == 200


OWN_ORIGINS = [
    ("board.test", "http://board.test"),
    ("board.test", "https://board.test"),
    ("board.test:8080", "http://board.test:8080"),
    ("board.test:443", "https://board.test"),
    ("BOARD.test", "http://board.test"),
    ("[::1]:8000", "http://[::1]:8000"),
    ("elsewhere", "https://public.test"),
    ("elsewhere", "https://friend.test"),
    ("elsewhere", None),
]


async def test_the_boards_own_pages_may_refresh(client: httpx.AsyncClient, token: str, monkeypatch, subtests):
    """By `Host`, by PUBLIC_URL, by CORS_ORIGINS; and so may whatever is no browser and sends no Origin."""
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://public.test")
    monkeypatch.setattr(settings, "CORS_ORIGINS", "https://other.test, https://friend.test")
    for host, origin in OWN_ORIGINS:
        with subtests.test(host=host, origin=origin):
            headers = {"Host": host} | ({} if origin is None else {"Origin": origin})

            response = await refresh(client, token, **headers)

            assert response.status_code == 200
            token = cookie(response).value
