"""The page at `/`: it can be opened without a database, and what it tells people to type works."""

import html
import json
import re
import shlex

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.main import PAGE_POLICY, WEB
from app.services import setup
from tests.personas import PASSWORD, new_client


def calls(page: str) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Return address, headers and body of every curl call that the page shows."""
    found = []
    for shown in re.findall(r"(?s)<pre>(.*?)</pre>", page):
        program, address, *options = shlex.split(html.unescape(re.sub(r"<[^>]+>|\\\n", "", shown)))
        pairs = list(zip(options[::2], options[1::2], strict=True))
        headers = dict(value.split(": ", 1) for name, value in pairs if name == "-H")
        (body,) = [json.loads(value) for name, value in pairs if name == "-d"]
        assert program == "curl"
        found.append((address, headers, body))
    return found


async def test_it_needs_no_database():
    """It is there while the board waits for its database, and says so to HEAD too."""
    async with new_client() as client:
        response = await client.get("/")
        head = await client.head("/")

    assert (response.status_code, head.status_code) == (200, 200)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "Statusboard" in response.text


async def test_it_may_do_next_to_nothing():
    """Its policy allows its own style and icon; it has no script and no style within, which would be blocked."""
    async with new_client() as client:
        response = await client.get("/")

    assert PAGE_POLICY in response.headers.get_list("content-security-policy")
    assert not re.search(r"<script|<style|style=| on\w+=|https?://(?!localhost)", (WEB / "index.html").read_text())


async def test_what_it_links_to_is_there():
    """Style, icon, the API to try out and its schema."""
    async with new_client() as client:
        links = set(re.findall(r'href="([^"]+)"', (await client.get("/")).text))
        answers = {link: (await client.get(link)).status_code for link in links}
        style = await client.get("/web/page.css")

    assert "/docs" in links
    assert set(answers.values()) == {200}
    assert style.headers["content-type"].startswith("text/css")


async def test_its_calls_carry_the_boards_address(monkeypatch):
    """They can be copied as they stand."""
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://board.example.com")
    async with new_client() as client:
        page = (await client.get("/")).text

    assert {address.split("/api/")[0] for address, _, _ in calls(page)} == {"https://board.example.com"}


async def test_its_three_calls_make_an_account_log_in_and_post(client: httpx.AsyncClient, db: AsyncSession):
    """With the code, a password and the token in their places, as the page says."""
    register, log_in, post, reset = calls((await client.get("/")).text)
    placed = {"invite": await setup.code(db), "password": PASSWORD}

    account = await client.post(register[0], headers=register[1], json=register[2] | placed)
    login = await client.post(log_in[0], headers=log_in[1], json=log_in[2] | {"password": PASSWORD})
    bearer = post[1]["Authorization"].replace("TOKEN", login.json()["access_token"])
    status = await client.post(post[0], headers=post[1] | {"Authorization": bearer}, json=post[2])
    no_reset = await client.post(reset[0], headers=reset[1], json=reset[2] | {"new_password": PASSWORD})

    assert (account.status_code, login.status_code, status.status_code) == (201, 200, 201)
    assert status.json()["references"][0]["repo"] == "engine"
    assert no_reset.json()["code"] == "invalid_reset_code"


async def test_its_placeholders_are_refused(client: httpx.AsyncClient):
    """Whoever copies a call unchanged gets no account with a password that anyone can read here."""
    register, *_ = calls((await client.get("/")).text)

    response = await client.post(register[0], json=register[2])

    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["body", "password"]
