"""Answers of the API are compressed for whoever takes that, by the response cache as by the routes."""

import gzip
import json

import httpx
import pytest

from app.api import response_cache
from tests.logins import log_in
from tests.personas import PASSWORD, Persona

PATH = "/api/v1/statuses"

TAKE_IT = ["gzip", "gzip, deflate, br, zstd", "GZIP;q=0.5", "br;q=1.0, gzip;q=0.8"]
DO_NOT = ["", "identity", "br", "gzip;q=0", "gzip; q=0.000, identity", "x-gzip-like"]


async def raw(client: httpx.AsyncClient, path: str, encoding: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """Return an answer and its body as it came."""
    async with client.stream("GET", path, headers={**headers, "Accept-Encoding": encoding}) as response:
        return response, b"".join([part async for part in response.aiter_raw()])


@pytest.fixture
async def told(ada: Persona) -> Persona:
    """Somebody on a board whose pages are worth compressing."""
    for number in range(8):
        await ada.post(f"status {number} about octo/api#{number + 1}", "blocked")
    return ada


@pytest.mark.parametrize("path", [PATH, "/api/v1/board", "/api/v1/openapi.json"])
async def test_large_answers_are_compressed_for_who_takes_it(told: Persona, path: str, subtests):
    """And are the same for everybody else, with a length that is right and a word to caches."""
    _, plain = await raw(told.client, path, "identity")
    for encoding in TAKE_IT + DO_NOT:
        with subtests.test(encoding):
            response, body = await raw(told.client, path, encoding)
            is_compressed = response.headers.get("content-encoding") == "gzip"

            assert is_compressed == (encoding in TAKE_IT)
            assert int(response.headers["content-length"]) == len(body)
            assert "Accept-Encoding" in response.headers["vary"].split(", ")
            assert (gzip.decompress(body) if is_compressed else body) == plain
            assert not is_compressed or len(body) < len(plain) / 3


async def test_a_page_that_is_kept_is_compressed_as_by_its_route(told: Persona, subtests):
    """Header by header, for a short page and a long one."""
    for query in ("?limit=1", "?limit=50"):
        for encoding in (*TAKE_IT, *DO_NOT):
            with subtests.test(query=query, encoding=encoding):
                response_cache.answers.known.clear()
                by_route, body_by_route = await raw(told.client, PATH + query, encoding)
                kept, body_kept = await raw(told.client, PATH + query, encoding)

                assert body_kept == body_by_route
                assert headers_of(kept) == headers_of(by_route)


def headers_of(response: httpx.Response) -> list[tuple[str, str]]:
    """Return what an answer says but for what is of this one alone."""
    return sorted((name, value) for name, value in response.headers.items() if name != "x-request-id")


async def test_one_tag_stands_for_both_forms(told: Persona):
    """Whoever has the page in one form is not sent it in the other; the 304 tells caches the same as the 200."""
    compressed, _ = await raw(told.client, PATH, "gzip")
    plain, _ = await raw(told.client, PATH, "identity")
    unchanged, body = await raw(told.client, PATH, "identity", **{"If-None-Match": compressed.headers["etag"]})

    assert compressed.headers["etag"] == plain.headers["etag"]
    assert compressed.headers["etag"].startswith("W/")
    assert (unchanged.status_code, body) == (304, b"")
    assert unchanged.headers["vary"] == compressed.headers["vary"]


async def test_what_is_secret_is_not_compressed(client: httpx.AsyncClient, ada: Persona):
    """A compressed answer tells something of its content by its length (BREACH): tokens and links are left alone."""
    login = await log_in(client, "ada", PASSWORD)
    token = await ada.client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["read"]})
    invite = await ada.client.post("/api/v1/invites", json={})

    for response in (login, token, invite):
        assert response.is_success, response.text
        assert "content-encoding" not in response.headers
        assert json.loads(response.content)
