"""What a running server writes about requests and sockets: nothing that a client may have put a secret into."""

import asyncio
import contextlib
import io
import json
import logging
import logging.config

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app import database
from app.logs import dict_config
from app.schemas.health import Health
from app.services.identity import setup
from tests import canaries
from tests.logins import OTHER_PASSWORD, bearer
from tests.patience import LONG
from tests.personas import PASSWORD, Persona
from tests.servers import Server, closed_with, receive_until


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture):
    """Tell what was written so far with the shipped configuration, whose handler stands beside pytest's here."""
    configurator = logging.config.DictConfigurator(dict_config("INFO"))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(configurator.configure_formatter(configurator.config["formatters"]["json"]))
    handler.addFilter(configurator.configure_filter(configurator.config["filters"]["context"]))
    levels = {name: logger["level"] for name, logger in configurator.config["loggers"].items()}
    for name, level in (levels | {"": "INFO", "httpx": "WARNING"}).items():  # httpx is the client here
        caplog.set_level(level, name)
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


async def test_no_secret_is_ever_written(server: Server, db: AsyncSession, written):
    """A whole life: set-up, login, a token, a reset, a socket; the set-up link alone is there."""
    link = await setup.link(db)
    assert link is not None
    secrets = {PASSWORD, OTHER_PASSWORD}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=LONG) as client:
        account = {"username": "ada", "display_name": "Ada", "password": PASSWORD}
        await client.post("/auth/register", json=account | {"invite": link.partition("=")[2]})
        login = await client.post("/auth/login", json={"username": "ada", "password": PASSWORD})
        headers = bearer(login.json()["access_token"])
        invite = await client.post("/invites", json={}, headers=headers)
        api_token = await client.post("/tokens", json={"name": "ci", "scopes": ["read"]}, headers=headers)
        reset = await client.post("/users/ada/reset", headers=headers)
        secrets |= {login.json()["access_token"], login.cookies["statusboard_refresh"], api_token.json()["token"]}
        secrets |= {invite.json()["code"], reset.json()["code"]}
        async with server.follow(login.json()["access_token"]) as socket:
            await receive_until(socket, "ready")
        await client.post("/auth/refresh")
        await client.post("/auth/reset", json={"code": reset.json()["code"], "new_password": OTHER_PASSWORD})
        for secret in tuple(secrets):
            await client.get("/users/me", params={"token": secret}, headers=bearer(secret.replace(" ", "")))

    text = json.dumps(written(), ensure_ascii=False)
    assert [secret for secret in secrets if secret in text] == []
    assert "POST /api/v1/auth/reset 204" in text


async def test_a_socket_has_one_line_without_its_query(server: Server, ada: Persona, written):
    """Where someone mistook the address for a place to put a token, the log does not repeat the mistake."""
    address = f"ws://{server.host}:{server.port}/api/v1/live?token=hunter2"
    async with connect(address, additional_headers={"X-Request-ID": "socket-1"}) as socket:
        await socket.send(json.dumps({"type": "auth", "token": ada.token}))
        await receive_until(socket, "ready")
    with pytest.raises(InvalidStatus):
        await connect(address, origin="https://evil.test")
    async with asyncio.timeout(LONG):
        while len(lines := [line for line in written() if line["logger"] == "app.access"]) < 2:
            await asyncio.sleep(0.01)

    accepted, refused = sorted(lines, key=lambda line: line["status"])
    assert accepted["request_id"] == "socket-1"
    assert (accepted["method"], accepted["path"]) == ("WS", "/api/v1/live")
    assert refused["status"] == 403
    assert "hunter2" not in str(written())


# As those that the board makes, with a space as passwords have them, and one that browsers would take for a host.
A_HOST = "zq3vxft0m2c9lkw7uybn4s"
SECRETS = ["Zq3vXfT0m2c9LkW7uYbN4sHd8RjE1gPaZq3vXfT0m2c", "Zq3vXfT0m2c9 LkW7uYbN4s", A_HOST]
HEADERS = [
    *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Forwarded", "Host"),
    *("Idempotency-Key", "If-None-Match", "Origin", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto"),
    *("X-GitHub-Delivery", "X-GitHub-Event", "X-Hub-Signature-256", "X-Request-ID"),
]
PATHS = ["/{}", "/api/v1/{}", "/api/v1/users/{}", "/api/v1/users/{}/reset", "/api/v1/statuses/{}", "/{}/api/v1/board"]
PATHS += [
    "/api/v1/references/{}/x/1",
    "/web/{}",
    "/docs/assets/{}",
    "/api/v1/board;{}",
    "/api/v1/board?{}",
    "/?token={}",
]
BODIES = ["{}", '"{}"', '{{"{}": 1}}', '{{"message": "{}", "x": 1}}', '{{"username": "{}", "password": "{}"}}', "[{}"]
MESSAGES = [
    "{}",
    '{{"type": "auth", "token": "{}"}}',
    '{{"type": "{}"}}',
    '{{"type": "auth", "token": "x", "after": "{}"}}',
]


@pytest.mark.parametrize("secret", SECRETS)
async def test_nothing_that_a_client_sends_is_logged(server: Server, ada: Persona, secret: str):
    """A secret in any part of a request, with and without a login, is in no line; the net looks at each."""
    canaries.note(secret)
    async with server.client(ada.token) as member, server.client() as stranger:
        for client in (member, stranger):
            for method in ("GET", "POST", "PATCH", "DELETE"):
                for path in PATHS:
                    await client.request(method, path.format(secret))
            for body in BODIES:
                for path in ("auth/login", "auth/reset", "auth/register", "statuses", "users/me", "github/webhook"):
                    content = body.replace("{}", secret).replace("{{", "{").replace("}}", "}")
                    for method in ("POST", "PATCH"):
                        json_body = {"content": content, "headers": {"Content-Type": "application/json"}}
                        await client.request(method, f"/api/v1/{path}", **json_body)
        for name in HEADERS:
            if name == "X-Request-ID" and secret == A_HOST:
                continue  # it may be any short word, and is promised to be in each line
            for value in (secret, f"Bearer {secret}", f"https://{secret.replace(' ', '')}", f"{secret}, 127.0.0.1"):
                headers = {name: value}
                await member.get("/api/v1/board", headers=headers)
                await member.post("/api/v1/statuses", content=b"{", headers=headers)
                await stranger.post("/api/v1/auth/refresh", headers=headers)

    assert any('"path":"/api/v1/users/*/reset"' in line for line in canaries.lines)


@pytest.mark.parametrize("secret", SECRETS)
async def test_nothing_that_a_socket_sends_is_logged(server: Server, ada: Persona, secret: str):
    """Neither by its address, nor in a header, nor in a message, the first or a later one."""
    canaries.note(secret)
    written = secret.replace(" ", "%20")
    for path in (f"/api/v1/live?token={written}", f"/api/v1/{written}", f"/{written}/live"):
        with contextlib.suppress(InvalidStatus):
            async with connect(f"ws://{server.host}:{server.port}{path}"):
                pass
    for options in (
        {"origin": f"https://{written}"},
        {"origin": secret},
        {"additional_headers": {"X-Forwarded-For": secret, "Authorization": secret, "User-Agent": secret}},
    ):
        with contextlib.suppress(InvalidStatus):
            async with server.socket(**options):
                pass
    for message in MESSAGES:
        content = message.replace("{}", secret).replace("{{", "{").replace("}}", "}")
        for said in (content, content.encode(), content.encode() + b"\xff"):
            async with server.socket() as socket:
                await socket.send(said)
                await closed_with(socket)
            async with server.follow(ada.token) as socket:
                await receive_until(socket, "ready")
                await socket.send(said)
                await closed_with(socket)

    assert any('"path":"/api/v1/live"' in line for line in canaries.lines)


async def crash_by_key(*_args: object, **_options: object) -> None:
    """Fail as Python does: some of its exceptions repeat what they were given."""
    {}[SECRETS[0]]


async def crash_by_value(*_args: object, **_options: object) -> None:
    """Fail as a validation does."""
    Health.model_validate({"status": SECRETS[0]})


async def crash_behind_another(*_args: object, **_options: object) -> None:
    """Fail while another failure is dealt with."""
    try:
        int(SECRETS[0])
    except ValueError:
        raise RuntimeError(SECRETS[0]) from ExceptionGroup("x", [ValueError(SECRETS[0])])


async def crash_in_the_database(*_args: object, **_options: object) -> None:
    """Fail as a constraint does, whose error shows the row."""
    async with database.AsyncSessionLocal() as db:
        await db.execute(
            text("INSERT INTO users (username, display_name, password_hash, role) VALUES (:x, :x, :x, 'king')"),
            {"x": SECRETS[0]},
        )


async def crash_in_the_driver(*_args: object, **_options: object) -> None:
    """Fail as the driver does, which refuses a value by showing it."""
    async with database.driver() as connection:
        await connection.fetch("SELECT $1::int", SECRETS[0])


CRASHES = [crash_by_key, crash_by_value, crash_behind_another, crash_in_the_database, crash_in_the_driver]


@pytest.mark.parametrize("crash", CRASHES)
async def test_no_exception_tells_what_a_client_sent(server: Server, ada: Persona, monkeypatch, crash):
    """The log has where it broke, by what kind of exception, and none of the values."""
    canaries.note(SECRETS[0])
    monkeypatch.setattr("app.services.identity.members.find", crash)
    monkeypatch.setattr("app.services.identity.callers.authenticate", crash)
    async with server.client(ada.token) as client:
        response = await client.get("/api/v1/users/ada")
    async with server.socket() as socket:
        await socket.send(json.dumps({"type": "auth", "token": ada.token}))
        await socket.wait_closed()
    loop = asyncio.get_running_loop()
    loop.call_exception_handler(
        {"message": f"Exception in callback f({SECRETS[0]!r})", "exception": KeyError(SECRETS[0])}
    )
    (line,) = [line for line in canaries.lines if "GET /api/v1/users/* failed" in line]

    assert response.status_code == 500
    assert crash.__name__ in json.loads(line)["exc_info"]
    assert any("Exception in callback f" in line for line in canaries.lines)
