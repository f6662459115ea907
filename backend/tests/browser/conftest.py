"""A real browser on a real board: Chromium, which a test may open as many windows of as it has people.

Where there is no Chromium the tests are skipped, but on CI they fail: there, a browser is part of the machine.
"""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests import canaries
from tests.browser import board as boards
from tests.browser.actions import box
from tests.browser.board import Board, Member
from tests.browser.windows import OpenWindow, Window, close, opening

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
EXPECT_WITHIN: Final = 10_000.0  # milliseconds

expect.set_options(timeout=EXPECT_WITHIN)


def find_chromium(playwright: Playwright) -> str | None:
    """Return the path of an installed Chromium, or of the one that `playwright install chromium` has fetched."""
    installed = next((path for name in NAMES if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    return installed or (own if Path(own).exists() else None)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    async with async_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            reason = f"There is no browser: none of {', '.join(NAMES)}, and none that `playwright install` has fetched."
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await close(browser)


@pytest.fixture(scope="session")
async def _board(browser: Browser) -> AsyncIterator[Board]:
    async with boards.running() as board:
        yield board


@pytest.fixture
async def board(_board: Board) -> AsyncIterator[Board]:
    """The board, empty. Its log holds none of the test's secrets."""
    await _board.clear()
    yield _board
    assert canaries.telling(_board.replica.news()) == [], "a secret was logged"


@pytest.fixture
async def ada(board: Board) -> Member:
    """An admin."""
    return await board.member("ada", admin=True)


@pytest.fixture
async def bob(board: Board) -> Member:
    """A member."""
    return await board.member("bob")


@pytest.fixture
async def open_one(browser: Browser, board: Board) -> AsyncIterator[OpenWindow]:
    """Open windows: see `windows.opening`."""
    async with opening(browser, board) as open_one:
        yield open_one


@pytest.fixture
async def stranger(open_one: OpenWindow) -> Window:
    """A window of somebody who is not logged in."""
    return await open_one()


async def _at_the_board(opened: Window) -> Window:
    """Open the board there, until it has been read: what is said from then on is new in that window."""
    await opened.go()
    await expect(box(opened.page)).to_be_visible()
    return opened


@pytest.fixture
async def window(open_one: OpenWindow, ada: Member) -> Window:
    """Ada's window, with the board in it."""
    return await _at_the_board(await open_one(ada))


@pytest.fixture
async def second_window(open_one: OpenWindow, bob: Member) -> Window:
    """Bob's window, with the board in it."""
    return await _at_the_board(await open_one(bob))
