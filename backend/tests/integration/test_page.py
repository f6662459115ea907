"""The page at `/` and its files: how they are served. What it does in a browser is in tests/browser/."""

import gzip
import re
from collections.abc import AsyncIterator

import brotli
import httpx
import pytest
from httpx import ASGITransport

from app.api.web_page import PAGE_POLICY, WEB, lean
from app.config import settings
from app.main import create_app
from tests.personas import new_client

FOR_EVER = "public, max-age=31536000, immutable"
# What the whole of it may weigh on its way to a browser (bytes).
LARGEST = 60_000


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app; nothing here needs a database."""
    async with new_client() as client:
        client.headers["accept-encoding"] = "gzip, deflate, br"
        yield client


async def addresses(browser: httpx.AsyncClient) -> list[str]:
    """Return the addresses of all that the page's head and body name, its own files alone."""
    return sorted(set(re.findall(r'"(/web/[^"]+)"', (await browser.get("/")).text)))


async def test_it_needs_no_database(browser: httpx.AsyncClient):
    """It is there while the board waits for its database, and says so to HEAD too."""
    response = await browser.get("/")
    head = await browser.head("/")

    assert (response.status_code, head.status_code) == (200, 200)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "Statusboard" in response.text


async def test_it_may_do_no_more_than_it_does(browser: httpx.AsyncClient):
    """Its policy lets it run its own modules and call its own board; nothing stands inline, which would be blocked."""
    page = await browser.get("/")

    assert page.headers.get_list("content-security-policy") == [PAGE_POLICY]
    assert "unsafe" not in PAGE_POLICY
    assert not re.search(r"<style|style=| on\w+=|<script(?![^>]*\bsrc=)", page.text)


async def test_what_it_names_is_kept_for_ever(browser: httpx.AsyncClient):
    """Every file of it has an address of this version, is there, and need never be asked for again."""
    found = {address: await browser.get(address) for address in await addresses(browser)}

    assert found
    for address, answer in found.items():
        assert re.match(r"/web/[0-9a-f]{16}/", address)
        assert answer.status_code == 200, address
        assert answer.headers["cache-control"] == FOR_EVER
        path = WEB / address.split("/", 3)[3]
        assert answer.content == lean(path.read_bytes(), path.suffix)


async def test_every_module_of_the_board_is_named_in_the_head(browser: httpx.AsyncClient):
    """So that a browser asks for all at once. Account pages come later; a script that is no module names itself."""
    page = (await browser.get("/")).text
    named = re.findall(r'<link rel="modulepreload" href="/web/\w+/([^"]+)">', page.partition("</head>")[0])
    own = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js")}
    later = {name for name in own if name.startswith("account/")} - {"account/lazy.js"}

    assert set(named) == own - later - {"docs.js"} - set(re.findall(r'<script src="/web/\w+/([^"]+)"', page))


async def test_the_whole_page_is_small(browser: httpx.AsyncClient):
    """As it travels over plain http, where browsers take no brotli, all that a first visit loads: 60 KB at most."""
    weights = {}
    for address in ["/", *await addresses(browser)]:
        async with browser.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
            weights[address] = sum([len(piece) async for piece in answer.aiter_raw()])

    assert sum(weights.values()) < LARGEST, weights


async def test_a_browser_that_has_it_is_told_so(browser: httpx.AsyncClient):
    """`/` is asked for every time; what has not changed is 304, with the policy that still holds."""
    first = await browser.get("/")
    etag = first.headers["etag"]
    again = await browser.get("/", headers={"If-None-Match": f'"another", {etag}'})
    other = await browser.get("/", headers={"If-None-Match": '"another"'})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)
    for name in ("cache-control", "content-security-policy", "etag", "vary"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize(
    ("accepted", "coding", "decompress"),
    [("gzip, deflate, br, zstd", "br", brotli.decompress), ("gzip, br;q=0", "gzip", gzip.decompress)],
)
async def test_it_is_compressed_for_whoever_takes_it(browser: httpx.AsyncClient, accepted, coding, decompress):
    """And as it is for others; caches on the way know that there are several forms."""
    async with browser.stream("GET", "/", headers={"Accept-Encoding": accepted}) as compressed:
        raw = b"".join([piece async for piece in compressed.aiter_raw()])
    plain = await browser.get("/", headers={"Accept-Encoding": "identity"})

    assert (compressed.headers["content-encoding"], "content-encoding" in plain.headers) == (coding, False)
    assert "Accept-Encoding" in compressed.headers["vary"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert decompress(raw) == plain.content
    assert len(raw) < len(plain.content)


@pytest.mark.parametrize("address", ["/web/0123456789abcdef/icon.svg", "/web/icon.svg"])
async def test_another_version_gets_the_file_as_it_is_now(browser: httpx.AsyncClient, address: str):
    """While a board is upgraded, two versions answer; neither is kept under the other's address."""
    answer = await browser.get(address)
    again = await browser.get(address, headers={"If-None-Match": answer.headers["etag"]})

    assert answer.content == (WEB / "icon.svg").read_bytes()
    assert answer.headers["content-type"] == "image/svg+xml"
    assert (answer.headers["cache-control"], again.status_code) == ("no-cache", 304)


@pytest.mark.parametrize("address", ["nothing.js", "index.html", "", "0123456789abcdef", "0123456789abcdef/../main.py"])
async def test_nothing_else_is_there(browser: httpx.AsyncClient, address: str):
    """The page itself is at `/` alone."""
    assert (await browser.get(f"/web/{address}")).status_code == 404


async def test_it_knows_the_boards_origin(monkeypatch: pytest.MonkeyPatch):
    """PUBLIC_URL stands in it, for whoever opens it elsewhere."""
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://board.example.com")
    async with httpx.AsyncClient(transport=ASGITransport(app=create_app()), base_url="http://board.test") as client:
        page = (await client.get("/")).text

    assert '<meta name="statusboard-origin" content="https://board.example.com">' in page
