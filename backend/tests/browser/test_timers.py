"""What the page does after a while: not sooner, not all the time, and whatever the clock does meanwhile."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from tests.browser.actions import box, entry
from tests.browser.board import Board, Member
from tests.browser.windows import UNREACHABLE, Window, taken

MINUTE = 60_000  # milliseconds
HALF_A_DAY = 12 * 60 * MINUTE

# Browsers keep a timer's milliseconds in 31 bits, and fire one that doesn't fit at once.
NOTE_DELAYS = """
    window.delays = [];
    const set = window.setTimeout;
    window.setTimeout = (act, delay, ...given) => (window.delays.push(delay), set(act, delay, ...given));
"""


@pytest.fixture
async def clocked(open_one, ada: Member) -> Window:
    """Ada's window, whose clock and timers are the test's."""
    window = await open_one(ada)
    await window.page.clock.install()
    return window


@pytest.mark.parametrize("minutes", [30, 35_792, 43_200, 525_600])
async def test_a_login_is_renewed_once_in_a_while(clocked: Window, minutes: int):
    """Before the access token or the refresh cookie expires, and not before, however long the token lives."""
    page = clocked.page
    clocked.tolerate(UNREACHABLE)
    renewals = []

    async def prolong(route: Route) -> None:
        renewals.append(route.request.url)
        answer = await taken(route)
        body = json.loads(answer["body"]) | {"expires_in": minutes * 60}
        await route.fulfill(**answer | {"body": json.dumps(body)})

    await page.route("**/api/v1/auth/refresh", prolong)
    await page.add_init_script(NOTE_DELAYS)
    await clocked.go()
    await expect(box(page)).to_be_visible()
    await page.clock.run_for(5 * MINUTE)
    assert len(renewals) == 1
    async with page.expect_response("**/api/v1/auth/refresh"):
        await page.clock.fast_forward(min(HALF_A_DAY, minutes * MINUTE))
    assert len(renewals) == 2
    delays = await page.evaluate("delays")
    assert delays
    assert all(0 <= delay < 2**31 for delay in delays)


async def test_a_clock_that_was_set_back(board: Board, clocked: Window, bob: Member):
    """A path that has swallowed the socket is noticed all the same, not three hours later."""
    page = clocked.page
    clocked.tolerate(UNREACHABLE)
    await clocked.go()
    await expect(box(page)).to_be_visible()
    await page.clock.run_for(1000)
    board.way.cut()
    await bob.post("Into the void")
    board.way.mend()
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
    board.way.drop()
    await page.clock.set_system_time(datetime.now(UTC) - timedelta(hours=3))
    for _ in range(20):
        await page.clock.run_for(1000)
        await asyncio.sleep(0.05)

    await expect(page.get_by_text("Not connected since")).to_be_visible()
