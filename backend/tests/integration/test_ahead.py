"""What is answered ahead of routing is answered as the routes do."""

import json

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import ahead
from tests.answers import ids
from tests.personas import Persona, new_client, new_persona
from tests.recorder import recorded

PATH = "/api/v1/statuses"
JSON = {"Content-Type": "application/json"}

# Bodies and headers of posts, of which some are good and all are handled by both.
POSTS: list[tuple[bytes, dict[str, str]]] = [
    (b'{"message": "plain"}', JSON),
    (b'{"message": "octo/api#12", "category": "blocked"}', JSON | {"Idempotency-Key": "k" * 255}),
    (b' {"message" : "caf\\u00e9 \xf0\x9f\x90\x99 \\ud83d\\udc19"}\n', JSON),
    (b'{"message": "a", "message": "b"}', JSON),
    (b'{"message": "x"}', JSON | {"Idempotency-Key": ""}),
    (b'{"message": "x"}', JSON | {"Idempotency-Key": "k" * 256}),
    (b'{"message": "x"}', JSON | {"Idempotency-Key": "two words"}),
    (b'{"message": "x"}', {"Content-Type": "text/plain"}),
    (b'{"message": "x"}', {"Content-Type": "application/json; charset=utf-8"}),
    (b'{"message": "x"}', JSON | {"Authorization": "Bearer nobody"}),
    (b'{"message": "x"}', JSON | {"Authorization": "Basic eDp5"}),
    (b'{"message": "x"}', JSON | {"Authorization": ""}),
    (b'{"message": "x"}', JSON | {"Origin": "http://localhost:3000"}),
    (b'{"message": "x"}', JSON | {"X-Request-ID": "mine"}),
    (b'{"message": "x", "author": "bob"}', JSON),
    (b'{"message": 12}', JSON),
    (b'{"message": null, "category": "x"}', JSON),
    (b'{"message": "half \\ud800"}', JSON),
    (b'{"message": "nul \\u0000"}', JSON),
    (b'{"message": "\xff"}', JSON),
    (b'{"message": "x"', JSON),
    (b"[]", JSON),
    (b"NaN", JSON),
    (b"", JSON),
    (b'{"message": "' + b"x" * 70_000 + b'"}', JSON),
]
OF_EACH = ("content-length", "x-request-id", "etag")


def said(response: httpx.Response) -> tuple[object, ...]:
    """Return all that an answer says but what is of this one alone."""
    headers = sorted((name, value) for name, value in response.headers.items() if name not in OF_EACH)
    body = response.json() if response.content else None
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in {"id", "created_at"}}
    return response.status_code, headers, body


@pytest.mark.parametrize("number", range(len(POSTS)))
async def test_a_post_is_taken_or_refused_as_by_its_route(number: int, ada: Persona, db: AsyncSession, monkeypatch):
    """The same status, headers and words, whatever is sent; and where it is posted, the same is in the log."""
    body, headers = POSTS[number]

    async def post() -> tuple[object, ...]:
        await db.execute(text("DELETE FROM idempotency_keys"))
        await db.commit()
        return said(await ada.client.post(PATH, content=body, headers=headers))

    first = await post()
    monkeypatch.setattr(ahead, "LANES", {})
    second = await post()

    assert first == second
    assert len(ids(await ada.client.get(PATH))) == (2 if first[0] == 201 else 0)


# What may happen to somebody who has just posted.
ENDS = [
    "UPDATE sessions SET ended_at = now()",
    "UPDATE sessions SET expires_at = now()",
    "UPDATE api_tokens SET revoked_at = now()",
    "UPDATE api_tokens SET expires_at = now()",
    "UPDATE users SET disabled = true",
]


async def with_api_token(persona: Persona, scope: str = "post") -> dict[str, str]:
    """Return the header of a new API token."""
    made = await persona.client.post("/api/v1/tokens", json={"name": "ci", "scopes": [scope]})
    return {"Authorization": f"Bearer {made.json()['token']}"}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("message", ["plain", "about octo/new#1"])
async def test_who_posts_again_is_checked_again(message: str, end: str, ada: Persona, db: AsyncSession, monkeypatch):
    """Whoever has just posted and may no more is refused as by the route, in that very post, and leaves nothing."""
    login, api_token = {}, await with_api_token(ada)
    by = [login] if "sessions" in end else [api_token] if "tokens" in end else [login, api_token]
    before = [await ada.client.post(PATH, json={"message": "first"}, headers=header) for header in by]
    await db.execute(text(end))
    await db.commit()
    after = [await ada.client.post(PATH, json={"message": message}, headers=header) for header in by]
    monkeypatch.setattr(ahead, "LANES", {})
    routes = [await ada.client.post(PATH, json={"message": message}, headers=header) for header in by]

    assert [response.status_code for response in before] == [201] * len(by)
    assert [said(response) for response in after] == [said(response) for response in routes]
    assert {response.status_code for response in after} <= {401, 403}
    assert await db.scalar(text("SELECT count(*) FROM statuses")) == len(by)
    assert await db.scalar(text("SELECT count(*) FROM github_references")) == 0


@pytest.mark.parametrize("end", ENDS)
async def test_who_reads_on_is_checked_again(end: str, ada: Persona, db: AsyncSession, monkeypatch):
    """Whoever has just read and may no more is refused as by the route, also a page that nobody has asked for yet."""
    await ada.post("one")
    login, api_token = {}, await with_api_token(ada, "read")
    by = [login] if "sessions" in end else [api_token] if "tokens" in end else [login, api_token]
    before = [await ada.client.get(f"{PATH}?limit={n}", headers=header) for n in (1, 2) for header in by]
    await db.execute(text(end))
    await db.commit()
    after = [await ada.client.get(f"{PATH}?limit={n}", headers=header) for n in (1, 3) for header in by]
    monkeypatch.setattr(ahead, "LANES", {})
    routes = [await ada.client.get(f"{PATH}?limit={n}", headers=header) for n in (1, 3) for header in by]

    assert [response.status_code for response in before] == [200] * 2 * len(by)
    assert [said(response) for response in after] == [said(response) for response in routes]
    assert {response.status_code for response in after} <= {401, 403}


async def test_who_reads_on_costs_one_statement(ada: Persona):
    """It checks the caller and reads a page that nobody has asked for; one that is at hand needs the check alone."""
    posted = await ada.post("one")
    for n, header in enumerate([{}, await with_api_token(ada, "read")]):
        await ada.client.get(f"{PATH}?limit=10", headers=header)
        with recorded() as statements:
            pages = [await ada.client.get(f"{PATH}?limit={20 + n}", headers=header) for _ in range(2)]

        assert [page.json()["items"] for page in pages] == [[posted], [posted]]
        assert [sql.split()[0] for sql in statements] == ["WITH", "SELECT"]


async def test_who_has_a_new_name_posts_by_it_at_once(ada: Persona, db: AsyncSession):
    """Also in a process that has known the old one for a moment."""
    await ada.post("as ever")
    await db.execute(text("UPDATE users SET display_name = 'Countess'"))
    await db.commit()

    assert (await ada.post("renamed"))["author"]["display_name"] == "Countess"


async def test_who_posts_again_costs_one_statement(ada: Persona):
    """It checks the caller and posts, for a login and for an API token; a repetition is looked at twice."""
    for header in ({}, await with_api_token(ada)):
        await ada.client.post(PATH, json={"message": "first"}, headers=header)
        keyed = {**header, "Idempotency-Key": str(len(header))}
        with recorded() as statements:
            second = await ada.client.post(PATH, json={"message": "second"}, headers=keyed)
        again = await ada.client.post(PATH, json={"message": "second"}, headers=keyed)

        assert [sql.split()[0] for sql in statements] == ["WITH"]
        assert again.json() == second.json()


LIST_QUERIES = ["", "?limit=1", "?limit=0", "?cursor=x", "?q=%00", "?nonsense=1", "?author=ada&category=done"]


@pytest.mark.parametrize(("path", "queries"), [(PATH, LIST_QUERIES), ("/api/v1/board", ["", "?nonsense=1", "?q=%00"])])
async def test_what_is_asked_is_read_or_refused_as_by_its_route(
    path: str, queries: list[str], ada: Persona, monkeypatch
):
    """With a good token, none, a bad one, one that may not read, a good query and a bad one."""
    await ada.post("one")
    token = await ada.client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["post"]})
    leaving = await new_persona("leaving")
    await ada.client.patch("/api/v1/users/leaving", json={"disabled": True})
    secrets = [ada.token, token.json()["token"], leaving.token, "sb_nobody", "x"]

    async def answers() -> list[tuple[object, ...]]:
        those = [{}, *({"Authorization": f"Bearer {secret}"} for secret in secrets)]
        async with new_client() as client:
            return [said(await client.get(path + query, headers=headers)) for query in queries for headers in those]

    made, kept = await answers(), await answers()
    monkeypatch.setattr(ahead, "LANES", {})

    assert made == kept == await answers()


async def test_a_malformed_question_is_refused_whatever_the_client_has(ada: Persona):
    """`If-None-Match: *` fits any page that there is, and a query that does not fit has none."""
    await ada.post("one")
    any_page = {"If-None-Match": "*"}

    assert (await ada.client.get(PATH, headers=any_page)).status_code == 304
    assert (await ada.client.get(f"{PATH}?limit=0", headers=any_page)).status_code == 422


async def test_a_client_that_hangs_up_posts_nothing(ada: Persona):
    """Half a body is no post."""
    from app.main import app  # noqa: PLC0415

    messages = iter(
        [
            {"type": "http.request", "body": b'{"message": "ha', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    headers = {"authorization": f"Bearer {ada.token}", "content-type": "application/json", "content-length": "20"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("board.test", 80),
    }
    sent = []

    async def receive() -> dict:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: dict) -> None:
        sent.append(message)

    await app(scope, receive, send)

    assert not any(message.get("status") == 201 for message in sent)
    assert json.loads((await ada.client.get(PATH)).content)["items"] == []
