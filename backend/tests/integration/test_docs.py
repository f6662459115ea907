"""`/docs` and `/`: pages that work without any other host, under a policy that lets them load nothing from one."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from tests.personas import new_client

PAGES = ["/", "/docs"]


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app: no page needs a database."""
    async with new_client() as client:
        yield client


class Page(HTMLParser):
    """What a page loads, and whether it has scripts of its own in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag loads."""
        given = dict(attrs)
        self._in_script = tag == "script"
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        place = given.get("src") or (given.get("href") if tag == "link" else None)
        if place is not None:
            self.loads.append(place)

    def handle_data(self, data: str) -> None:
        """Note a script that stands in the page."""
        if self._in_script and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_nothing_from_another_host(browser: httpx.AsyncClient, path: str):
    """Scripts, styles and pictures are the board's own, are there, and none stands inline."""
    response = await browser.get(path)
    page = Page(response.text)
    loaded = {place: await browser.get(place) for place in page.loads}

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert page.inline == []
    for place, answer in loaded.items():
        assert re.match(r"/(?!/)", place), place
        assert answer.status_code == 200, place
        assert answer.content


async def test_the_docs_describe_this_board(browser: httpx.AsyncClient):
    """Swagger UI reads the board's own schema, by a script of the board's own."""
    page = Page((await browser.get("/docs")).text)
    script = (await browser.get(page.loads[-1])).text
    schema = (await browser.get(re.search(r'url: "(.*?)"', script)[1])).json()

    assert schema["info"]["title"] == "Statusboard"
    assert "/api/v1/statuses" in schema["paths"]
    assert not any("fastapi.tiangolo" in place or "cdn" in place for place in page.loads)


async def test_every_answer_has_the_security_headers(browser: httpx.AsyncClient):
    """Nothing may be framed, sniffed or told to other pages, whatever was answered."""
    for path in [*PAGES, "/api/v1/health", "/api/v1/openapi.json", "/nothing", "/web/docs.js", "/api/v1/board?x=%00"]:
        headers = (await browser.get(path)).headers

        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "cross-origin-opener-policy" not in headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert len(headers.get_list("content-security-policy")) == 1
        assert "server" not in headers


async def test_over_https_no_other_window_may_reach_the_page(browser: httpx.AsyncClient):
    """Over http browsers ignore the header, and complain of it."""
    for path in [*PAGES, "/api/v1/health"]:
        headers = (await browser.get(f"https://board.test{path}")).headers

        assert headers["cross-origin-opener-policy"] == "same-origin", path


async def test_policies(browser: httpx.AsyncClient):
    """The API loads nothing at all; a page runs no script but the board's own files."""
    policies = {}
    for path in [*PAGES, "/api/v1/health"]:
        policy = (await browser.get(path)).headers["content-security-policy"]
        policies[path] = dict(directive.split(" ", 1) for directive in policy.split("; "))

    assert policies["/api/v1/health"] == {"default-src": "'none'", "frame-ancestors": "'none'"}
    for path in PAGES:
        assert policies[path]["default-src"] == policies[path]["base-uri"] == "'none'"
        assert policies[path].get("script-src", "'self'") == "'self'"
    assert "unsafe" not in str(policies["/"])
