"""Personal API tokens: `POST /tokens`, `GET /tokens`, `DELETE /tokens/{id}`, and what may be done with one."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import ApiToken
from app.services.identity import secrets
from tests.clock import let_pass
from tests.logins import OTHER_PASSWORD, bearer
from tests.personas import PASSWORD, Persona, new_client

PATH = "/api/v1/tokens"
ME = "/api/v1/users/me"

# Every request that needs a token: what an API token needs for it, or None where none will do. Those that name what
# does not exist are 404 or 422 for whoever may ask.
REQUESTS = [
    ("GET", "/users/me", None, "read"),
    ("GET", "/users", None, "read"),
    ("GET", "/users/ada", None, "read"),
    ("GET", "/statuses", None, "read"),
    ("GET", "/statuses/7", None, "read"),
    ("GET", "/board", None, "read"),
    ("GET", "/references/{owner}/{repo}/{number}", None, "read"),
    ("POST", "/statuses", {"message": "Built main"}, "post"),
    ("PATCH", "/statuses/7", {"message": "Built it"}, "post"),
    ("DELETE", "/statuses/7", None, "post"),
    ("PATCH", "/users/me", {"display_name": "A robot"}, None),
    ("PATCH", "/users/bob", {"role": "member"}, None),
    ("POST", "/users/bob/reset", None, None),
    ("POST", "/auth/password", {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}, None),
    ("GET", "/auth/sessions", None, None),
    ("DELETE", "/auth/sessions/7", None, None),
    ("POST", "/tokens", {"name": "another", "scopes": ["read"]}, None),
    ("GET", "/tokens", None, None),
    ("DELETE", "/tokens/7", None, None),
    ("POST", "/invites", {}, None),
    ("GET", "/invites", None, None),
    ("DELETE", "/invites/7", None, None),
]


async def new_token(member: Persona, *scopes: str, **fields: str) -> dict:
    body = {"name": "Nightly build", "scopes": scopes or ["read", "post"]} | fields
    response = await member.client.post(PATH, json=body)
    assert response.status_code == 201, response.text
    return response.json()


async def test_a_token_is_shown_once(bob: Persona, db: AsyncSession):
    """The answer to its making has it; the list does not, and the database only its hash."""
    created = await new_token(bob, "post", "read", "post")

    (listed,) = (await bob.client.get(PATH)).json()["items"]
    token = created.pop("token")
    assert token.startswith("sb_")
    assert len(token) == 46
    assert created == listed
    assert listed.pop("created_at").endswith("Z")
    assert listed == {
        "id": created["id"],
        "name": "Nightly build",
        "scopes": ["post", "read"],
        "last_used_at": None,
        "expires_at": None,
    }
    assert await db.scalar(select(ApiToken.hash)) == secrets.digest(token)


async def test_a_token_reads_and_posts_in_its_owners_name(client: httpx.AsyncClient, bob: Persona):
    """What Bob's agent says, Bob says."""
    headers = bearer((await new_token(bob))["token"])

    me = await client.get(ME, headers=headers)
    posted = await client.post("/api/v1/statuses", json={"message": "Built main"}, headers=headers)

    assert me.json()["username"] == "bob"
    assert posted.status_code == 201
    assert posted.json()["author"]["username"] == "bob"


@pytest.mark.parametrize("scopes", [("read",), ("post",), ("read", "post")])
async def test_scopes_hold_on_every_route(ada: Persona, scopes):
    """One that may read can't post, one that may post can't read, and none manages accounts, not even an admin's."""
    token = (await new_token(ada, *scopes))["token"]
    unexpected = []

    async with new_client(token) as robot:
        for method, path, body, needed in REQUESTS:
            place = path.format(owner="octo", repo="api", number=12)
            response = await robot.request(method, f"/api/v1{place}", json=body)
            code = response.json().get("code") if response.content else None
            refusal = "session_required" if needed is None else None if needed in scopes else "insufficient_scope"
            allowed = refusal is None and response.status_code in {200, 201, 204, 404}
            if not allowed and (response.status_code, code) != (403, refusal):
                unexpected.append((method, path, response.status_code, code))

    assert unexpected == []


async def test_every_route_that_needs_a_token_is_in_the_table(client: httpx.AsyncClient, database_url: str):
    """A new route is decided on above, rather than forgotten."""
    schema = (await client.get("/api/v1/openapi.json")).json()
    needing = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if operation.get("security") and not path.endswith("/logout")
    }
    names = {"7": {"{status_id}", "{session_id}", "{token_id}", "{invite_id}"}, "ada": {"{username}"}}
    names["bob"] = names["ada"]

    covered = {
        (method, path.replace(f"/{given}", f"/{name}"))
        for method, path, _, _ in REQUESTS
        for given in ["", *(part for part in path.split("/") if part in names)][-1:]
        for name in names.get(given, {given})
    }

    assert needing <= covered


async def test_without_a_token_every_route_is_401(client: httpx.AsyncClient, ada: Persona):
    """With the challenge that RFC 9110 asks for; also where the body is bad, or what is asked for does not exist."""
    unexpected = []

    for method, path, _, _ in REQUESTS:
        response = await client.request(method, f"/api/v1{path.format(owner='octo', repo='api', number=12)}")
        answer = (response.status_code, response.json()["code"], response.headers.get("WWW-Authenticate"))
        if answer != (401, "unauthenticated", "Bearer"):
            unexpected.append((method, path, answer))

    assert unexpected == []


async def test_a_token_expires(client: httpx.AsyncClient, bob: Persona, db: AsyncSession):
    """It works until `expires_at`, and stays in the list, so that Bob sees why his build fails."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    headers = bearer((await new_token(bob, expires_at=tomorrow))["token"])

    before = await client.get(ME, headers=headers)
    await let_pass(db, timedelta(days=1, seconds=1))
    after = await client.get(ME, headers=headers)

    assert before.status_code == 200
    assert (after.status_code, after.json()["code"]) == (401, "invalid_token")
    assert len((await bob.client.get(PATH)).json()["items"]) == 1


async def test_a_times_zone_is_heeded(bob: Persona):
    """What comes with another offset is answered in UTC."""
    created = await new_token(bob, expires_at="2999-01-01T01:30:00+05:30")

    assert created["expires_at"] == "2998-12-31T20:00:00Z"


async def test_a_token_that_has_expired_already_is_not_made(bob: Persona):
    """By the database's clock; a year that was mistyped is noticed at once."""
    response = await bob.client.post(
        "/api/v1/tokens", json={"name": "Build", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}
    )

    assert response.status_code == 422
    assert response.json()["code"] == "already_expired"


async def test_a_revoked_token_stops_at_once(client: httpx.AsyncClient, bob: Persona):
    """It is gone from the list too, and can't be revoked again."""
    created = await new_token(bob)

    codes = [(await bob.client.delete(f"{PATH}/{created['id']}")).status_code for _ in range(2)]

    used = await client.get(ME, headers=bearer(created["token"]))
    assert codes == [204, 404]
    assert (used.status_code, used.json()["code"]) == (401, "invalid_token")
    assert used.headers["WWW-Authenticate"] == "Bearer"
    assert (await bob.client.get(PATH)).json()["items"] == []


async def test_someone_elses_token_is_not_there(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Not in the list, and not to be revoked, not even by an admin."""
    created = await new_token(bob)

    revoked = await ada.client.delete(f"{PATH}/{created['id']}")

    assert (revoked.status_code, revoked.json()["code"]) == (404, "not_found")
    assert (await ada.client.get(PATH)).json()["items"] == []
    assert (await client.get(ME, headers=bearer(created["token"]))).status_code == 200


async def test_the_last_use_is_noted_once_a_minute(client: httpx.AsyncClient, bob: Persona, db: AsyncSession):
    """A robot that asks ten times a second does not write ten times a second."""
    headers = bearer((await new_token(bob))["token"])
    age = select(func.clock_timestamp() - ApiToken.last_used_at)

    await client.get(ME, headers=headers)
    first = await db.scalar(age)
    await let_pass(db, timedelta(seconds=50))
    await client.get(ME, headers=headers)
    second = await db.scalar(age)
    await let_pass(db, timedelta(seconds=15))
    await client.get(ME, headers=headers)
    third = await db.scalar(age)

    assert first < timedelta(seconds=10)
    assert second > timedelta(seconds=50)
    assert third < timedelta(seconds=10)


async def test_a_disabled_accounts_tokens_rest(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """They are refused by name while the account is disabled, and work again afterwards."""
    headers = bearer((await new_token(bob))["token"])

    await ada.client.patch("/api/v1/users/bob", json={"disabled": True})
    disabled = await client.get(ME, headers=headers)
    await ada.client.patch("/api/v1/users/bob", json={"disabled": False})
    enabled = await client.get(ME, headers=headers)

    assert (disabled.status_code, disabled.json()["code"]) == (403, "account_disabled")
    assert enabled.status_code == 200


async def test_the_list_is_read_page_by_page(bob: Persona):
    """Newest first, each once."""
    made = [(await new_token(bob))["id"] for _ in range(5)]

    first = (await bob.client.get(PATH, params={"limit": 3})).json()
    second = (await bob.client.get(PATH, params={"limit": 3, "cursor": first["next_cursor"]})).json()

    assert [token["id"] for token in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


BAD_TOKENS = [
    {"name": ""},
    {"name": " "},
    {"name": "x" * 81},
    {"name": "two\nlines"},
    {"name": "x\0"},
    {"name": None},
    {"scopes": []},
    {"scopes": ["admin"]},
    {"scopes": ["read"] * 11},
    {"scopes": "read"},
    {"scopes": [["read"]]},
    {"expires_at": "tomorrow"},
    {"expires_at": "2030-01-01T00:00:00"},
    {"expires_at": "9999-12-31T23:59:59-12:00"},
    {"expires_at": "0001-01-01T00:00:00+12:00"},
    {"expires_at": 10**30},
    {"token": "sb_of_my_own_choice"},
]


async def test_what_does_not_fit_is_422(bob: Persona, subtests):
    """A time without a zone too: whose noon would it be?"""
    for fields in BAD_TOKENS:
        with subtests.test(fields=fields):
            response = await bob.client.post(PATH, json={"name": "ci", "scopes": ["read"]} | fields)

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


GUESSES = [
    "Bearer sb_guess",
    "Bearer sb_",
    "Bearer sb_" + "x" * 5000,
    "Bearer sb_\xe9\xff",
    "Bearer",
    "Bearer  ",
    "Basic YWRhOmFkYQ==",
    "sb_guess",
    "",
]


async def test_a_guess_is_401(client: httpx.AsyncClient, database_url: str, subtests):
    """Whatever is sent in place of a token."""
    for header in GUESSES:
        with subtests.test(header=header):
            response = await client.get(ME, headers={b"Authorization": header.encode("latin-1")})

            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
