"""What a running server writes about requests and sockets: never a token, a password, a code, or a query."""

import asyncio
import io
import json
import logging
import logging.config

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.logs import dict_config
from app.services import setup
from tests.logins import OTHER_PASSWORD, bearer
from tests.personas import PASSWORD, Persona
from tests.servers import Server, receive_until


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
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1") as client:
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
    async with asyncio.timeout(5):
        while len(lines := [line for line in written() if line["logger"] == "app.access"]) < 2:
            await asyncio.sleep(0.01)

    accepted, refused = sorted(lines, key=lambda line: line["status"])
    assert accepted["request_id"] == "socket-1"
    assert (accepted["method"], accepted["path"]) == ("WS", "/api/v1/live")
    assert refused["status"] == 403
    assert "hunter2" not in str(written())
