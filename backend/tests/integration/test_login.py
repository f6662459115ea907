"""Logging in: `POST /auth/login`, and how often it may be tried."""

import asyncio
from datetime import timedelta

import httpx
import jwt
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.config import settings
from app.main import create_app
from app.models import Attempt, Session, User
from app.services.identity import passwords, sessions
from tests.clock import let_pass
from tests.logins import OTHER_PASSWORD, bearer, log_in
from tests.personas import BASE_URL, PASSWORD, Persona, new_client, new_member
from tests.servers import until

WRONG = "not her password at all"


async def test_a_login_answers_with_an_access_token(client: httpx.AsyncClient, ada: Persona):
    """The token works at once, lasts for 30 minutes, and no cache keeps it."""
    response = await log_in(client, "ada")
    tokens = response.json()
    me = await client.get("/api/v1/users/me", headers=bearer(tokens["access_token"]))

    assert response.status_code == 200
    assert tokens.keys() == {"access_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 1800)
    assert response.headers["Cache-Control"] == "no-store"
    assert me.json()["username"] == "ada"


async def test_an_access_token_is_an_hs256_jwt_with_the_promised_claims(client: httpx.AsyncClient, ada: Persona):
    """It names the user and the session, and nothing about them that a reader of the token should not know."""
    token = (await log_in(client, "ada")).json()["access_token"]

    claims = jwt.decode(token, settings.JWT_SECRET, algorithms=["HS256"], issuer="statusboard")

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert claims.keys() == {"sub", "sid", "iat", "exp", "jti", "iss", "typ", "board"}
    assert claims["sub"] == str(ada.user.id)
    assert claims["exp"] - claims["iat"] == 1800


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
async def test_the_secret_may_be_short(client: httpx.AsyncClient, ada: Persona, monkeypatch):
    """A secret under 32 bytes is a warning at the start, and works."""
    monkeypatch.setattr(settings, "JWT_SECRET", "test-secret")
    token = (await log_in(client, "ada")).json()["access_token"]

    response = await client.get("/api/v1/users/me", headers=bearer(token))

    assert response.status_code == 200


@pytest.mark.parametrize("name", ["ADA", "Ada"])
async def test_case_does_not_matter_in_names(client: httpx.AsyncClient, ada: Persona, name):
    """Ada may write herself as she likes; her password she may not."""
    welcome = await log_in(client, name)
    refused = await log_in(client, name, PASSWORD.upper())

    assert welcome.status_code == 200
    assert refused.status_code == 401


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(client: httpx.AsyncClient, ada: Persona):
    """Nothing tells whether there is an account, but for the id of the request."""
    answers = []
    for name in ("ada", "nobody", "имя", "a", "ada' OR 1=1 --"):
        response = await log_in(client, name, WRONG)
        headers = {key: value for key, value in response.headers.items() if key != "x-request-id"}
        answers.append((response.status_code, response.text, headers))

    assert answers == [answers[0]] * 5
    assert answers[0][0] == 401
    assert '"code":"wrong_credentials"' in answers[0][1]
    assert answers[0][2]["www-authenticate"] == "Bearer"
    assert "set-cookie" not in answers[0][2]


@pytest.mark.parametrize("name", ["ada", "nobody"])
async def test_an_unknown_name_costs_as_much_as_a_known_one(client: httpx.AsyncClient, ada: Persona, monkeypatch, name):
    """One argon2 hash is made either way."""
    checked = []
    monkeypatch.setattr(passwords, "_verify", lambda password_hash, _: checked.append(password_hash))

    await log_in(client, name, WRONG)

    assert len(checked) == 1
    assert checked[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_disabled_account_is_told_so_only_with_its_password(client: httpx.AsyncClient, database_url: str):
    """Someone who guesses learns nothing."""
    await new_member("bob", disabled=True)

    right = await log_in(client, "bob")
    wrong = await log_in(client, "bob", WRONG)

    assert (right.status_code, right.json()["code"]) == (403, "account_disabled")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")


async def test_a_password_that_was_changed_meanwhile_starts_no_session(
    client: httpx.AsyncClient, ada: Persona, db: AsyncSession, monkeypatch
):
    """While the old password was being checked, it was reset: whoever knew it is not let in any more."""

    async def check_slowly(password_hash: str | None, password: str) -> bool:
        await db.execute(update(User).values(password_hash=await passwords.hash_password(OTHER_PASSWORD)))
        await db.commit()
        return await passwords.verify_password(password_hash, password)

    monkeypatch.setattr(sessions, "verify_password", check_slowly)

    response = await log_in(client, "ada")

    assert (response.status_code, response.json()["code"]) == (401, "wrong_credentials")


async def test_the_user_agent_is_kept_up_to_200_characters(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """A client may call itself whatever it likes."""
    response = await log_in(client, "ada", **{"User-Agent": "Browser/1.0 " * 20})
    kept = await db.scalar(select(Session.user_agent).order_by(Session.id.desc()).limit(1))

    assert response.status_code == 200
    assert kept is not None
    assert len(kept) == 200


async def test_a_name_has_five_attempts_in_a_quarter_of_an_hour(
    client: httpx.AsyncClient, ada: Persona, bob: Persona, db: AsyncSession
):
    """The sixth is refused even with the right password; Bob, and Ada from elsewhere, are not kept waiting."""
    wrong = [await log_in(client, name, WRONG) for name in ("ada", "ADA", "Ada", "adA", "ada")]
    sixth = await log_in(client, "ada")
    bobs = await log_in(client, "bob")
    async with new_client(client=("192.0.2.7", 1)) as elsewhere:
        adas = await log_in(elsewhere, "ada")
    await let_pass(db, timedelta(minutes=15, seconds=1))
    later = await log_in(client, "ada")

    assert [response.status_code for response in wrong] == [401] * 5
    assert (sixth.status_code, sixth.json()["code"]) == (429, "rate_limited")
    assert 850 < int(sixth.headers["Retry-After"]) <= 900
    assert [response.status_code for response in (bobs, adas, later)] == [200] * 3


async def test_the_next_attempt_is_allowed_when_retry_after_says(
    client: httpx.AsyncClient, ada: Persona, db: AsyncSession
):
    """The window slides: the oldest of five attempts makes room after a quarter of an hour, one at a time."""
    await log_in(client, "ada", WRONG)
    await let_pass(db, timedelta(minutes=10))
    for _ in range(4):
        await log_in(client, "ada", WRONG)
    refused = await log_in(client, "ada", WRONG)
    await let_pass(db, timedelta(seconds=int(refused.headers["Retry-After"])))
    allowed = await log_in(client, "ada", WRONG)
    again = await log_in(client, "ada", WRONG)

    assert 250 < int(refused.headers["Retry-After"]) <= 300
    assert [response.status_code for response in (refused, allowed, again)] == [429, 401, 429]


async def test_an_address_has_thirty_attempts_an_hour(
    client: httpx.AsyncClient, ada: Persona, db: AsyncSession, monkeypatch
):
    """One who tries a common password with many names gets no further than 30 of them."""
    monkeypatch.setattr(passwords, "_verify", lambda _, password: password == PASSWORD)
    tried = [await log_in(client, f"guess-{n}", WRONG) for n in range(31)]
    await let_pass(db, timedelta(hours=1, seconds=1))
    later = await log_in(client, "ada")

    assert [response.status_code for response in tried] == [401] * 30 + [429]
    assert 3500 < int(tried[-1].headers["Retry-After"]) <= 3600
    assert later.status_code == 200


@pytest.mark.parametrize("hours", [0.01, 2, 24 * 365])
async def test_attempts_from_the_future_keep_nobody_out(
    client: httpx.AsyncClient, ada: Persona, db: AsyncSession, hours: float
):
    """The database's clock was set back behind them; attempts of now are counted as ever."""
    for _ in range(5):
        await log_in(client, "ada", WRONG)
    before = await log_in(client, "ada")
    await let_pass(db, -timedelta(hours=hours))
    after = await log_in(client, "ada")
    wrong = [await log_in(client, "ada", WRONG) for _ in range(6)]

    assert (before.status_code, after.status_code) == (429, 200)
    assert [response.status_code for response in wrong] == [401] * 5 + [429]
    assert 0 < int(wrong[-1].headers["Retry-After"]) <= 900


async def test_a_success_costs_no_attempt(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """A script that logs in every minute is no attacker, and does not take the failures back either."""
    for _ in range(4):
        await log_in(client, "ada", WRONG)
    good = [await log_in(client, "ada") for _ in range(8)]
    fifth = await log_in(client, "ada", WRONG)
    sixth = await log_in(client, "ada")

    assert [response.status_code for response in good] == [200] * 8
    assert [fifth.status_code, sixth.status_code] == [401, 429]
    assert await db.scalar(select(func.count(Attempt.id))) == 5


async def test_of_fifty_attempts_at_once_five_are_checked(ada: Persona, monkeypatch):
    """An attempt is reserved before the password is hashed: nobody gets more by asking faster."""
    checked = []

    async def check(_: str | None, password: str) -> bool:
        checked.append(password)
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr(sessions, "verify_password", check)
    # Two apps, which share nothing but the database, as two workers do.
    workers = [new_client(), httpx.AsyncClient(transport=httpx.ASGITransport(create_app()), base_url=BASE_URL)]

    responses = await asyncio.gather(*[log_in(workers[n % 2], "ada", f"guess number {n}") for n in range(50)])

    codes = [response.status_code for response in responses]
    assert len(checked) == codes.count(401) == 5
    assert set(codes) <= {401, 429, 503}


async def test_an_address_of_ipv6_is_its_network(ada: Persona):
    """Whoever has one address has its whole /64, so five from there are five; the next network is someone else's."""
    codes = []
    for address in [*(f"2001:db8:1:2::{n}" for n in range(1, 6)), "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"]:
        async with new_client(client=(address, 1)) as client:
            codes.append((await log_in(client, "ada", WRONG)).status_code)

    assert codes == [401] * 5 + [429, 401]


@pytest.mark.parametrize(
    "addresses",
    [("192.0.2.1", "::ffff:192.0.2.1"), ("fe80::1%eth0", "fe80::2%eth0"), ("unknown", "unknown"), (None, None)],
)
async def test_addresses_that_count_as_one(ada: Persona, addresses):
    """An IPv4 address in IPv6's form, addresses with a zone, and none at all (a Unix socket) are counted too."""
    codes = []
    for n in range(6):
        address = addresses[n % 2]
        async with new_client(client=(address, 1) if address else None) as client:
            codes.append((await log_in(client, "ada", WRONG)).status_code)

    assert codes == [401] * 5 + [429]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
async def test_what_a_client_says_of_its_address_is_not_believed(client: httpx.AsyncClient, ada: Persona, header):
    """Only the server in front of the app knows whom to trust; the app itself believes nobody."""
    codes = [(await log_in(client, "ada", WRONG, **{header: f"192.0.2.{n}"})).status_code for n in range(6)]

    assert codes == [401] * 5 + [429]


async def test_a_busy_board_says_when_to_come_back(client: httpx.AsyncClient, ada: Persona):
    """Where 20 others wait for their password to be checked, the next gets 503, and loses no attempt by it."""
    turns = passwords.turns

    async def wait(address: int) -> None:
        async with turns.turn(address):
            pass

    async with asyncio.TaskGroup() as group, turns.turn("someone"):
        for address in range(passwords.MOST_WAITING):
            group.create_task(wait(address))
        await until(lambda: turns.waiting == passwords.MOST_WAITING)
        busy = [await log_in(client, "ada") for _ in range(6)]
    quiet = await log_in(client, "ada")

    assert {(response.status_code, response.json()["code"]) for response in busy} == {(503, "too_busy")}
    assert busy[0].headers["Retry-After"] == "1"
    assert quiet.status_code == 200


async def test_thirty_who_log_in_at_once_get_in_or_are_told_to_wait(ada: Persona, db: AsyncSession):
    """Hashing is bounded: some may be told to come back, none fails otherwise, and whoever was let in has a session."""

    async def one(n: int) -> int:
        async with new_client(client=(f"192.0.2.{n}", 1)) as client:
            return (await log_in(client, "ada")).status_code

    codes = await asyncio.gather(*map(one, range(30)))

    assert 200 in codes
    assert set(codes) <= {200, 503}
    assert await db.scalar(select(func.count(Session.id))) == codes.count(200) + 1
    assert await db.scalar(select(func.count(Attempt.id))) == 0


async def test_an_accent_may_be_typed_in_two_ways(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """One keyboard sends one character, another a letter and its accent: they are the same password."""
    await db.execute(
        update(User).values(password_hash=await passwords.hash_password("un caf\u00e9 tr\u00e8s tranquille"))
    )
    await db.commit()

    response = await log_in(client, "ada", "un cafe\u0301 tre\u0300s tranquille")

    assert response.status_code == 200


NO_LOGINS = [
    {"username": ""},
    {"username": "a" * 101},
    {"username": "ada\0"},
    {"username": 7},
    {"password": ""},
    {"password": "x" * 1001},
    {"password": "x\0y"},
    {"password": None},
    {"remember": True},
]


async def test_what_is_no_login_is_422_and_costs_no_attempt(client: httpx.AsyncClient, db: AsyncSession, subtests):
    """Unknown fields too: a misspelt one is noticed."""
    for fields in NO_LOGINS:
        with subtests.test(fields=fields):
            response = await client.post("/api/v1/auth/login", json={"username": "ada", "password": PASSWORD} | fields)

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
            assert await db.scalar(select(func.count(Attempt.id))) == 0


async def test_a_login_by_get_is_405(client: httpx.AsyncClient, database_url: str):
    """A password in an address would end in logs."""
    response = await client.get("/api/v1/auth/login", params={"username": "ada", "password": PASSWORD})

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"


async def test_a_login_holds_no_connection_while_it_hashes(ada: Persona, monkeypatch):
    """More people than the pool has connections may be waiting for their passwords, and the board still answers."""
    hashing, go_on = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(sessions, "verify_password", lambda *_: _wait(hashing, go_on))
    async with new_client() as client:
        waiting = asyncio.create_task(log_in(client, "ada"))
        await hashing.wait()
        in_use = database.async_engine.pool.checkedout()
        go_on.set()
        await waiting

    assert in_use == 0


async def _wait(reached: asyncio.Event, go_on: asyncio.Event) -> bool:
    reached.set()
    await go_on.wait()
    return True
