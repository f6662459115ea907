"""Boards that share a host, and so a jar of cookies, or a JWT_SECRET; and the version before, beside this one."""

from datetime import timedelta

import httpx
import jwt
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Board
from app.services.identity import access_tokens, secrets
from tests.clock import let_pass
from tests.logins import COOKIE, HOST_COOKIE, bearer, cookie, cookies, log_in
from tests.personas import PASSWORD, Persona

ME = "/api/v1/users/me"
REFRESH = "/api/v1/auth/refresh"
LONG_AFTER = timedelta(minutes=30)


@pytest.fixture
async def token(client: httpx.AsyncClient, bob: Persona) -> str:
    """Bob's refresh token, straight from a login."""
    token = cookie(await log_in(client, "bob")).value
    client.cookies.clear()
    return token


@pytest.fixture
async def own(db: AsyncSession, database_url: str) -> str:
    """The name of the cookie that is this board's alone."""
    board = await db.scalar(select(Board.id))
    return f"{COOKIE}-{str(board)[:8]}"


async def refresh(client: httpx.AsyncClient, sent: list[tuple[str, str]]) -> httpx.Response:
    """Answer a refresh with these cookies, in this order."""
    return await client.post(REFRESH, headers={"Cookie": "; ".join(f"{name}={value}" for name, value in sent)})


async def test_the_token_is_set_under_both_names(client: httpx.AsyncClient, own: str, bob: Persona):
    """By a login and by a refresh, over http and https, and both are taken back by a logout."""
    plain = await log_in(client, "bob")
    refreshed = await client.post(REFRESH)
    out = await client.post("/api/v1/auth/logout")
    secure = await client.post("https://board.test/api/v1/auth/login", json={"username": "bob", "password": PASSWORD})

    for answer in (plain, refreshed, out):
        assert [morsel.key for morsel in cookies(answer)] == [COOKIE, own]
        assert len({morsel.value for morsel in cookies(answer)}) == 1
    assert {morsel["max-age"] for morsel in cookies(out)} == {"0"}
    assert [morsel.key for morsel in cookies(secure)] == [HOST_COOKIE, own.replace(COOKIE, HOST_COOKIE)]


async def test_another_boards_login_leaves_this_one_alone(client: httpx.AsyncClient, own: str, token: str):
    """It has taken the plain name, and has one of its own."""
    others = [(COOKIE, "another board's"), (f"{COOKIE}-0a1b2c3d", "another board's")]

    answer = await refresh(client, [*others, (own, token)])

    assert answer.status_code == 200
    assert (await client.get(ME, headers=bearer(answer.json()["access_token"]))).status_code == 200


async def test_all_that_are_sent_are_tried(client: httpx.AsyncClient, own: str, token: str):
    """Wherever the good one stands: also behind another of the same name, or under the name of an earlier id."""
    for name in (COOKIE, own, f"{COOKIE}-0a1b2c3d"):
        bad = [(COOKIE, "guess"), (own, "guess"), (f"{COOKIE}-ffffffff", ""), ("theme", "dark"), ("", "")]
        answer = await refresh(client, [*bad, (name, token), *bad])
        assert answer.status_code == 200
        token = cookie(answer).value

    for name in ("theme", f"{COOKIE}x", f"{COOKIE}-0A1B2C3D", f"{COOKIE}-0a1b2c3d4", f"x{COOKIE}", HOST_COOKIE):
        assert (await refresh(client, [(name, token)])).status_code == 401


async def test_the_boards_own_comes_first(client: httpx.AsyncClient, own: str, token: str, ada: Persona):
    """Where both are good, as after a login of the version before under another name."""
    adas = cookie(await log_in(client, "ada")).value
    client.cookies.clear()

    answer = await refresh(client, [(COOKIE, adas), (own, token)])

    me = await client.get(ME, headers=bearer(answer.json()["access_token"]))
    assert me.json()["username"] == "bob"


async def test_a_session_ends_only_if_none_is_good(client: httpx.AsyncClient, own: str, token: str, db: AsyncSession):
    """The version before renewed the plain one alone: this board's own is old then, and nobody's copy."""
    newer = cookie(await refresh(client, [(COOKIE, token)])).value
    await let_pass(db, LONG_AFTER)

    good = await refresh(client, [(own, token), (COOKIE, newer)])
    await let_pass(db, LONG_AFTER)
    replayed = await refresh(client, [(own, token), (COOKIE, "guess")])

    assert (good.status_code, replayed.status_code) == (200, 401)
    assert (await client.get(ME, headers=bearer(good.json()["access_token"]))).status_code == 401


async def test_the_version_before_goes_on_with_what_this_one_set(
    client: httpx.AsyncClient, own: str, token: str, db: AsyncSession
):
    """By turns: it knows the plain cookie alone, renews a token once, and leaves this board's own as it is."""
    jar = {COOKIE: token, own: token}
    for turn in range(6):
        if turn % 2:
            jar[COOKIE] = await renew_as_before(db, jar[COOKIE])
        else:
            answer = await refresh(client, list(jar.items()))
            assert answer.status_code == 200
            jar |= {morsel.key: morsel.value for morsel in cookies(answer)}
        await let_pass(db, LONG_AFTER)


async def renew_as_before(db: AsyncSession, token: str) -> str:
    """Write what the version before does, which ends the session where the token was used already."""
    successor = secrets.derive("refresh", token)
    used = "UPDATE refresh_tokens SET used_at = now() WHERE hash = :hash AND used_at IS NULL RETURNING session_id"
    session_id = await db.scalar(text(used), {"hash": secrets.digest(token)})
    assert session_id is not None, "the version before would end this session"
    new = "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES (:hash, :id, now() + interval '7 days')"
    await db.execute(text(new), {"hash": secrets.digest(successor), "id": session_id})
    await db.commit()
    return successor


async def test_a_logout_ends_what_all_cookies_name(client: httpx.AsyncClient, own: str, token: str):
    """And nothing of another board's."""
    sent = {"Cookie": f"{COOKIE}=another; {own}={token}; {COOKIE}-0a1b2c3d=another"}
    out = await client.post("/api/v1/auth/logout", headers=sent)

    assert out.status_code == 204
    assert [morsel.key for morsel in cookies(out)] == [COOKIE, own]
    assert (await refresh(client, [(own, token)])).status_code == 401


# Where an access token is shown: the lanes ahead of routing, and a route.
SHOWN = [ME, "/api/v1/board", "/api/v1/statuses"]


async def test_another_boards_token_is_not_taken(client: httpx.AsyncClient, bob: Persona, db: AsyncSession):
    """It has the same JWT_SECRET, and there an account and a session of the same numbers."""
    tokens = [
        (await log_in(client, "bob")).json()["access_token"],
        (await client.post(REFRESH)).json()["access_token"],
    ]
    here = [(await client.get(path, headers=bearer(token))).status_code for token in tokens for path in SHOWN]
    await db.execute(text("UPDATE board SET id = gen_random_uuid()"))
    await db.commit()
    there = [(await client.get(path, headers=bearer(token))).status_code for token in tokens for path in SHOWN]

    assert here == [200] * 6
    assert there == [401] * 6


async def test_the_claim_is_one_that_the_version_before_ignores(client: httpx.AsyncClient, bob: Persona):
    """It reads the token as ever; it would refuse an `aud`."""
    token = (await log_in(client, "bob")).json()["access_token"]
    claims = jwt.decode(token, settings.JWT_SECRET, algorithms=["HS256"], issuer="statusboard")

    assert claims.keys() == {"sub", "sid", "iat", "exp", "jti", "iss", "typ", "board"}


async def test_a_token_of_the_version_before_is_good(bob: Persona):
    """It names no board; one that names another in whatever way is not."""
    claims = jwt.decode(bob.token, settings.JWT_SECRET, algorithms=["HS256"], issuer=access_tokens.ISSUER)
    assert "board" not in claims
    assert (await bob.client.get(ME)).status_code == 200

    for board in ("", "None", 7, [], {}, True, "0a1b2c3d"):
        forged = jwt.encode(claims | {"board": board}, settings.JWT_SECRET, algorithm="HS256")
        assert (await bob.client.get(ME, headers=bearer(forged))).status_code == 401
