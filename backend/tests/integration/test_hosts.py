"""By which names the board may be reached: any other may be a stranger's, whose DNS leads it here (DNS rebinding)."""

import asyncio

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx import ASGITransport
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.config import settings
from app.main import create_app

EVERYWHERE = ["/", "/docs", "/docs/assets/swagger-ui.css", "/web/x/app.js", "/api/v1/openapi.json", "/nowhere"]
LANES = [("GET", "/api/v1/board"), ("GET", "/api/v1/statuses"), ("POST", "/api/v1/statuses")]
ACCOUNTS = [("POST", f"/api/v1/auth/{what}") for what in ("register", "login", "refresh", "logout")]
MONITORED = ["/api/v1/health", "/api/v1/ready"]


@pytest.fixture(autouse=True)
def configured(monkeypatch):
    """A board with an address, a page elsewhere that may call it, and two kinds of names of its own."""
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://public.example:8443")
    monkeypatch.setattr(settings, "CORS_ORIGINS", "https://friend.example, http://[2001:db8::7]:3000")
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", "board.lan, *.team.example")


@pytest.fixture
async def visitor():
    """Someone who calls an app with these settings, by any name."""
    async with httpx.AsyncClient(transport=ASGITransport(create_app()), base_url="http://localhost") as client:
        yield client


GOOD = [
    *(
        "public.example",
        "public.example:8443",
        "public.example:1",
        "PUBLIC.Example",
        "public.example.",
        "friend.example",
    ),
    *("board.lan", "board.lan:8000", "BOARD.LAN.", "a.team.example", "b.a.team.example:80", "localhost", "LocalHost."),
    *("backend", "backend:8000", "my_board-2", "testserver", "board:", "127.0.0.1:8000", "192.168.1.9", "[::1]"),
    *("[2001:db8::7]:3000", "[fe80::1%25eth0]:8000", "[fe80::1%eth0.2]", "[::ffff:192.168.1.9]:80", "", "b\xfccher"),
]
BAD = [
    *("evil.example", "evil.example:8443", "public.example.evil.example", "evil-public.example", "xpublic.example"),
    *("team.example", "xteam.example", "board.lan.evil.example", "evil.", "board.lan..", ".", "127.0.0.1.evil.example"),
    *("localhost.evil.example", "evil.example@localhost", "localhost, evil.example", "localhost/.", "board.lan:80x"),
    *("[::1]evil.example", "[::1].", "1.2.3.4.5", "b\xfccher.lan", "x" * 300 + ".lan", "a." * 4000, "[evil.example]"),
]


@pytest.mark.parametrize("host", GOOD)
async def test_these_names_are_the_boards(visitor, host):
    """PUBLIC_URL's, those of CORS_ORIGINS and ALLOWED_HOSTS, addresses, and what no DNS of a stranger can lead here."""
    response = await visitor.get("/", headers=[(b"Host", host.encode("latin-1"))])

    assert response.status_code == 200


@pytest.mark.parametrize("host", BAD)
async def test_any_other_is_refused(visitor, host):
    """Also what looks like one of them, and what is no name at all."""
    response = await visitor.get("/", headers=[(b"Host", host.encode("latin-1"))])

    assert (response.status_code, response.json()["code"]) == (421, "wrong_host")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert len(response.content) < 1000


@pytest.mark.parametrize(("method", "path"), [*(("GET", path) for path in EVERYWHERE), *LANES, *ACCOUNTS])
async def test_nothing_answers_to_a_strangers_name(visitor, method, path):
    """Neither the page and its files nor any call, whichever way it is answered."""
    response = await visitor.request(method, path, headers={"Host": "evil.example"})

    assert response.status_code == 421
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", MONITORED)
async def test_monitors_may_use_any_name(visitor, path, database_url):
    """Orchestrators ask by whatever name they have for a container."""
    response = await visitor.get(path, headers={"Host": "probe.example"})

    assert response.status_code != 421


async def test_the_refusal_says_what_to_set(visitor):
    """To a program in JSON, to a person who opened the address in plain text."""
    headers = {"Host": "board.home:8000", "X-Forwarded-Host": "localhost"}
    told = await visitor.get("/", headers=headers)
    shown = await visitor.get("/", headers={**headers, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert "ALLOWED_HOSTS=board.home" in told.json()["detail"]
    assert "ALLOWED_HOSTS=board.home" in shown.text
    assert (shown.status_code, shown.headers["content-type"]) == (421, "text/plain; charset=utf-8")


async def test_of_several_host_headers_none_counts(visitor):
    """A proxy and the board could each take another."""
    for hosts in (["localhost", "evil.example"], ["evil.example", "localhost"]):
        response = await visitor.get("/", headers=[("Host", host) for host in hosts])

        assert response.status_code == 421


def test_the_test_client_goes_on_working():
    """It calls its app `testserver`, and sockets are answered like requests."""
    client = TestClient(create_app())

    assert client.get("/api/v1/health").status_code == 200
    assert client.get("/").status_code == 200


async def raw(server, request: bytes) -> bytes:
    """Return the first line of the answer to what is sent as it is."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request)
    line = await reader.readline()
    writer.close()
    return line


async def test_a_socket_is_refused_before_it_opens(server, caplog):
    """The handshake gets the 421 that a request gets, and no error in the log."""
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://evil.example:{server.port}/api/v1/live", host=server.host):
            pass

    assert refused.value.response.status_code == 421
    assert b"ALLOWED_HOSTS=evil.example" in refused.value.response.body
    assert "X-Request-ID" in refused.value.response.headers
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    ("request_line", "host", "status"),
    [
        (b"GET / HTTP/1.0", b"", b"200"),
        (b"GET http://evil.example/ HTTP/1.1", b"Host: localhost\r\n", b"421"),
        (b"GET http://localhost/ HTTP/1.1", b"Host: evil.example\r\n", b"200"),
        (b"GET http://localhost:8000/ HTTP/1.1", b"", b"200"),
        (b"GET HTTP://EVIL.example:80/ HTTP/1.1", b"Host: localhost\r\nHost: localhost\r\n", b"421"),
        (b"GET http://localhost@evil.example/ HTTP/1.1", b"Host: localhost\r\n", b"421"),
        (b"GET / HTTP/1.1", b"Host: localhost\r\nhost: localhost\r\n", b"421"),
    ],
)
async def test_the_target_of_a_request_wins_over_its_host(server, request_line, host, status):
    """As RFC 9112, section 3.2.2, has it; what sends neither, as HTTP/1.0 may, is no browser."""
    line = await raw(server, request_line + b"\r\n" + host + b"\r\n")

    assert line.split()[1] == status
