"""What the page does after a while, whatever the clock does meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.actions import box, entry
from tests.browser.board import Board, Member
from tests.browser.windows import UNREACHABLE, Window


@pytest.fixture
async def clocked(open_one, ada: Member) -> Window:
    """Ada's window, whose clock and timers are the test's."""
    window = await open_one(ada)
    await window.page.clock.install()
    return window


async def test_a_clock_that_was_set_back(board: Board, clocked: Window, bob: Member):
    """A path that has swallowed the socket is noticed all the same, not three hours later."""
    page = clocked.page
    clocked.tolerate(UNREACHABLE)
    await clocked.go()
    await expect(box(page)).to_be_visible()
    await page.clock.run_for(1000)
    board.proxy.cut()
    await bob.post("Into the void")
    board.proxy.mend()
    await page.clock.set_system_time(datetime.now(UTC) - timedelta(hours=3))
    for _ in range(40):
        await page.clock.run_for(1000)
        await asyncio.sleep(0.05)

    await expect(entry(page, "Into the void")).to_be_visible()


async def test_a_clock_that_is_set_back_while_the_board_is_away(board: Board, clocked: Window):
    """It is said after some seconds, not after three hours."""
    page = clocked.page
    clocked.tolerate(UNREACHABLE)
    await clocked.go()
    await expect(box(page)).to_be_visible()
    await page.clock.run_for(1000)
    await clocked.context.set_offline(True)
    board.proxy.drop()
    await page.clock.set_system_time(datetime.now(UTC) - timedelta(hours=3))
    for _ in range(20):
        await page.clock.run_for(1000)
        await asyncio.sleep(0.05)

    await expect(page.get_by_text("Not connected since")).to_be_visible()
