"""Whatever a client sends: a clear answer in the one form of errors, and never a 500."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from app.config import settings
from tests.answers import invalid, refused
from tests.patience import LONG
from tests.personas import Persona
from tests.servers import Server

PATH = "/api/v1/statuses"
JSON = {"Content-Type": "application/json"}
LARGEST = 64 * 1024


def padded(size: int) -> bytes:
    """Return a JSON body of exactly this many bytes."""
    frame = '{"message": "x"}'
    return frame.replace("{", "{" + " " * (size - len(frame))).encode()


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in pieces, so that its length is not declared."""
    for start in range(0, len(body), 8192):
        yield body[start : start + 8192]


async def raw(server: Server, request: bytes) -> bytes:
    """Answer bytes that no client of good breeding would send."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request)
    async with asyncio.timeout(LONG):
        answer = await reader.read()
    writer.close()
    return answer


async def test_bodies_that_are_too_large(server: Server, ada: Persona):
    """64 KiB pass, one byte more is 413, declared or in chunks, with a token or without."""
    async with server.client(ada.token) as client, server.client() as stranger:
        fits = await client.post(PATH, content=padded(LARGEST), headers=JSON)
        chunks_fit = await client.post(PATH, content=in_chunks(padded(LARGEST)), headers=JSON)
        declared = await client.post(PATH, content=padded(LARGEST + 1), headers=JSON)
        chunked = await client.post(PATH, content=in_chunks(padded(LARGEST + 1)), headers=JSON)
        unknown = await stranger.post(PATH, content=padded(LARGEST + 1), headers=JSON)
        login = await stranger.post("/api/v1/auth/login", content=in_chunks(b"x" * (LARGEST + 1)), headers=JSON)

    assert (fits.status_code, chunks_fit.status_code) == (201, 201)
    for response in (declared, chunked, unknown, login):
        refused(response, 413, "body_too_large")


async def test_a_large_length_alone_is_refused(server: Server):
    """Nobody waits for a body that will be refused."""
    for length in [LARGEST + 1, 10**12, 10**18]:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        answer = await raw(server, head.encode())

        assert answer.startswith(b"HTTP/1.1 413 "), length
        assert b'"code":"body_too_large"' in answer


async def test_bodies_that_are_no_json(ada: Persona):
    """Cut off, deep, not in UTF-8, of another type, or none at all: 422, and nothing is posted."""
    bodies = [
        b"",
        b"{",
        b'{"message": "x"',
        b"[" * 60_000,
        b'{"message":' * 5_000,
        b'{"message": "\xff"}',
        b'{"message": "\xed\xa0\x80"}',
        b"\xff\xfe",
        b"\x00",
        b'{"message": ' + b"9" * 5000 + b"}",
        b'{"message": NaN}',
        b'{"message": Infinity}',
        b'{"message": 1e999}',
        b"null",
        b"[]",
        b'"message"',
        b"12",
        b"NaN",
    ]
    for body in bodies:
        response = await ada.client.post(PATH, content=body, headers=JSON)

        refused(response, 422, "invalid_request")

    assert (await ada.client.get(PATH)).json()["items"] == []


async def test_values_of_another_kind(ada: Persona):
    """Text is no number, a number neither a truth value nor a moment; 2.0 is a whole number, as JSON has it."""
    for uses in ["2", True, 2.5, None, [2], 1e300]:
        invalid(await ada.client.post("/api/v1/invites", json={"uses": uses}), "body", "uses")
    for disabled in [0, 1, "false", "", [True]]:
        invalid(await ada.client.patch("/api/v1/users/ada", json={"disabled": disabled}), "body", "disabled")
    for moment in [0, 1.5, "0", "1e3", "2026-01-01", "2026-01-01T00:00Z", "2026-01-01T00:00:00", "20260101T000000Z"]:
        body = {"name": "x", "scopes": ["read"], "expires_at": moment}
        invalid(await ada.client.post("/api/v1/tokens", json=body), "body", "expires_at")

    assert (await ada.client.post("/api/v1/invites", json={"uses": 2.0})).json()["uses"] == 2


async def test_of_a_field_that_is_given_twice_the_last_counts(ada: Persona):
    """As RFC 8259 describes it for most readers of JSON; each value is checked as any other."""
    kept = await ada.client.post(PATH, content=b'{"message": "one", "message": "two"}', headers=JSON)
    blank = await ada.client.post(PATH, content=b'{"message": "one", "message": ""}', headers=JSON)

    assert kept.json()["message"] == "two"
    invalid(blank, "body", "message")


async def test_content_types(ada: Persona):
    """JSON is JSON under its own name or a +json one; anything else is 422, so that no foreign form can post."""
    answers = {}
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/vnd.board+json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "x" * 1000,
        "",
    ]:
        response = await ada.client.post(PATH, content=b'{"message": "x"}', headers={"Content-Type": content_type})
        answers[content_type] = response.status_code
        if response.status_code != 201:
            invalid(response, "header", "Content-Type")
            assert "Content-Type: application/json" in response.json()["detail"]

    assert list(answers.values()) == [201] * 3 + [422] * 6


async def test_methods_and_paths_that_are_not_there(server: Server, ada: Persona):
    """405 with what is allowed, 404 for what is unknown, each in the one form."""
    async with server.client(ada.token) as client:
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]:
            response = await client.request(method, PATH)

            refused(response, 405, "method_not_allowed")
            assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
        for path, allowed in {
            "/": "GET, HEAD",
            "/web/docs.js": "GET, HEAD",
            f"{PATH}/1": "GET, HEAD, PATCH, DELETE",
            "/api/v1/auth/login": "POST",
        }.items():
            assert (await client.put(path)).headers["allow"] == allowed
        head = await client.head("/api/v1/auth/login")
        unknown = [
            await client.get(path)
            for path in [
                "/api/v1/nothing",
                "/api/v2/statuses",
                "/nothing",
                "/web/nothing",
                "/web/%2e%2e/main.py",
                "/web/..%2fmain.py",
                "/web/%00",
                "/docs/assets/%00.js",
                "/%ED%A0%80",
                "/docs/assets/" + "x" * 5000,
            ]
        ]

    refused(await ada.client.request("BREW", PATH), 405, "method_not_allowed")
    assert (head.status_code, head.content) == (405, b"")
    for response in unknown:
        refused(response, 404, "not_found")


async def test_query_parameters_that_nobody_knows(ada: Persona):
    """A list says so; where there is nothing to filter they change nothing."""
    for path in [PATH, "/api/v1/users", "/api/v1/tokens", "/api/v1/invites", "/api/v1/auth/sessions"]:
        invalid(await ada.client.get(path, params={"nonsense": "1"}), "query", "nonsense")

    assert (await ada.client.get("/api/v1/board", params={"nonsense": "1"})).status_code == 200
    assert (await ada.client.get("/api/v1/health", params={"": ""})).status_code == 200


async def test_ids_beyond_bigint(ada: Persona):
    """A number that PostgreSQL can't hold is 422 wherever an id goes."""
    for path in [PATH, "/api/v1/tokens", "/api/v1/invites", "/api/v1/auth/sessions"]:
        last = await ada.client.delete(f"{path}/{2**63 - 1}")
        beyond = await ada.client.delete(f"{path}/{2**63}")

        assert last.status_code == 404
        refused(beyond, 422, "invalid_request")


async def test_numbers_of_thousands_of_digits(client: httpx.AsyncClient, ada: Persona):
    """Python reads none of more than 4,300 digits, wherever a client writes one; that is its mistake, and no 500."""
    digits = "9" * 5000
    asked = [
        *(("GET", f"{PATH}?{query}={digits}", {}) for query in ("limit", "cursor", "since", "until", "author")),
        ("GET", f"{PATH}?reference=octo/api%23{digits}", {}),
        *(("GET", f"/api/v1/{path}/{digits}", {}) for path in ("statuses", "users", "references/octo/api")),
        ("POST", "/api/v1/invites", {"content": f'{{"uses": {digits}}}'}),
        ("POST", "/api/v1/tokens", {"content": f'{{"name": "x", "scopes": ["read"], "expires_at": {digits}}}'}),
        ("GET", "/docs/assets/swagger-ui.css", {"headers": {"Range": f"bytes=0-{digits}"}}),
        ("GET", "/docs/assets/swagger-ui.css", {"headers": {"Range": f"bytes={digits}-"}}),
        ("GET", "/", {"headers": {"Accept-Encoding": f"gzip;q=0.{digits}"}}),
        ("GET", PATH, {"headers": {"Origin": f"http://x:{digits}", "Host": f"x:{digits}"}}),
        ("GET", PATH, {"headers": {"X-Forwarded-For": f"192.0.2.1:{digits}"}}),
        ("GET", PATH, {"headers": {"Content-Length": digits}}),
        ("GET", PATH, {"headers": {"Authorization": f"Bearer {digits}.{digits}.{digits}"}}),
        ("POST", "/api/v1/auth/refresh", {"headers": {"Cookie": f"statusboard_refresh={digits}"}}),
    ]
    for method, path, given in asked:
        for by in (client, ada.client):
            response = await by.request(method, path, **{"headers": JSON, **given})

            assert response.status_code < 500, (path[:60], list(given))


async def test_nul_and_half_characters_in_queries_and_headers(ada: Persona):
    """What can't be stored is 422 before any route sees it."""
    queries = ["%00", "a=%00", "%00=a", "q=%ED%A0%80", "q=%ff", "limit=1&x=%C0%80"]
    for query in queries:
        refused(await ada.client.get(f"{PATH}?{query}"), 422, "invalid_request")
    for value in [b"a\0b", b"\xed\xa0\x80", b"\xed\xbf\xbf!"]:
        response = await ada.client.get(PATH, headers={"User-Agent": value})

        refused(response, 422, "invalid_request")

    assert (await ada.client.get(PATH, headers={"User-Agent": "\N{OCTOPUS} \xed".encode()})).status_code == 200


async def test_authorization_that_is_none(ada: Persona, client: httpx.AsyncClient):
    """Another scheme, no token, or bytes that no token has: 401, and never a crash."""
    token = ada.token
    values = [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic YWRhOmFkYQ==",
        token.encode(),
        f"Bearer {token} {token}".encode(),
        f"Bearer {token}x".encode(),
        b"Bearer \xff\xfe",
        "Bearer \N{OCTOPUS}".encode(),
        b"Bearer sb_",
        b"Bearer sb_\xff",
        b"Bearer ..",
        b"Bearer a.b.c",
        b"Bearer " + b"x" * 10_000,
        b"Bearer eyJhbGciOiJub25lIn0.e30.",
    ]
    for value in values:
        response = await client.get(PATH, headers={"Authorization": value})

        assert refused(response, 401, response.json()["code"])["code"] in {"unauthenticated", "invalid_token"}
        assert response.headers["www-authenticate"] == "Bearer"


async def test_hosts_and_origins_that_are_none(client: httpx.AsyncClient):
    """A Host or an Origin that is no address is somebody else's, and crashes nothing."""
    for odd in ["[", "[::1", "a:b:c", "x:99999", "\N{LATIN SMALL LETTER E WITH ACUTE}", "", "a b"]:
        asked = {"Host": odd.encode(), "Origin": f"http://{odd}".encode()}
        login = await client.post("/api/v1/auth/login", json={"username": "x", "password": "x"}, headers=asked)
        refreshed = await client.post("/api/v1/auth/refresh", headers={"Origin": asked["Origin"]})

        assert login.status_code in {401, 429}, odd
        refused(refreshed, 403, "foreign_origin")


async def test_bytes_that_are_no_http(server: Server):
    """The server answers 400 and goes on."""
    for request in [b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n"]:
        assert b" 400 " in (await raw(server, request)).partition(b"\r\n")[0]

    assert b" 200 " in await raw(server, b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


async def test_request_ids(client: httpx.AsyncClient):
    """A sane one is the client's own; any other is replaced, so that it can't forge a line of the log."""
    for sane in ["1", "a-B_c.9", "x" * 64]:
        response = await client.get("/api/v1/health", headers={"X-Request-ID": sane})
        assert response.headers["x-request-id"] == sane
    made = set()
    for odd in ["", "x" * 65, "two words", 'quo"te', "\N{OCTOPUS}", "a,b"]:
        response = await client.get("/api/v1/health", headers={"X-Request-ID": odd.encode()})
        made.add(response.headers["x-request-id"])

    assert len(made) == 6
    assert all(len(request_id) == 16 and int(request_id, 16) for request_id in made)


async def test_a_refusal_has_its_request_id_too(client: httpx.AsyncClient):
    """Whoever asks for help can name it, whatever was answered, and by whichever room of the house."""
    answers = [
        await client.get("/nothing", headers={"X-Request-ID": "mine"}),
        await client.get(PATH, headers={"X-Request-ID": "mine"}),
        await client.get(PATH + "?q=%00", headers={"X-Request-ID": "mine"}),
        await client.post(PATH, content=padded(LARGEST + 1), headers=JSON | {"X-Request-ID": "mine"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 401, 422, 413]
    assert [answer.headers["x-request-id"] for answer in answers] == ["mine"] * 4


async def test_a_crash_is_a_problem_too(client: httpx.AsyncClient, ada: Persona, monkeypatch, caplog):
    """What the board did not foresee is 500 in the one form: the log has the traceback, the answer has none of it."""

    async def crash(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("app.services.statuses.board.read", crash)
    response = await ada.client.get("/api/v1/board")

    refused(response, 500, "internal_error")
    assert "secret" not in response.text
    assert response.headers["x-request-id"]
    assert "ZeroDivisionError: a secret" in caplog.text


@pytest.fixture
def app_origin(monkeypatch) -> str:
    """The address of another page of the team's, which CORS_ORIGINS names. The app reads it once, at its start."""
    return settings.cors_origins_list[0]


async def test_other_pages_may_call(client: httpx.AsyncClient, ada: Persona, app_origin: str):
    """A page that CORS_ORIGINS names may ask with credentials, and read every answer, refusals too."""
    preflight = await client.options(
        PATH,
        headers={
            "Origin": app_origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, x-request-id",
        },
    )
    answers = [
        await ada.client.get(PATH, headers={"Origin": app_origin}),
        await client.get(PATH, headers={"Origin": app_origin}),
        await client.get(PATH + "?q=%00", headers={"Origin": app_origin}),
        await client.post(PATH, content=padded(LARGEST + 1), headers=JSON | {"Origin": app_origin}),
    ]

    assert preflight.status_code == 200
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert [answer.status_code for answer in answers] == [200, 401, 422, 413]
    for answer in [preflight, *answers]:
        assert answer.headers["access-control-allow-origin"] == app_origin
        assert answer.headers["access-control-allow-credentials"] == "true"
    assert "Retry-After" in answers[0].headers["access-control-expose-headers"]


async def test_foreign_pages_may_not(client: httpx.AsyncClient, ada: Persona):
    """A browser lets no other page read an answer."""
    for origin in ["http://evil.example", "null"]:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await client.options(PATH, headers=asked)
        answer = await ada.client.get(PATH, headers={"Origin": origin})

        assert preflight.status_code == 400
        assert "access-control-allow-origin" not in preflight.headers
        assert "access-control-allow-origin" not in answer.headers


async def test_refusals_repeat_nothing_of_a_body(client: httpx.AsyncClient):
    """A password that did not fit is not in the answer, which may be logged where passwords must not be."""
    body = {"username": "ada", "password": "hunter2" * 200, "hunter2": "hunter2"}
    response = await client.post("/api/v1/auth/login", content=json.dumps(body), headers=JSON)

    problem = refused(response, 422, "invalid_request")
    assert {tuple(error["loc"]) for error in problem["errors"]} == {("body", "password"), ("body", "hunter2")}
    assert response.text.count("hunter2") == 1
