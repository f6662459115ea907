"""Browser windows on the board, and what goes wrong in them: on the console, in scripts, on the way to other hosts."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route

from tests.browser.board import Board, Member

DESKTOP: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 320, "height": 640}
type OpenWindow = Callable[..., Awaitable["Window"]]

# What a browser itself writes to its console while the board can't be reached, whatever the page does.
UNREACHABLE: Final = r"net::ERR_|WebSocket connection to .* failed|Failed to load resource"
# The board says no to what a person asked for: Chromium has a line on its console for each such answer.
REFUSED: Final = r"Failed to load resource: the server responded with a status of 4"
# A page was left while its socket was still being opened.
LEFT: Final = r"WebSocket is closed before the connection is established"
CLOSED_WITHIN: Final = 20.0  # seconds


async def close(what: Browser | BrowserContext | Page) -> None:
    """Close something of the browser, waiting for that no longer than `CLOSED_WITHIN`.

    Chromium never says so where a page is just loading another one. Whatever stays open ends with the browser, and the
    browser with the driver's process.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSED_WITHIN):
            await what.close()


async def taken(route: Route) -> dict[str, Any]:
    """Have the board answer a request, and return what `route.fulfill` needs for passing that on.

    The driver forgets an answer that is held for long, and all answers once a page is closed, so it is read at once.
    """
    answer = await route.fetch()
    headers = {name: answer.headers[name] for name in ("content-type", "date", "set-cookie") if name in answer.headers}
    return {"status": answer.status, "headers": headers, "body": await answer.body()}


@dataclass
class Window:
    """A window with one page. What is not `tolerated` fails the test that opened it."""

    page: Page
    context: BrowserContext
    url: str
    problems: list[str] = field(default_factory=list)
    tolerated: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note what happens from now on."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.context.on("request", self._on_request)

    def tolerate(self, *patterns: str) -> None:
        """Say what is to be expected here."""
        self.tolerated += patterns

    async def let_through(self) -> None:
        """Have the board itself answer everything again, once what a test's routes are answering is answered."""
        for where in (self.page, self.context):
            await where.unroute_all(behavior="wait")

    async def close(self) -> None:
        """Close it, with all that the browser keeps for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSED_WITHIN):
                await self.let_through()
        await close(self.context)

    @property
    def unexpected(self) -> list[str]:
        """What went wrong."""
        tolerated = [LEFT, *self.tolerated]
        return [problem for problem in self.problems if not any(re.search(p, problem) for p in tolerated)]

    async def go(self, address: str = "/") -> None:
        """Open an address of the board, anew."""
        await self.page.goto("about:blank")
        await self.page.goto(address if "://" in address else self.url + address)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        place = urlsplit(request.url)
        if f"{place.scheme}://{place.netloc}" != self.url and place.scheme not in {"about", "blob"}:
            self.problems.append(f"another host: {request.url}")


async def _logged_in(browser: Browser, url: str, member: Member) -> Any:
    """Return what a browser keeps in which somebody has logged in: the cookie, and what the page notes beside it."""
    context = await browser.new_context()
    credentials = {"username": member.username, "password": member.password}
    answer = await context.request.post(f"{url}/api/v1/auth/login", data=credentials)
    assert answer.ok, await answer.text()
    token = (await answer.json())["access_token"]
    answer = await context.request.get(f"{url}/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
    user = await answer.json()
    kept = await context.storage_state()
    await close(context)
    values = [{"name": "statusboard.user", "value": json.dumps(user)}]
    return {"cookies": kept["cookies"], "origins": [{"origin": url, "localStorage": values}]}


async def open_window(
    browser: Browser, board: Board, member: Member | None = None, *, url: str = "", **options: Any
) -> Window:
    """Open a window, of somebody who has logged in there before or of a stranger.

    Args:
        browser: Chromium.
        board: where the account is.
        member: whose it is.
        url: the address of the board, where it is another than usual.
        options: of Playwright's `new_context`: `viewport`, `color_scheme`, `timezone_id`, ...
    """
    url = url or board.url
    options = {"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "UTC"} | options
    if member is not None:
        options["storage_state"] = await _logged_in(browser, url, member)
    context = await browser.new_context(**options)
    window = Window(await context.new_page(), context, url)
    window.watch()
    return window


@asynccontextmanager
async def opening(browser: Browser, board: Board) -> AsyncIterator[OpenWindow]:
    """Open windows: see `open_window`. Whatever went wrong in one of them fails the test in the end."""
    windows: list[Window] = []

    async def open_one(member: Member | None = None, **options: object) -> Window:
        windows.append(await open_window(browser, board, member, **options))
        return windows[-1]

    yield open_one
    for window in windows:
        await window.close()
    problems = [problem for window in windows for problem in window.unexpected]
    assert problems == [], problems
