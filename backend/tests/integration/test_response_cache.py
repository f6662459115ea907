"""The response cache gives again what its route would answer, to whoever may have it, for as long as that is so."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import response_cache
from app.api.response_cache import LARGEST_ANSWER, LONGEST_QUERY, MOST_ANSWERS, Answers, CachedResponse, Version
from app.services.feed.log import Position
from app.services.statuses import board, listing
from tests.personas import Persona, new_client, new_persona
from tests.recorder import recorded

PATH = "/api/v1/statuses"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

# What may happen to somebody who has just been answered.
ENDS = [
    "UPDATE sessions SET ended_at = now()",
    "UPDATE sessions SET expires_at = now()",
    "UPDATE api_tokens SET revoked_at = now()",
    "UPDATE api_tokens SET expires_at = now()",
    "UPDATE users SET disabled = true",
]


def said(response: httpx.Response) -> tuple[object, ...]:
    """Return all that an answer says but the request's own id."""
    headers = sorted((name, value) for name, value in response.headers.items() if name != "x-request-id")
    return response.status_code, headers, response.content


async def with_api_token(persona: Persona, scope: str = "read") -> dict[str, str]:
    """Return the header of a new API token."""
    made = await persona.client.post("/api/v1/tokens", json={"name": "ci", "scopes": [scope]})
    return {"Authorization": f"Bearer {made.json()['token']}"}


@pytest.mark.parametrize("end", ENDS)
async def test_who_reads_on_is_checked_again(end: str, ada: Persona, db: AsyncSession):
    """Whoever has just read and may no more is refused, a page that is kept as well as another one."""
    await ada.post("one")
    login, api_token = {}, await with_api_token(ada)
    by = [login] if "sessions" in end else [api_token] if "tokens" in end else [login, api_token]
    before = [await ada.client.get(f"{PATH}?limit={n}", headers=header) for n in (1, 2) for header in by]
    await db.execute(text(end))
    await db.commit()
    after = [await ada.client.get(f"{PATH}?limit={n}", headers=header) for n in (1, 3) for header in by]

    assert {response.status_code for response in before} == {200}
    assert {response.status_code for response in after} <= {401, 403}


async def test_what_is_kept_costs_one_statement(ada: Persona):
    """It says who asks and where the log stands. The first time there is a second, which reads the page."""
    posted = await ada.post("one")
    for n, header in enumerate([{}, await with_api_token(ada)]):
        await ada.client.get(f"{PATH}?limit=10", headers=header)
        with recorded() as statements:
            pages = [await ada.client.get(f"{PATH}?limit={20 + n}", headers=header) for _ in range(2)]

        assert [page.json()["items"] for page in pages] == [[posted], [posted]]
        assert [sql.split()[0] for sql in statements] == ["SELECT", "WITH", "SELECT"]


LIST_QUERIES = ["", "?limit=1", "?limit=0", "?cursor=x", "?q=%00", "?nonsense=1", "?author=ada&category=done"]


@pytest.mark.parametrize(("path", "queries"), [(PATH, LIST_QUERIES), ("/api/v1/board", ["", "?nonsense=1", "?q=%00"])])
async def test_an_answer_that_is_kept_is_the_one_that_was_made(path: str, queries: list[str], ada: Persona):
    """Byte for byte with its headers: for readers and for others, compressed or not, for another origin as well."""
    await ada.post("one " + "and more " * 40)
    await ada.post("two " + "and more " * 40)
    leaving = await new_persona("leaving")
    poster = await with_api_token(ada, "post")
    await ada.client.patch("/api/v1/users/leaving", json={"disabled": True})
    secrets = [f"Bearer {secret}" for secret in (ada.token, leaving.token, "sb_nobody", "x")]
    whose = [{}, poster, *({"Authorization": secret} for secret in secrets)]
    how = [{}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity"}, {"Origin": "http://localhost:3000"}]

    async def answers() -> list[tuple[object, ...]]:
        those = [by | as_ for by in whose for as_ in how]
        async with new_client() as client:
            return [said(await client.get(path + query, headers=headers)) for query in queries for headers in those]

    response_cache.answers.known.clear()
    made, kept = await answers(), await answers()

    assert kept == made


@pytest.mark.parametrize(("path", "service"), [(PATH, listing), ("/api/v1/board", board)])
async def test_what_is_kept_is_not_read_again(path: str, service: object, ada: Persona, monkeypatch):
    """Nor for a HEAD, nor for a client that takes it compressed."""
    await ada.post("one")
    first = await ada.client.get(path)
    monkeypatch.setattr(service, "read", None)
    again = await ada.client.get(path)
    head = await ada.client.head(path)
    compressed = await ada.client.get(path, headers={"Accept-Encoding": "gzip"})

    assert again.content == compressed.content == first.content
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", first.headers["ETag"])


async def test_a_malformed_question_is_refused_whatever_the_client_has(ada: Persona):
    """`If-None-Match: *` fits any page that there is, and a query that does not fit has none."""
    await ada.post("one")
    any_page = {"If-None-Match": "*"}

    assert (await ada.client.get(PATH, headers=any_page)).status_code == 304
    assert (await ada.client.get(f"{PATH}?limit=0", headers=any_page)).status_code == 422


def test_a_process_keeps_a_few_answers_of_one_version():
    """So many and none too large or to too long a question; another version, also one before, is a new beginning."""
    kept = Answers()
    one, two = Version.at(Position(1, "aaaaaaaa"), NOW), Version.at(Position(1, "bbbbbbbb"), NOW)
    questions = [(PATH, str(number).encode()) for number in range(100)]
    for question in questions:
        kept.keep(one, question, CachedResponse(b"page", "tag"))
    kept.keep(one, (PATH, b"limit=" + b"0" * LONGEST_QUERY + b"5"), CachedResponse(b"page", "tag"))
    found = [question for question in questions if kept.find(one, question)]
    kept.keep(two, questions[0], CachedResponse(b"x" * (LARGEST_ANSWER + 1), "tag"))

    assert found == questions[-MOST_ANSWERS:]
    assert not any(kept.find(version, question) for version in (one, two) for question in questions)


@pytest.mark.shipped_patience
def test_what_an_answer_says_of_today_holds_for_a_quarter_of_an_hour():
    """Its tag and what is kept of it: no day begins within one, and one may begin with the next."""
    position, question = Position(1, "aaaaaaaa"), ("/api/v1/board", b"")
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    last = Version.at(position, midnight - timedelta(seconds=1))

    assert Version.at(position, midnight - timedelta(minutes=15)) == last
    assert Version.at(position, midnight) != last
    assert Version.at(position, midnight).etag(question) != last.etag(question)
